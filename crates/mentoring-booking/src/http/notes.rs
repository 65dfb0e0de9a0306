//! Agenda and notes of a session.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post, put};
use chrono::{DateTime, Utc};
use karya_core::{BookingId, Check, Clock, Cursors, Invalid, Rule, Text, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, IfMatch, Json, MergePatch, PageQuery, Paging, Patch,
    Problem, ProblemBody, Query, Reply, or_current,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::model::{AgendaRow, NoteId, NoteRow, NoteVisibility};
use crate::ops;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_agenda)
        .service(replace_agenda)
        .service(create_note)
        .service(list_notes)
        .service(update_note)
        .service(delete_note);
}

const MAX_ITEMS: usize = 20;

/// A point of an agenda.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgendaItem {
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "Menghitung harga pokok batik tulis"
    )]
    text: String,
    /// How long it is to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 480, example = 15)]
    minutes: Option<i16>,
    #[serde(default)]
    done: bool,
}

/// The whole agenda.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceAgenda {
    #[schema(max_items = 20)]
    items: Vec<AgendaItem>,
}

impl ReplaceAgenda {
    fn parse(self) -> Result<Vec<AgendaItem>, Invalid> {
        let mut check = Check::new();
        if self.items.len() > MAX_ITEMS {
            check.fail("/items", Rule::TooMany { max: MAX_ITEMS });
        }
        let mut items = Vec::new();
        for (at, item) in self.items.into_iter().take(MAX_ITEMS).enumerate() {
            let text = check.field(format!("/items/{at}/text"), Text::line(&item.text, 1, 200));
            if item
                .minutes
                .is_some_and(|minutes| !(1..=480).contains(&minutes))
            {
                let rule = Rule::OutOfRange {
                    min: 1.0,
                    max: 480.0,
                };
                check.fail(format!("/items/{at}/minutes"), rule);
            }
            items.extend(text.map(|text| AgendaItem {
                text: text.into_string(),
                ..item
            }));
        }
        check.finish(Some(items))
    }
}

/// What a session is to be about, for both sides.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgendaView {
    booking_id: BookingId,
    #[schema(max_items = 20)]
    items: Vec<AgendaItem>,
    /// Who changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    updated_by: Option<UserId>,
    /// 0 before somebody writes one. Goes up with every change; the `ETag` too.
    #[schema(minimum = 0)]
    version: i32,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    updated_at: Option<DateTime<Utc>>,
}

impl AgendaView {
    fn new(booking_id: BookingId, row: Option<AgendaRow>) -> Self {
        match row {
            Some(row) => Self {
                booking_id,
                items: serde_json::from_value(row.items).unwrap_or_default(),
                updated_by: row.updated_by,
                version: row.version,
                updated_at: Some(row.updated_at),
            },
            None => Self {
                booking_id,
                items: Vec::new(),
                updated_by: None,
                version: 0,
                updated_at: None,
            },
        }
    }
}

/// Show the agenda of a session
///
/// For both sides. Its version is 0 before somebody writes one.
#[utoipa::path(tag = "session notes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The agenda", body = AgendaView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/agenda")]
pub(crate) async fn get_agenda(
    actor: Actor,
    db: Data<Db>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let view = read_agenda(&db, actor.user_id, *id).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

async fn read_agenda(db: &Db, user: UserId, id: BookingId) -> Result<AgendaView, Problem> {
    let reader = db.read().await?;
    let row = ops::show_agenda(&reader, user, id).await?;
    Ok(AgendaView::new(id, row))
}

/// Write the agenda of a session
///
/// Either side may; it replaces what was there. The first one is written with `If-Match: "0"`.
#[utoipa::path(tag = "session notes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The agenda", body = AgendaView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[put("/bookings/{booking_id}/agenda")]
pub(crate) async fn replace_agenda(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
    body: Json<ReplaceAgenda>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let items = serde_json::json!(body.into_inner().parse()?);
    let mut conn = db.conn().await?;
    let (now, user) = (clock.now(), actor.user_id);
    let done = ops::put_agenda(&mut conn, now, user, (*id, expected), items).await;
    let row = or_current(done, async || read_agenda(&db, user, *id).await).await?;
    let view = AgendaView::new(*id, Some(row));
    Ok(Reply::ok(&view)?.version(view.version).into())
}

fn body_text(raw: String) -> Result<String, Rule> {
    Text::block(&raw, 1, 8000).map(Text::into_string)
}

/// A note to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateNote {
    #[schema(
        min_length = 1,
        max_length = 8000,
        example = "Ibu Sari perlu surat keterangan asal untuk ekspor."
    )]
    body: String,
    visibility: NoteVisibility,
}

