use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, TimeDelta, Utc};
use karya_core::{Check, Clock, GroupSessionId, Invalid, Rule, Text, UserId, Words};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, IfMatch, Json, MergePatch, Patch, Problem, ProblemBody,
    Reply, or_current,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{GroupSeatList, GroupSessionView};
use crate::model::{GroupRow, SessionMode};
use crate::ops::{self, groups::NewGroup};

const LINK: Rule = Rule::Format(Words {
    id: "harus alamat https, contoh: https://meet.contoh.id/kelas",
    en: "must be an https address, such as https://meet.example.org/class",
});

/// A group session to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGroupSession {
    #[schema(min_length = 3, max_length = 120, example = "Kelas foto produk")]
    title: String,
    #[schema(nullable = false, max_length = 2000)]
    description: Option<String>,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[schema(minimum = 15, maximum = 480, example = 90)]
    duration_min: i16,
    #[schema(minimum = 2, maximum = 200, example = 20)]
    capacity: i16,
    #[schema(minimum = 0, maximum = 200, example = 10)]
    waitlist_capacity: i16,
    mode: SessionMode,
    /// Where people meet; for sessions in person.
    #[schema(nullable = false, max_length = 300)]
    place: Option<String>,
    /// The video room. Shown to those with a seat only.
    #[schema(
        nullable = false,
        max_length = 300,
        example = "https://meet.example.org/kelas"
    )]
    meeting_url: Option<String>,
}

fn within(value: i16, min: i16, max: i16) -> Result<i16, Rule> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Rule::OutOfRange {
            min: min.into(),
            max: max.into(),
        })
    }
}

fn title(raw: &str) -> Result<String, Rule> {
    Text::line(raw, 3, 120).map(Text::into_string)
}

fn description(raw: &str) -> Result<String, Rule> {
    Text::block(raw, 0, 2000).map(Text::into_string)
}

fn place(raw: &str) -> Result<String, Rule> {
    Text::line(raw, 0, 300).map(Text::into_string)
}

fn link(raw: &str) -> Result<String, Rule> {
    let link = Text::line(raw, 0, 300)?.into_string();
    let host = link.strip_prefix("https://").unwrap_or_default();
    let is_plain =
        !host.is_empty() && !host.starts_with('/') && !link.contains(char::is_whitespace);
    if is_plain { Ok(link) } else { Err(LINK) }
}

impl CreateGroupSession {
    fn parse(self) -> Result<NewGroup, Invalid> {
        let mut check = Check::new();
        let title = check.field("/title", title(&self.title));
        let about = check.optional("/description", self.description, |raw| description(&raw));
        let place = check.optional("/place", self.place, |raw| place(&raw));
        if self.mode == SessionMode::InPerson
            && place
                .as_ref()
                .is_some_and(|place| place.as_deref().is_none_or(str::is_empty))
        {
            check.fail("/place", Rule::Required);
        }
        let meeting_url = check.optional("/meeting_url", self.meeting_url, |raw| link(&raw));
        let minutes = check.field("/duration_min", within(self.duration_min, 15, 480));
        let capacity = check.field("/capacity", within(self.capacity, 2, 200));
        let waitlist = check.field("/waitlist_capacity", within(self.waitlist_capacity, 0, 200));
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let texts = title.zip(about).zip(place).zip(meeting_url);
        let numbers = minutes.zip(capacity).zip(waitlist);
        let parsed = texts.zip(numbers).map(
            |((((title, about), place), meeting_url), ((minutes, capacity), waitlist_capacity))| {
                NewGroup {
                    title,
                    description: some(about),
                    mode: self.mode,
                    place: some(place),
                    meeting_url,
                    starts_at: self.starts_at,
                    duration: TimeDelta::minutes(minutes.into()),
                    capacity,
                    waitlist_capacity,
                }
            },
        );
        check.finish(parsed)
    }
}

/// Open a group session
///
/// For approved mentors. Their hours and notice do not matter to it; it may not overlap another session of theirs, nor
/// fall into a blackout of their region or into a break.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), responses(
    (status = 201, description = "Opened", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`group_session.mentor_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.slot_taken`, `booking.mentor_paused`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `booking.region_blackout`, `booking.notice_too_short`, `booking.beyond_horizon`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions")]
pub(crate) async fn create_group_session(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<CreateGroupSession>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let new = body.into_inner().parse()?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let id = ops::groups::create(conn, now, user, new).await?;
            let standing = ops::groups::view(conn, Some(user), id).await?;
            let view = GroupSessionView::new(standing, Some(user));
            let location = format!("/v1/group-sessions/{id}");
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}

/// A change of a group session. What is not mentioned stays; `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "capacity": 25 }))]
pub(crate) struct UpdateGroupSession {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 3, max_length = 120)]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 2000)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 300)]
    place: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 300)]
    meeting_url: Patch<String>,
    /// No less than the seats that are taken.
    #[serde(default)]
    #[schema(value_type = i16, required = false, minimum = 2, maximum = 200)]
    capacity: Patch<i16>,
}

