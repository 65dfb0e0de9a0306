//! Goals of a mentorship, and the steps towards them.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use karya_core::{Check, Clock, Cursors, Invalid, Rule, Text};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, IfMatch, Json, MergePatch, PageQuery, Paging, Patch,
    Problem, ProblemBody, Query, Reply, or_current,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Call;
use crate::model::{ActionItemId, ActionItemRow, GoalId, GoalRow, GoalStatus, MentorshipId, Side};
use crate::ops;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_goal)
        .service(list_goals)
        .service(update_goal)
        .service(create_action_item)
        .service(list_action_items)
        .service(complete_action_item)
        .service(reopen_action_item);
}

fn title(raw: String) -> Result<String, Rule> {
    Text::line(&raw, 3, 120).map(Text::into_string)
}

fn description(raw: String) -> Result<String, Rule> {
    Text::block(&raw, 0, 2000).map(Text::into_string)
}

fn day(date: NaiveDate) -> Result<NaiveDate, Rule> {
    if (2020..=2100).contains(&date.year()) {
        Ok(date)
    } else {
        Err(Rule::OutOfRange {
            min: 2020.0,
            max: 2100.0,
        })
    }
}

/// A goal to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGoal {
    #[schema(min_length = 3, max_length = 120, example = "Pesanan ekspor pertama")]
    title: String,
    #[schema(nullable = false, max_length = 2000)]
    description: Option<String>,
    /// Until when it is to be reached.
    #[schema(nullable = false, value_type = String, format = Date, example = "2026-08-01")]
    target_on: Option<NaiveDate>,
}

impl CreateGoal {
    fn parse(self) -> Result<(String, Option<String>, Option<NaiveDate>), Invalid> {
        let mut check = Check::new();
        let title = check.field("/title", title(self.title));
        let description = check.optional("/description", self.description, description);
        let target_on = check.optional("/target_on", self.target_on, day);
        let given = title.zip(description).zip(target_on);
        check.finish(given.map(|((title, description), target_on)| {
            (
                title,
                description.filter(|text| !text.is_empty()),
                target_on,
            )
        }))
    }
}

/// What a mentorship is to reach.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GoalView {
    id: GoalId,
    mentorship_id: MentorshipId,
    #[schema(max_length = 120)]
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = String, format = Date)]
    target_on: Option<NaiveDate>,
    status: GoalStatus,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl From<GoalRow> for GoalView {
    fn from(row: GoalRow) -> Self {
        Self {
            id: row.id,
            mentorship_id: row.mentorship_id,
            title: row.title,
            description: row.description,
            target_on: row.target_on,
            status: row.status,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of the goals of a mentorship.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GoalPage {
    #[schema(max_items = 100)]
    items: Vec<GoalView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// Set a goal
///
/// By either side of an active mentorship; at most 50.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("mentorship_id" = MentorshipId, Path, description = "Id of the mentorship")), responses(
    (status = 201, description = "Set", body = GoalView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentorship.wrong_state`, `mentorship.too_many`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentorships/{mentorship_id}/goals")]
pub(crate) async fn create_goal(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<MentorshipId>,
    body: Json<CreateGoal>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner().parse()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::add_goal(conn, now, user, *id, new).await?;
            let view = GoalView::from(row);
            let location = format!("/v1/goals/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}

/// List the goals of a mentorship
///
/// For both sides, the oldest first.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("mentorship_id" = MentorshipId, Path, description = "Id of the mentorship"), PageQuery), responses(
    (status = 200, description = "A page of goals", body = GoalPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentorships/{mentorship_id}/goals")]
pub(crate) async fn list_goals(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    id: Path<MentorshipId>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("goals {}", *id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let page = (paging.size, paging.after()?);
    let reader = db.read_list().await?;
    let rows = ops::list_goals(&reader, actor.user_id, *id, page).await?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let items = rows.into_iter().map(Into::into).collect();
    Ok(Reply::ok(&GoalPage { items, next_cursor })?.into())
}

/// A change of a goal. What is not mentioned stays; `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "reached" }))]
pub(crate) struct UpdateGoal {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 3, max_length = 120)]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 2000)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, format = Date, required = false)]
    target_on: Patch<NaiveDate>,
    #[serde(default)]
    #[schema(value_type = GoalStatus, required = false)]
    status: Patch<GoalStatus>,
}

impl UpdateGoal {
    fn apply(self, current: GoalRow) -> Result<GoalRow, Invalid> {
        let mut check = Check::new();
        for (pointer, cleared) in [
            ("/title", self.title == Patch::Clear),
            ("/status", self.status == Patch::Clear),
        ] {
            if cleared {
                check.fail(pointer, Rule::Required);
            }
        }
        let new_title = self.title.apply(Some(current.title)).unwrap_or_default();
        let new_description = self.description.apply(current.description);
        let new_target_on = self.target_on.apply(current.target_on);
        let title = check.field("/title", title(new_title));
        let description = check.optional("/description", new_description, description);
        let target_on = check.optional("/target_on", new_target_on, day);
        let given = title.zip(description).zip(target_on);
        check.finish(given.map(|((title, description), target_on)| {
            GoalRow {
                title,
                description: description.filter(|text| !text.is_empty()),
                target_on,
                status: self
                    .status
                    .apply(Some(current.status))
                    .unwrap_or(current.status),
                ..current
            }
        }))
    }
}

