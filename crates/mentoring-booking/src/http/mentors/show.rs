use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::UserId;
use karya_db::Db;
use karya_web::{Actor, CommonProblems, MaybeActor, Problem, ProblemBody, Reply};

use super::view::MentorView;
use crate::ops;

/// Show my mentor profile
///
/// In any state, with what staff wrote about it.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), responses(
    (status = 200, description = "The profile", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/mentor")]
pub(crate) async fn get_my_mentor(actor: Actor, db: Data<Db>) -> Result<HttpResponse, Problem> {
    let view = read(&db, actor.user_id).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// All there is to see of a mentor.
pub(super) async fn read(db: &Db, id: UserId) -> Result<MentorView, Problem> {
    let reader = db.read().await?;
    Ok(MentorView::full(ops::mentors::found(&reader, id).await?))
}

/// Show a mentor
///
/// Approved mentors are public. Mentors see themselves in any state, and staff see all.
#[utoipa::path(tag = "mentors", security((), ("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor")), responses(
    (status = 200, description = "The mentor", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentors/{mentor_id}")]
pub(crate) async fn get_mentor(
    viewer: MaybeActor,
    db: Data<Db>,
    id: Path<UserId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let viewer = viewer.0.as_ref();
    let found = ops::mentors::show(&reader, *id, viewer).await?;
    let view = if viewer.is_some_and(|viewer| ops::mentors::knows_all(viewer, *id)) {
        MentorView::full(found)
    } else {
        MentorView::public(found)
    };
    Ok(Reply::ok(&view)?.version(view.version).into())
}