impl UpdateGroupSession {
    fn apply(self, current: &GroupRow) -> Result<GroupRow, Invalid> {
        let mut check = Check::new();
        let mut row = current.clone();
        match self.title {
            Patch::Keep => {}
            Patch::Clear => check.fail("/title", Rule::Required),
            Patch::Set(raw) => row.title = check.field("/title", title(&raw)).unwrap_or_default(),
        }
        // An empty text is none.
        let mut text =
            |pointer, patch: Patch<String>, parse: fn(&str) -> Result<String, Rule>, current| {
                let parsed = patch.map(|raw| check.field(pointer, parse(&raw)).unwrap_or_default());
                parsed.apply(current).filter(|text| !text.is_empty())
            };
        row.description = text(
            "/description",
            self.description,
            description,
            row.description,
        );
        row.place = text("/place", self.place, place, row.place);
        row.meeting_url = text("/meeting_url", self.meeting_url, link, row.meeting_url);
        if row.mode == SessionMode::InPerson && row.place.is_none() {
            check.fail("/place", Rule::Required);
        }
        match self.capacity {
            Patch::Keep => {}
            Patch::Clear => check.fail("/capacity", Rule::Required),
            Patch::Set(capacity) => {
                let capacity = check.field("/capacity", within(capacity, 2, 200));
                row.capacity = capacity.unwrap_or_default();
            }
        }
        check.finish(Some(row))
    }
}

/// Change a group session
///
/// Its mentor alone, until it starts. New seats go to those who wait first. Everybody with a seat is mailed when it gets
/// another title, place or video room.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), request_body = UpdateGroupSession, responses(
    (status = 200, description = "The changed session", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`group_session.host_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.capacity_below_seats`, `group_session.closed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/group-sessions/{group_session_id}")]
pub(crate) async fn update_group_session(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<GroupSessionId>,
    body: MergePatch<UpdateGroupSession>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    let change = |current: &GroupRow| body.0.apply(current);
    let done = ops::groups::update(&mut conn, now, user, (*id, expected), change).await;
    let read = async || {
        let standing = ops::groups::view(&conn, Some(user), *id).await?;
        Ok(GroupSessionView::new(standing, Some(user)))
    };
    or_current(done, read).await?;
    let standing = ops::groups::view(&conn, Some(user), *id).await?;
    let view = GroupSessionView::new(standing, Some(user));
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// Cancel a group session
///
/// Its mentor alone. All seats are given back, and everybody with a seat or on the waitlist gets one mail.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "Cancelled", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`group_session.host_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.closed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/cancel")]
pub(crate) async fn cancel_group_session(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            ops::groups::cancel(conn, now, user, *id).await?;
            let standing = ops::groups::view(conn, Some(user), *id).await?;
            let view = GroupSessionView::new(standing, Some(user));
            Ok::<_, Problem>(Reply::ok(&view)?.version(view.version))
        })
        .await
}

/// List the seats of a group session
///
/// For its mentor alone: who has a seat, by name.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "The seats", body = GroupSeatList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`group_session.host_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/group-sessions/{group_session_id}/seats")]
pub(crate) async fn list_group_seats(
    actor: Actor,
    db: Data<Db>,
    id: Path<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let seats = ops::groups::seats_for_host(&reader, actor.user_id, *id).await?;
    Ok(Reply::ok(&GroupSeatList::from(seats))?.into())
}

/// Who came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordAttendance {
    /// Mentees with a confirmed seat; all others count as absent.
    #[schema(max_items = 200)]
    attended: Vec<UserId>,
}

const MAX_ATTENDED: usize = 200;

/// Record who came
///
/// By the mentor, once the session has begun. A later record replaces the one before.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "The seats", body = GroupSeatList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`group_session.host_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.not_started`, `group_session.closed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/attendance")]
pub(crate) async fn record_group_attendance(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<GroupSessionId>,
    body: Json<RecordAttendance>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let RecordAttendance { attended } = body.into_inner();
    if attended.len() > MAX_ATTENDED {
        return Err(Invalid::body("/attended", Rule::TooMany { max: MAX_ATTENDED }).into());
    }
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let seats = ops::groups::take_attendance(conn, now, user, *id, &attended).await?;
            Reply::ok(&GroupSeatList::from(seats))
        })
        .await
}
