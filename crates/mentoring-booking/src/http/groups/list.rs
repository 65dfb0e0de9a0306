use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::{Clock, Cursors, GroupSessionId, UserId};
use karya_db::Db;
use karya_reference::subsectors;
use karya_web::{CommonProblems, MaybeActor, Paging, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::view::{GroupSessionPage, GroupSessionView};
use crate::http::instant_parameter;
use crate::queries::groups as queries;
use crate::{MentoringError, ops};

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupSessionFilter {
    /// Only those that start at this instant or later; past ones are never listed.
    #[param(
        nullable = false,
        max_length = 40,
        example = "2026-06-01T00:00:00.000Z"
    )]
    from: Option<String>,
    /// Only those that start before this instant.
    #[param(
        nullable = false,
        max_length = 40,
        example = "2026-07-01T00:00:00.000Z"
    )]
    to: Option<String>,
    /// Only those of this mentor.
    #[param(nullable = false)]
    mentor_id: Option<UserId>,
    /// Only those of mentors who know this subsector.
    #[param(nullable = false, max_length = 40, example = "kriya")]
    subsector: Option<String>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// List group sessions
///
/// The open ones that are still to come, by start, the earliest first; not those of mentors who take a break then.
#[utoipa::path(tag = "group sessions", security((), ("bearer" = [])), params(GroupSessionFilter), responses(
    (status = 200, description = "A page of group sessions", body = GroupSessionPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/group-sessions")]
pub(crate) async fn list_group_sessions(
    viewer: MaybeActor,
    db: Data<Db>,
    clock: Data<Clock>,
    cursors: Data<Cursors>,
    Query(query): Query<GroupSessionFilter>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let instant = |name, raw: Option<&str>| raw.map(|raw| instant_parameter(name, raw)).transpose();
    let subsector = query.subsector.as_deref().map(subsectors::parse);
    let subsector = subsector
        .transpose()
        .map_err(|rule| Problem::parameter("subsector", rule))?;
    let filter = queries::GroupFilter {
        from: instant("from", query.from.as_deref())?.map_or(now, |from| from.max(now)),
        to: instant("to", query.to.as_deref())?,
        mentor: query.mentor_id,
        subsector: subsector.map(str::to_owned),
        viewer: viewer.0.map(|actor| actor.user_id),
    };
    let scope = serde_json::to_string(&("group-sessions", &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::list(&reader, filter, paging.size, paging.after()?)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |(row, _)| (row.starts_at, row.id));
    let page = GroupSessionPage {
        items: rows
            .into_iter()
            .map(|(row, name)| GroupSessionView::listed(row, name))
            .collect(),
        next_cursor,
    };
    // Who is blocked by whom makes a difference.
    let reply = Reply::ok(&page)?.header("cache-control", "private, max-age=15");
    Ok(reply.into())
}

/// Show a group session
///
/// With the caller's seat or place on the waitlist, if they have one.
#[utoipa::path(tag = "group sessions", security((), ("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "The group session", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/group-sessions/{group_session_id}")]
pub(crate) async fn get_group_session(
    viewer: MaybeActor,
    db: Data<Db>,
    id: Path<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    let viewer = viewer.0.map(|actor| actor.user_id);
    let reader = db.read().await?;
    let standing = ops::groups::show(&reader, viewer, *id).await?;
    let view = GroupSessionView::new(standing, viewer);
    let reply = Reply::ok(&view)?.version(view.version);
    Ok(reply.header("cache-control", "private, no-cache").into())
}
