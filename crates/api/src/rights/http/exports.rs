use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_auth::audit::{self, Event, EventKind};
use karya_core::{Clock, MasterKey};
use karya_db::{Db, DbError};
use karya_storage::Storage;
use karya_web::{
    CommonProblems, FileBody, Holder, Idempotency, Problem, ProblemBody, RecentAuth, Reply,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rights::export;
use crate::rights::queries::{self, Export, ExportState};
use crate::rights::requests::DUE;

/// A copy of everything that is stored on the account.
#[derive(Serialize, ToSchema)]
struct DataExportView {
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    state: ExportState,
    #[serde(with = "karya_core::instant")]
    asked_at: DateTime<Utc>,
    /// By when it is ready: 3 × 24 hours at most (UU 27/2022).
    #[serde(with = "karya_core::instant")]
    due_at: DateTime<Utc>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    ready_at: Option<DateTime<Utc>>,
    /// Until when it can be downloaded.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    expires_at: Option<DateTime<Utc>>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    size: Option<i32>,
}

impl From<Export> for DataExportView {
    fn from(export: Export) -> Self {
        Self {
            id: export.id,
            state: export.state,
            asked_at: export.asked_at,
            due_at: export.asked_at + DUE,
            ready_at: export.ready_at,
            expires_at: export.expires_at,
            size: export.size,
        }
    }
}

/// The exports that can be downloaded, and the one that is being made.
#[derive(Serialize, ToSchema)]
struct DataExportList {
    #[schema(max_items = 100)]
    items: Vec<DataExportView>,
}

/// Ask for my data
///
/// The worker makes a copy of everything that is stored on the account, and a mail tells when it is ready, usually
/// within a minute. One at a time, and three a day at most.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 202, description = "It is being made", body = DataExportView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`privacy.export_in_progress`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`privacy.too_many_exports`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/data-exports")]
pub(in crate::rights) async fn ask_for_data_export(
    RecentAuth(Holder(actor)): RecentAuth<Holder>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let who = (actor.user_id, actor.session()?);
            let export = export::ask(conn, now, who).await?;
            Reply::new(StatusCode::ACCEPTED, &DataExportView::from(export))
        })
        .await
}

/// List my data exports
///
/// Those that can be downloaded and the one that is being made, the newest first.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The exports", body = DataExportList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/data-exports")]
pub(in crate::rights) async fn list_my_data_exports(
    Holder(actor): Holder,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let exports = queries::exports_of(&reader, actor.user_id, clock.now())
        .await
        .map_err(DbError::from)?;
    let items = exports.into_iter().map(Into::into).collect();
    Ok(Reply::ok(&DataExportList { items })?.into())
}

/// Show one of my data exports
///
/// Whether it is ready, and until when it can be downloaded.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("export_id" = String, Path, format = Uuid, description = "From the list of exports"),
), responses(
    (status = 200, description = "The export", body = DataExportView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/data-exports/{export_id}")]
pub(in crate::rights) async fn get_my_data_export(
    Holder(actor): Holder,
    id: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let export = export::find(&reader, clock.now(), actor.user_id, *id).await?;
    Ok(Reply::ok(&DataExportView::from(export))?.into())
}

/// Download my data
///
/// JSON: under `tables` the rows that are about the person, as they are stored, under `identity_numbers` NPWP and NIK,
/// and under `left_out` which tables are not there and why. For its owner alone, for seven days; each download is a security event.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("export_id" = String, Path, format = Uuid, description = "From the list of exports"),
), responses(
    CommonProblems,
    (status = 200, description = "The file", body = inline(FileBody), content_type = "application/octet-stream"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`privacy.export_not_ready`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`privacy.storage_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/me/data-exports/{export_id}/content")]
pub(in crate::rights) async fn download_my_data_export(
    RecentAuth(Holder(actor)): RecentAuth<Holder>,
    id: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
    storage: Data<Storage>,
    master_key: Data<MasterKey>,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (actor.user_id, clock.now());
    let reader = db.read().await?;
    let export = export::find(&reader, now, user, *id).await?;
    drop(reader);
    let content = export::read(&storage, &master_key, &export).await?;
    let mut conn = db.conn().await?;
    let downloaded = Event::of(EventKind::ExportDownloaded, user).session(actor.session()?);
    audit::record(&mut conn, now, downloaded)
        .await
        .map_err(DbError::from)?;
    let name = format!("attachment; filename=\"karya-{}.json\"", export.id);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(content))
}
