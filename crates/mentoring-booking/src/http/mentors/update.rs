use actix_web::web::Data;
use actix_web::{HttpResponse, patch};
use karya_core::{Check, Clock, Invalid};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, IfMatch, MergePatch, Patch, Problem, ProblemBody, Reply, or_current,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::apply::CreateMentor;
use super::view::MentorView;
use crate::model::{MentorProfile, MentorRow};
use crate::ops;

/// A change of a mentor's profile. What is not mentioned stays; `null` clears. Lists are replaced as wholes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "headline": "Pendamping ekspor kriya dan fesyen" }))]
pub(crate) struct UpdateMentor {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 3, max_length = 120)]
    headline: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 4000)]
    about: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, min_items = 1, max_items = 15)]
    expertise: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, min_items = 1, max_items = 17)]
    subsectors: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, min_items = 1, max_items = 10)]
    languages: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, max_items = 20)]
    regions: Patch<Vec<String>>,
}

impl UpdateMentor {
    /// The changed profile, checked by the rules of applying.
    fn apply(self, current: &MentorRow) -> Result<MentorProfile, Invalid> {
        let mut check = Check::new();
        let row = current.clone();
        let merged = CreateMentor {
            headline: self
                .headline
                .required(&mut check, "/headline", row.headline),
            about: self.about.apply(row.about),
            expertise: self
                .expertise
                .required(&mut check, "/expertise", row.expertise),
            subsectors: self
                .subsectors
                .required(&mut check, "/subsectors", row.subsectors),
            languages: self
                .languages
                .required(&mut check, "/languages", row.languages),
            regions: self.regions.apply(Some(row.regions)).unwrap_or_default(),
            accept_code_of_ethics: true,
        };
        let profile = merged.profile(&mut check);
        check.finish(profile)
    }
}

/// Change my mentor profile
///
/// Needs `If-Match`. A rejected application is one again afterwards: `state` becomes `applied`.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), request_body = UpdateMentor, responses(
    (status = 200, description = "The changed profile", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/me/mentor")]
pub(crate) async fn update_my_mentor(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    body: MergePatch<UpdateMentor>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let mut conn = db.conn().await?;
    let change = |current: &MentorRow| body.0.apply(current);
    let user = actor.user_id;
    let done = ops::mentors::update(&mut conn, clock.now(), user, expected, change).await;
    let found = or_current(done, async || super::show::read(&db, user).await).await?;
    let view = MentorView::full(found);
    Ok(Reply::ok(&view)?.version(view.version).into())
}