/// Change a goal
///
/// By either side; also whether it is reached or dropped. Needs `If-Match`.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("goal_id" = GoalId, Path, description = "Id of the goal")), request_body = UpdateGoal, responses(
    (status = 200, description = "The changed goal", body = GoalView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.goal_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/goals/{goal_id}")]
pub(crate) async fn update_goal(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<GoalId>,
    body: MergePatch<UpdateGoal>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let mut conn = db.conn().await?;
    let (now, user) = (clock.now(), actor.user_id);
    let change = |current| body.0.apply(current);
    let done = ops::update_goal(&mut conn, now, user, (*id, expected), change).await;
    let read = async || Ok(GoalView::from(ops::own_goal(&conn, user, *id).await?.0));
    let view = GoalView::from(or_current(done, read).await?);
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// A step to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateActionItem {
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Minta contoh surat keterangan asal"
    )]
    text: String,
    #[schema(nullable = false, value_type = String, format = Date, example = "2026-06-20")]
    due_on: Option<NaiveDate>,
    /// Who takes it.
    assignee: Side,
}

impl CreateActionItem {
    fn parse(self) -> Result<(String, Option<NaiveDate>, Side), Invalid> {
        let mut check = Check::new();
        let text = check.field("/text", Text::line(&self.text, 1, 500));
        let due_on = check.optional("/due_on", self.due_on, day);
        let given = text.zip(due_on);
        check.finish(given.map(|(text, due_on)| (text.into_string(), due_on, self.assignee)))
    }
}

/// A step towards a goal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionItemView {
    id: ActionItemId,
    goal_id: GoalId,
    #[schema(max_length = 500)]
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = String, format = Date)]
    due_on: Option<NaiveDate>,
    assignee: Side,
    /// When it was done, if it is.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    done_at: Option<DateTime<Utc>>,
    #[schema(minimum = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl From<ActionItemRow> for ActionItemView {
    fn from(row: ActionItemRow) -> Self {
        Self {
            id: row.id,
            goal_id: row.goal_id,
            text: row.text,
            due_on: row.due_on,
            assignee: row.assignee,
            done_at: row.done_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of the steps towards a goal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionItemPage {
    #[schema(max_items = 100)]
    items: Vec<ActionItemView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// Add an action item
///
/// By either side of an active mentorship, for either; at most 50 a goal.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("goal_id" = GoalId, Path, description = "Id of the goal")), responses(
    (status = 201, description = "Added", body = ActionItemView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.goal_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentorship.wrong_state`, `mentorship.too_many`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/goals/{goal_id}/action-items")]
pub(crate) async fn create_action_item(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<GoalId>,
    body: Json<CreateActionItem>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner().parse()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::add_action_item(conn, now, user, *id, new).await?;
            let view = ActionItemView::from(row);
            let location = format!("/v1/action-items/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}

/// List the action items of a goal
///
/// For both sides, the oldest first.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("goal_id" = GoalId, Path, description = "Id of the goal"), PageQuery), responses(
    (status = 200, description = "A page of action items", body = ActionItemPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.goal_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/goals/{goal_id}/action-items")]
pub(crate) async fn list_action_items(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    id: Path<GoalId>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("action-items {}", *id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let page = (paging.size, paging.after()?);
    let reader = db.read_list().await?;
    let rows = ops::list_action_items(&reader, actor.user_id, *id, page).await?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let items = rows.into_iter().map(Into::into).collect();
    Ok(Reply::ok(&ActionItemPage { items, next_cursor })?.into())
}

async fn mark(
    (actor, idempotency, db, clock, id): Call<ActionItemId>,
    done: bool,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::mark_action_item(conn, now, user, *id, done).await?;
            let view = ActionItemView::from(row);
            Ok::<_, Problem>(Reply::ok(&view)?.version(view.version))
        })
        .await
}

/// Complete an action item
///
/// By either side. Doing it again changes nothing.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("action_item_id" = ActionItemId, Path, description = "Id of the action item")), responses(
    (status = 200, description = "It is done", body = ActionItemView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.action_item_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/action-items/{action_item_id}/complete")]
pub(crate) async fn complete_action_item(
    call: Call<ActionItemId>,
) -> Result<HttpResponse, Problem> {
    mark(call, true).await
}

/// Reopen an action item
///
/// By either side. Doing it again changes nothing.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("action_item_id" = ActionItemId, Path, description = "Id of the action item")), responses(
    (status = 200, description = "It is open", body = ActionItemView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.action_item_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/action-items/{action_item_id}/reopen")]
pub(crate) async fn reopen_action_item(call: Call<ActionItemId>) -> Result<HttpResponse, Problem> {
    mark(call, false).await
}
