//! People whom somebody wants nothing to do with.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{BookingId, Check, Clock, Cursors, Invalid, Rule, UserId, Words};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, PageQuery, Paging, Problem, ProblemBody, Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::model::{BlockId, BlockRow};
use crate::ops::blocks::{self as ops, Target};

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_block)
        .service(list_blocks)
        .service(delete_block);
}

const ONE_TARGET: Rule = Rule::Other {
    code: "one_target",
    words: Words {
        id: "isi salah satu saja: user_id atau booking_id",
        en: "give one of the two: user_id or booking_id",
    },
};

/// Whom to block: by the account, or as the other side of a booking.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "booking_id": "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b" }))]
pub(crate) struct CreateBlock {
    #[schema(nullable = false)]
    user_id: Option<UserId>,
    /// A booking of the caller's.
    #[schema(nullable = false)]
    booking_id: Option<BookingId>,
}

impl CreateBlock {
    fn parse(self) -> Result<Target, Invalid> {
        let mut check = Check::new();
        let target = match (self.user_id, self.booking_id) {
            (Some(user), None) => Some(Target::Person(user)),
            (None, Some(booking)) => Some(Target::Booking(booking)),
            _ => check.field("/user_id", Err(ONE_TARGET)),
        };
        check.finish(target)
    }
}

/// Somebody whom the caller has blocked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockView {
    id: BlockId,
    user_id: UserId,
    #[schema(max_length = 100, example = "Made Suartika")]
    display_name: String,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

impl From<(BlockRow, String)> for BlockView {
    fn from((row, display_name): (BlockRow, String)) -> Self {
        Self {
            id: row.id,
            user_id: row.blocked_id,
            display_name,
            created_at: row.created_at,
        }
    }
}

/// Block somebody
///
/// From now on neither of the two can hold, book or propose anything with the other, or join a group session of the
/// other: to both it looks as if the other offered nothing. Their sessions with each other that are still to come are
/// cancelled in the caller's name with the reason `other`, and never count as late; holds and seats are let go, and a
/// mentorship ends. The other side is never told why. Blocking somebody again answers with the block that there is.
#[utoipa::path(tag = "blocks", security(("bearer" = [])), responses(
    (status = 200, description = "They were blocked already", body = BlockView),
    (status = 201, description = "Blocked", body = BlockView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/blocks")]
pub(crate) async fn create_block(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<CreateBlock>,
) -> Result<HttpResponse, Problem> {
    let target = body.into_inner().parse()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let blocked = ops::block(conn, now, user, target).await?;
            let view = BlockView::from((blocked.row, blocked.name));
            if blocked.is_new {
                Reply::created(format!("/v1/blocks/{}", view.id), &view)
            } else {
                Reply::ok(&view)
            }
        })
        .await
}

/// A page of people whom the caller has blocked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockPage {
    #[schema(max_items = 100)]
    items: Vec<BlockView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List my blocks
///
/// Whom the caller has blocked, the newest first.
#[utoipa::path(tag = "blocks", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of blocks", body = BlockPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/blocks")]
pub(crate) async fn list_blocks(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("blocks {}", actor.user_id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let page = (paging.size, paging.after()?);
    let reader = db.read_list().await?;
    let rows = ops::list(&reader, actor.user_id, page).await?;
    let (rows, next_cursor) = paging.cut(rows, |(row, _)| row.id);
    let items = rows.into_iter().map(Into::into).collect();
    Ok(Reply::ok(&BlockPage { items, next_cursor })?.into())
}

/// Unblock somebody
///
/// The two can book each other again. What was called off stays off.
#[utoipa::path(tag = "blocks", security(("bearer" = [])), params(("block_id" = BlockId, Path, description = "Id of the block")), responses(
    (status = 204, description = "Unblocked"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`block.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/blocks/{block_id}")]
pub(crate) async fn delete_block(
    actor: Actor,
    db: Data<Db>,
    id: Path<BlockId>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::unblock(&mut conn, actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
