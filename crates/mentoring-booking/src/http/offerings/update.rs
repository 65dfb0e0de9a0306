use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, patch};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Invalid, OfferingId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, IfMatch, MergePatch, Patch, Problem, ProblemBody, Reply, or_current,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::CreateOffering;
use super::show::read;
use super::view::OfferingView;
use crate::http::calendar::{WeeklyWindow, weekly};
use crate::model::{OfferingRow, Question, SessionMode};
use crate::ops;

/// A change of an offering. What is not mentioned stays; `null` clears. Lists are replaced as wholes. Bookings keep the
/// mode, place and time that they were made with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "durations": [45], "needs_approval": true }))]
pub(crate) struct UpdateOffering {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 3, max_length = 120)]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 2000)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = SessionMode, required = false)]
    mode: Patch<SessionMode>,
    #[serde(default)]
    #[schema(value_type = Vec<i32>, required = false, min_items = 1, max_items = 6)]
    durations: Patch<Vec<i32>>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 5, maximum = 480)]
    interval_min: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 240)]
    before_min: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 240)]
    after_min: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 43_200)]
    notice_min: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 1, maximum = 365)]
    horizon_days: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    needs_approval: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 43_200)]
    cancel_notice_min: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 300)]
    meeting_url: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 300)]
    place: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Vec<Question>, required = false, max_items = 10)]
    questions: Patch<Vec<Question>>,
    #[serde(default)]
    #[schema(value_type = Vec<WeeklyWindow>, required = false, max_items = 84)]
    weekly: Patch<Vec<WeeklyWindow>>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    active: Patch<bool>,
}

impl UpdateOffering {
    /// The changed offering, checked by the rules of adding one.
    fn apply(self, current: &OfferingRow, now: DateTime<Utc>) -> Result<OfferingRow, Invalid> {
        let mut check = Check::new();
        let row = current.clone();
        let merged = CreateOffering {
            title: self.title.required(&mut check, "/title", row.title),
            description: self.description.apply(row.description),
            mode: self.mode.required(&mut check, "/mode", row.mode),
            durations: self.durations.required(
                &mut check,
                "/durations",
                row.durations.into_iter().map(i32::from).collect(),
            ),
            interval_min: self.interval_min.required(
                &mut check,
                "/interval_min",
                row.interval_min.into(),
            ),
            before_min: self
                .before_min
                .required(&mut check, "/before_min", row.before_min.into()),
            after_min: self
                .after_min
                .required(&mut check, "/after_min", row.after_min.into()),
            notice_min: self
                .notice_min
                .required(&mut check, "/notice_min", row.notice_min),
            horizon_days: self.horizon_days.required(
                &mut check,
                "/horizon_days",
                row.horizon_days.into(),
            ),
            needs_approval: self.needs_approval.required(
                &mut check,
                "/needs_approval",
                row.needs_approval,
            ),
            cancel_notice_min: self.cancel_notice_min.required(
                &mut check,
                "/cancel_notice_min",
                row.cancel_notice_min,
            ),
            meeting_url: self.meeting_url.apply(row.meeting_url),
            place: self.place.apply(row.place),
            questions: self
                .questions
                .apply(serde_json::from_value(row.questions).ok())
                .unwrap_or_default(),
            weekly: self
                .weekly
                .apply(Some(weekly(&row.weekly)))
                .unwrap_or_default(),
            active: self.active.required(&mut check, "/active", row.active),
        };
        let row = merged.row(&mut check, current.mentor_id, now);
        check.finish(row)
    }
}

/// Change an offering
///
/// By its mentor. Needs `If-Match`.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(("offering_id" = OfferingId, Path, description = "Id of the offering")), request_body = UpdateOffering, responses(
    (status = 200, description = "The changed offering", body = OfferingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`offering.owner_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`offering.too_many`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/offerings/{offering_id}")]
pub(crate) async fn update_offering(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<OfferingId>,
    body: MergePatch<UpdateOffering>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    let change = |current: &OfferingRow| body.0.apply(current, now);
    let done = ops::offerings::update(&mut conn, now, user, (*id, expected), change).await;
    let row = or_current(done, async || read(&db, *id, Some(user)).await).await?;
    let view = OfferingView::new(row, Some(user));
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// Close an offering
///
/// By its mentor. It is no longer shown and cannot be booked; its bookings stay. It can be opened again by changing
/// `active`.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(("offering_id" = OfferingId, Path, description = "Id of the offering")), responses(
    (status = 204, description = "Closed"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`offering.owner_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/offerings/{offering_id}")]
pub(crate) async fn delete_offering(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<OfferingId>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let mut conn = db.conn().await?;
    let user = actor.user_id;
    let done = ops::offerings::close(&mut conn, clock.now(), user, (*id, expected)).await;
    or_current(done, async || read(&db, *id, Some(user)).await).await?;
    Ok(HttpResponse::NoContent().finish())
}