/// A note on a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteView {
    id: NoteId,
    booking_id: BookingId,
    author_id: UserId,
    /// Who may read it.
    visibility: NoteVisibility,
    #[schema(max_length = 8000)]
    body: String,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl From<NoteRow> for NoteView {
    fn from(row: NoteRow) -> Self {
        Self {
            id: row.id,
            booking_id: row.booking_id,
            author_id: row.author_id,
            visibility: row.visibility,
            body: row.body,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of notes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotePage {
    #[schema(max_items = 100)]
    items: Vec<NoteView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// Write a note on a session
///
/// A private note is for its author alone; a shared one for both sides.
#[utoipa::path(tag = "session notes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 201, description = "Written", body = NoteView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/notes")]
pub(crate) async fn create_note(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
    body: Json<CreateNote>,
) -> Result<HttpResponse, Problem> {
    let CreateNote { body, visibility } = body.into_inner();
    let mut check = Check::new();
    let text = check.field("/body", body_text(body));
    let text = check.finish(text)?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::add_note(conn, now, user, *id, (text, visibility)).await?;
            let view = NoteView::from(row);
            let location = format!("/v1/booking-notes/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}

/// List the notes on a session
///
/// The caller's own and the shared ones, the oldest first.
#[utoipa::path(tag = "session notes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking"), PageQuery), responses(
    (status = 200, description = "A page of notes", body = NotePage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/notes")]
pub(crate) async fn list_notes(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    id: Path<BookingId>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("notes {id} {}", actor.user_id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after = paging.after()?;
    let reader = db.read_list().await?;
    let rows = ops::list_notes(&reader, actor.user_id, *id, paging.size, after).await?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let page = NotePage {
        items: rows.into_iter().map(Into::into).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// A change of a note. What is not mentioned stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "visibility": "shared" }))]
pub(crate) struct UpdateNote {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 8000)]
    body: Patch<String>,
    #[serde(default)]
    #[schema(value_type = NoteVisibility, required = false)]
    visibility: Patch<NoteVisibility>,
}

impl UpdateNote {
    fn parse(self) -> Result<(Option<String>, Option<NoteVisibility>), Invalid> {
        let mut check = Check::new();
        let body = match self.body {
            Patch::Keep => None,
            Patch::Set(raw) => check.field("/body", body_text(raw)),
            Patch::Clear => {
                check.fail("/body", Rule::Required);
                None
            }
        };
        if self.visibility == Patch::Clear {
            check.fail("/visibility", Rule::Required);
        }
        check.finish(Some((body, self.visibility.apply(None))))
    }
}

/// Change a note
///
/// Its author only. A shared note that becomes private disappears for the other side.
#[utoipa::path(tag = "session notes", security(("bearer" = [])), params(("note_id" = NoteId, Path, description = "Id of the note")), request_body = UpdateNote, responses(
    (status = 200, description = "The changed note", body = NoteView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.note_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/booking-notes/{note_id}")]
pub(crate) async fn update_note(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<NoteId>,
    body: MergePatch<UpdateNote>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let change = body.0.parse()?;
    let mut conn = db.conn().await?;
    let (now, user) = (clock.now(), actor.user_id);
    let done = ops::update_note(&mut conn, now, user, (*id, expected), change).await;
    let row = or_current(done, async || read_note(&db, user, *id).await).await?;
    let view = NoteView::from(row);
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// Delete a note
///
/// Its author only.
#[utoipa::path(tag = "session notes", security(("bearer" = [])), params(("note_id" = NoteId, Path, description = "Id of the note")), responses(
    (status = 204, description = "Deleted"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.note_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/booking-notes/{note_id}")]
pub(crate) async fn delete_note(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    id: Path<NoteId>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let mut conn = db.conn().await?;
    let done = ops::delete_note(&mut conn, actor.user_id, (*id, expected)).await;
    or_current(done, async || read_note(&db, actor.user_id, *id).await).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn read_note(db: &Db, author: UserId, id: NoteId) -> Result<NoteView, Problem> {
    let reader = db.read().await?;
    Ok(ops::own_note(&reader, author, (id, None)).await?.into())
}
