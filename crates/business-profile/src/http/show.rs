use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::{BusinessId, UserId};
use karya_db::Db;
use karya_web::{CommonProblems, MaybeActor, Problem, ProblemBody, Reply};

use super::view::BusinessView;
use crate::ops;
use crate::queries::Key;

async fn show(viewer: MaybeActor, db: &Db, key: Key<'_>) -> Result<HttpResponse, Problem> {
    let view = read(db, key, viewer.0.map(|actor| actor.user_id)).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// What `viewer` sees of a business.
pub(super) async fn read(
    db: &Db,
    key: Key<'_>,
    viewer: Option<UserId>,
) -> Result<BusinessView, Problem> {
    let reader = db.read().await?;
    Ok(BusinessView::for_member(
        ops::show(&reader, key, viewer).await?,
    ))
}

/// Show a business
///
/// Active businesses are public. Members also see drafts and paused ones, the exact location, and the registration.
#[utoipa::path(tag = "businesses", security((), ("bearer" = [])), params(("business_id" = BusinessId, Path, description = "Id of the business")), responses(
    (status = 200, description = "The business", body = BusinessView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`business.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/businesses/{business_id}")]
pub(crate) async fn get_business(
    viewer: MaybeActor,
    db: Data<Db>,
    id: Path<BusinessId>,
) -> Result<HttpResponse, Problem> {
    show(viewer, &db, Key::Id(*id)).await
}

/// Show a business by its slug
///
/// As `GET /v1/businesses/{business_id}`.
#[utoipa::path(tag = "businesses", security((), ("bearer" = [])), params(("slug" = String, Path, description = "Slug of the business", max_length = 80, example = "batik-pesisir-ibu-sari")), responses(
    (status = 200, description = "The business", body = BusinessView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`business.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/businesses/by-slug/{slug}")]
pub(crate) async fn get_business_by_slug(
    viewer: MaybeActor,
    db: Data<Db>,
    slug: Path<String>,
) -> Result<HttpResponse, Problem> {
    // PostgreSQL takes no NUL in text, and no slug has one.
    let slug =
        crate::model::Slug::parse(&slug).map_err(|_not_one| crate::BusinessError::NotFound)?;
    show(viewer, &db, Key::Slug(&slug.into_string())).await
}
