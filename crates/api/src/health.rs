//! Probes for whatever runs the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use karya_db::Db;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether this process still takes new work.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on `/readyz` says no, so that the load balancer sends nobody here.
    pub fn drain(&self) {
        self.0.store(true, Ordering::Release);
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The state of a probe.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what is missing: `draining`, `database`, `migrations`.
    #[schema(max_length = 20, example = "ok", value_type = String)]
    status: &'static str,
}

/// Is the process alive?
///
/// Says nothing about the database: restarting the process would not mend that.
#[utoipa::path(tag = "operations", responses((status = 200, description = "Alive", body = Health)))]
#[get("/livez")]
pub(crate) async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(Health { status: "ok" })
}

/// Can the process serve?
///
/// Yes when the database answers, holds every migration, and the process is not shutting down.
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "Ready", body = Health),
    (status = 503, description = "Not ready", body = Health),
))]
#[get("/readyz")]
pub(crate) async fn get_readiness(db: Data<Db>, readiness: Data<Readiness>) -> HttpResponse {
    let status = if readiness.is_draining() {
        "draining"
    } else {
        database_status(&db).await
    };
    let mut response = if status == "ok" {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response
        .insert_header(("cache-control", "no-store"))
        .json(Health { status })
}

async fn database_status(db: &Db) -> &'static str {
    let probe = async {
        let Ok(conn) = db.conn().await else {
            return "database";
        };
        match karya_db::migrations::is_current(&conn).await {
            Ok(true) => "ok",
            Ok(false) => "migrations",
            Err(_) => "database",
        }
    };
    tokio::time::timeout(Duration::from_secs(3), probe)
        .await
        .unwrap_or("database")
}
