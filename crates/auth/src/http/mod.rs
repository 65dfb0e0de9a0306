pub(crate) mod consents;
pub(crate) mod email_change;
pub(crate) mod factors;
pub(crate) mod identities;
pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod register;
pub(crate) mod security_events;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod social;
pub(crate) mod step_up;

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use karya_core::UserId;
use karya_db::AsyncPgConnection;
use karya_web::{Idempotency, Problem, Reply, Standings};
use serde::Serialize;

use crate::AuthError;

/// Does once what somebody asks for with the code of a mail instead of a session. `work` says whose account it was: its
/// access tokens are looked at anew from then on.
async fn once_by_mail(
    (idempotency, conn, now): (Idempotency, &mut AsyncPgConnection, DateTime<Utc>),
    standings: &Standings,
    view: &impl Serialize,
    work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<UserId, AuthError>,
) -> Result<HttpResponse, Problem> {
    let mut user = None;
    let reply = idempotency
        .once(conn, now, None, async |conn| {
            user = Some(work(conn).await?);
            Reply::ok(view)
        })
        .await?;
    if let Some(user) = user {
        standings.forget_user(user);
    }
    Ok(reply)
}
