use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};
use karya_core::{BusinessId, Clock};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, IfMatch, Problem, ProblemBody, or_current};

use super::show::read;
use crate::ops;
use crate::queries::Key;

/// Delete a business
///
/// Owners only. It disappears for everybody; its slug is never given to another.
#[utoipa::path(tag = "businesses", security(("bearer" = [])), params(("business_id" = BusinessId, Path, description = "Id of the business")), responses(
    (status = 204, description = "Deleted"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`business.owner_required`, `business.manager_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`business.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/businesses/{business_id}")]
pub(crate) async fn delete_business(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BusinessId>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let mut conn = db.conn().await?;
    let user = actor.user_id;
    let done = ops::delete(&mut conn, clock.now(), user, (*id, expected)).await;
    or_current(done, async || read(&db, Key::Id(*id), Some(user)).await).await?;
    Ok(HttpResponse::NoContent().finish())
}
