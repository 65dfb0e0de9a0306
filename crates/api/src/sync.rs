//! `GET /v1/sync`: what changed, for clients that keep a copy. A collection joins by a member here, a loader in its
//! crate, and a trigger that notes its changes.

use std::collections::{BTreeMap, HashMap};

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use karya_business_profile::sync::BusinessView;
use karya_core::{BookingId, BusinessId, Clock, Cursors, Rule, UserId};
use karya_db::sync::{Change, Position};
use karya_db::{AsyncPgConnection, Db, DbError, sync};
use karya_mentoring_booking::sync::BookingView;
use karya_web::{Actor, CommonProblems, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

karya_core::codes! {
    RESET_REQUIRED = "sync.reset_required", Gone,
        title: "Salinan Anda terlalu lama untuk diperbarui" / "Your copy is too old to be brought up to date",
        fix: "Hapus salinan itu dan mulai lagi tanpa `since`." / "Throw the copy away and start again without `since`.";
}

const DEFAULT_LIMIT: i64 = 200;
const MAX_LIMIT: i64 = 500;

karya_core::text_enum! {
    /// What can be kept a copy of.
    pub enum SyncCollection {
        Businesses = "businesses",
        Bookings = "bookings",
    }
}

karya_core::text_enum! {
    /// What to do with the copy.
    pub enum SyncOp {
        /// Keep this in its place.
        Upsert = "upsert",
        /// Forget it: it is deleted, or no longer for the caller to see.
        Delete = "delete",
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SyncQuery {
    /// `next_token` of the last reply; everything from the beginning without it.
    #[param(nullable = false, max_length = 500)]
    since: Option<String>,
    /// Comma-separated: `businesses`, `bookings`; all unless given. Always ask for the same ones with a token.
    #[param(nullable = false, max_length = 200, example = "bookings")]
    collections: Option<String>,
    /// Changes in a reply; 200 unless given.
    #[param(nullable = false, minimum = 1, maximum = 500, example = 200)]
    limit: Option<i64>,
}

impl SyncQuery {
    fn collections(&self) -> Result<Vec<&'static str>, Problem> {
        let Some(wanted) = &self.collections else {
            return Ok(SyncCollection::ALL.iter().map(|one| one.as_str()).collect());
        };
        let known = |name: &str| SyncCollection::from_text(name.trim()).map(SyncCollection::as_str);
        wanted
            .split(',')
            .map(|name| {
                known(name).ok_or_else(|| Problem::parameter("collections", Rule::NotFound))
            })
            .collect()
    }
}

/// One thing that changed. The member named after its collection holds it.
#[derive(Debug, Serialize, ToSchema)]
struct SyncChange {
    collection: SyncCollection,
    op: SyncOp,
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    business: Option<BusinessView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    booking: Option<BookingView>,
}

/// What changed since the token.
#[derive(Debug, Serialize, ToSchema)]
struct SyncPage {
    #[schema(max_items = 500)]
    changes: Vec<SyncChange>,
    /// Send it as `since` next time.
    #[schema(max_length = 500)]
    next_token: String,
    /// Whether to ask again at once.
    has_more: bool,
    /// The server's clock.
    #[serde(with = "karya_core::instant")]
    server_time: DateTime<Utc>,
}

/// List what changed
///
/// For clients that keep a copy: start without `since`, apply the changes in their order, keep `next_token`, and ask
/// again with it; at once while `has_more`. Nothing is missed, however late it commits; some things may come twice.
/// After 90 days, or when the database was restored from a backup, a token is refused with `sync.reset_required`.
#[utoipa::path(tag = "sync", security(("bearer" = [])), params(SyncQuery), responses(
    (status = 200, description = "The changes", body = SyncPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`sync.reset_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/sync")]
pub(crate) async fn list_changes(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    cursors: Data<Cursors>,
    Query(query): Query<SyncQuery>,
) -> Result<HttpResponse, Problem> {
    let reader = actor.user_id;
    let collections = query.collections()?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let rule = Rule::OutOfRange {
            min: 1.0,
            max: MAX_LIMIT as f64,
        };
        return Err(Problem::parameter("limit", rule));
    }
    let conn = db.search().await?;
    let epoch = sync::epoch(&conn).await.map_err(DbError::from)?;
    let scope = format!(
        "sync {reader} {} {}",
        epoch.system_identifier,
        collections.join(",")
    );
    let after = match &query.since {
        None => Position {
            complete: epoch.watermark,
            ..Position::default()
        },
        // A token of another account, database or set of collections does not open.
        Some(token) => cursors
            .decode::<Position>(&scope, token)
            .ok()
            .filter(|position| !position.is_behind(epoch.horizon))
            .ok_or_else(|| Problem::of(&RESET_REQUIRED))?,
    };
    let found = sync::changes(&conn, reader, &collections, &after, limit + 1)
        .await
        .map_err(DbError::from)?;
    let has_more = i64::try_from(found.len()).is_ok_and(|count| count > limit);
    let page: Vec<Change> = found
        .into_iter()
        .take(usize::try_from(limit).unwrap_or_default())
        .collect();
    let mut position = match page.last() {
        Some(last) => last.position(&after),
        None => after,
    };
    if !has_more {
        position.complete = position.complete.max(epoch.watermark);
    }
    let view = SyncPage {
        changes: load(&conn, reader, page).await?,
        next_token: cursors.encode(&scope, &position).unwrap_or_default(),
        has_more,
        server_time: clock.now(),
    };
    Ok(Reply::ok(&view)?.into())
}

/// The things themselves, one statement for each collection. What is not there any more, or not for the reader, is
/// deleted. A thing that stands twice, because it changed for everybody and for the reader, comes once.
async fn load(
    conn: &AsyncPgConnection,
    reader: UserId,
    page: Vec<Change>,
) -> Result<Vec<SyncChange>, Problem> {
    let mut wanted: BTreeMap<SyncCollection, Vec<Uuid>> = BTreeMap::new();
    for change in &page {
        let collection = SyncCollection::from_text(&change.collection);
        let ids = collection.map(|collection| wanted.entry(collection).or_default());
        if let Some(ids) = ids.filter(|ids| !ids.contains(&change.id)) {
            ids.push(change.id);
        }
    }
    let mut changes = Vec::new();
    for (collection, ids) in wanted {
        let (mut businesses, mut bookings) = (HashMap::new(), HashMap::new());
        match collection {
            SyncCollection::Businesses => {
                let ids: Vec<BusinessId> = ids.iter().copied().map(BusinessId::from_uuid).collect();
                let found = karya_business_profile::sync::load(conn, reader, &ids).await?;
                businesses = found
                    .into_iter()
                    .map(|view| (view.id.as_uuid(), view))
                    .collect();
            }
            SyncCollection::Bookings => {
                let ids: Vec<BookingId> = ids.iter().copied().map(BookingId::from_uuid).collect();
                let found = karya_mentoring_booking::sync::load(conn, reader, &ids).await?;
                bookings = found
                    .into_iter()
                    .map(|view| (view.id.as_uuid(), view))
                    .collect();
            }
        }
        changes.extend(ids.into_iter().map(|id| {
            let (business, booking) = (businesses.remove(&id), bookings.remove(&id));
            let is_there = business.is_some() || booking.is_some();
            SyncChange {
                collection,
                op: if is_there {
                    SyncOp::Upsert
                } else {
                    SyncOp::Delete
                },
                id,
                business,
                booking,
            }
        }));
    }
    Ok(changes)
}
