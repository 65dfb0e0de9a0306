use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::{Cursors, OfferingId, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, MaybeActor, PageQuery, Paging, Problem, ProblemBody, Query, Reply,
};

use super::view::{OfferingPage, OfferingView};
use crate::queries::offerings as queries;
use crate::{MentoringError, ops};

/// Show an offering
///
/// Open ones of approved mentors are public; the others are shown to their mentor only.
#[utoipa::path(tag = "mentors", security((), ("bearer" = [])), params(("offering_id" = OfferingId, Path, description = "Id of the offering")), responses(
    (status = 200, description = "The offering", body = OfferingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/offerings/{offering_id}")]
pub(crate) async fn get_offering(
    viewer: MaybeActor,
    db: Data<Db>,
    id: Path<OfferingId>,
) -> Result<HttpResponse, Problem> {
    let view = read(&db, *id, viewer.0.map(|actor| actor.user_id)).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// What `viewer` sees of an offering.
pub(super) async fn read(
    db: &Db,
    id: OfferingId,
    viewer: Option<UserId>,
) -> Result<OfferingView, Problem> {
    let reader = db.read().await?;
    let row = ops::offerings::show(&reader, id, viewer).await?;
    Ok(OfferingView::new(row, viewer))
}

/// List the offerings of a mentor
///
/// The open ones of an approved mentor, oldest first.
#[utoipa::path(tag = "mentors", security((), ("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor"), PageQuery), responses(
    (status = 200, description = "A page of offerings", body = OfferingPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentors/{mentor_id}/offerings")]
pub(crate) async fn list_mentor_offerings(
    viewer: MaybeActor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    id: Path<UserId>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("mentor-offerings {}", *id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let found = ops::mentors::show(&reader, *id, viewer.0.as_ref()).await?;
    if !ops::mentors::is_public(&found) {
        return Err(MentoringError::MentorNotFound.into());
    }
    let viewer = viewer.0.map(|actor| actor.user_id);
    let rows = queries::list_of_mentor(&reader, *id, true, paging.size, paging.after()?)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let page = OfferingPage {
        items: rows
            .into_iter()
            .map(|row| OfferingView::new(row, viewer))
            .collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// List my offerings
///
/// The caller's own, closed ones too, oldest first.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of offerings", body = OfferingPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/offerings")]
pub(crate) async fn list_my_offerings(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = actor.user_id;
    let scope = format!("my-offerings {user}");
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::list_of_mentor(&reader, user, false, paging.size, paging.after()?)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let page = OfferingPage {
        items: rows
            .into_iter()
            .map(|row| OfferingView::new(row, Some(user)))
            .collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}
