use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Clock, Invalid, MasterKey, Rule, Words};
use karya_db::Db;
use karya_fetch::{FetchError, Fetcher, Url};
use karya_web::{Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::MentoringError;
use crate::model::{ExternalCalendarRow, ImportFailure};
use crate::ops::external::{self as ops, Source};
use crate::queries::external as queries;

const ONE_OF_TWO: Rule = Rule::Other {
    code: "one_of_two",
    words: Words {
        id: "isi salah satu: `url` atau `ics`",
        en: "give either `url` or `ics`",
    },
};
const ADDRESS: Rule = Rule::Format(Words {
    id: "harus alamat https tanpa nama pengguna dan nomor port",
    en: "must be an https address without user name and port",
});
const PRIVATE: Rule = Rule::Other {
    code: "refused_address",
    words: Words {
        id: "bukan alamat di internet publik",
        en: "is not an address of the public internet",
    },
};
const NOT_A_CALENDAR: Rule = Rule::Other {
    code: "not_a_calendar",
    words: Words {
        id: "bukan berkas iCalendar yang utuh",
        en: "is not a whole iCalendar file",
    },
};
const TOO_MANY_EVENTS: Rule = Rule::Other {
    code: "too_many_events",
    words: Words {
        id: "berisi terlalu banyak acara",
        en: "holds too many events",
    },
};

const MAX_ADDRESS: usize = 2000;
const MAX_FILE: usize = 1_000_000;

/// A calendar elsewhere: its address, or its text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBusyCalendar {
    /// https, or webcal. It is read now and every six hours.
    #[schema(
        nullable = false,
        max_length = 2000,
        example = "https://calendar.google.com/calendar/ical/…/basic.ics"
    )]
    url: Option<String>,
    /// The text of an iCalendar file. It is read once; how much fits is up to the limit on bodies.
    #[schema(nullable = false, max_length = 1_000_000)]
    ics: Option<String>,
}

/// A calendar elsewhere whose busy times close the caller's own. Only the times are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusyCalendar {
    id: Uuid,
    /// Of its address, which is a secret; absent: it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 255, example = "calendar.google.com")]
    host: Option<String>,
    /// When it was last read.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    last_ok_at: Option<DateTime<Utc>>,
    /// When that was last tried.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    last_tried_at: Option<DateTime<Utc>>,
    /// Why the last try failed. The busy times of the last good one stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<ImportFailure>,
    /// Busy times after this are not known.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    covered_until: Option<DateTime<Utc>>,
    /// How many events it has, free ones too.
    #[schema(minimum = 0)]
    event_count: i32,
    /// In how many of them some time may be missing or wrong.
    #[schema(minimum = 0)]
    not_understood: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

impl From<ExternalCalendarRow> for BusyCalendar {
    fn from(row: ExternalCalendarRow) -> Self {
        Self {
            id: row.id,
            host: row.host,
            last_ok_at: row.last_ok_at,
            last_tried_at: row.last_tried_at,
            last_error: row.last_error,
            covered_until: row.covered_until,
            event_count: row.event_count,
            not_understood: row.not_understood,
            created_at: row.created_at,
        }
    }
}

/// The calendars elsewhere of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusyCalendarList {
    #[schema(max_items = 5)]
    items: Vec<BusyCalendar>,
}

/// An address that may be asked for.
fn address(fetcher: &Fetcher, raw: &str) -> Result<Url, Rule> {
    let raw = raw.trim();
    if raw.chars().count() > MAX_ADDRESS {
        return Err(Rule::TooLong { max: MAX_ADDRESS });
    }
    // What calendar programs call an address to subscribe to.
    let raw = match raw.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("webcal") => format!("https://{rest}"),
        _ => raw.to_owned(),
    };
    let url = Url::parse(&raw).map_err(|_error| ADDRESS)?;
    match fetcher.check(&url) {
        Ok(()) => Ok(url),
        Err(FetchError::RefusedAddress) => Err(PRIVATE),
        Err(_) => Err(ADDRESS),
    }
}

/// Add a busy calendar
///
/// Nobody can book the caller while that calendar says that they are busy; it does not keep the caller from booking
/// others. An address must be public; it is read in a job, and what became of that is in the list. At most five.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 201, description = "Added", body = BusyCalendar),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`calendar.too_many`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/busy-calendars")]
pub(crate) async fn create_busy_calendar(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    master_key: Data<MasterKey>,
    fetcher: Data<Fetcher>,
    body: Json<CreateBusyCalendar>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let owner = actor.user_id;
    let source = match body.into_inner() {
        CreateBusyCalendar {
            url: Some(url),
            ics: None,
        } => {
            let url = address(&fetcher, &url).map_err(|rule| Invalid::body("/url", rule))?;
            Source::Url(url)
        }
        CreateBusyCalendar {
            url: None,
            ics: Some(ics),
        } => {
            if ics.len() > MAX_FILE {
                return Err(Invalid::body("/ics", Rule::TooLong { max: MAX_FILE }).into());
            }
            let reader = db.read().await?;
            let zone = ops::zone_of(&reader, owner).await?;
            drop(reader);
            let imported = ops::parse(ics.into_bytes(), zone, now).await;
            let imported = imported.map_err(|failure| {
                let rule = match failure {
                    ImportFailure::TooManyEvents => TOO_MANY_EVENTS,
                    _ => NOT_A_CALENDAR,
                };
                Invalid::body("/ics", rule)
            })?;
            Source::Upload(imported)
        }
        _ => return Err(Invalid::body("/url", ONE_OF_TWO).into()),
    };
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(owner), async |conn| {
            let row = ops::add(conn, now, &master_key, owner, source).await?;
            let view = BusyCalendar::from(row);
            let location = format!("/v1/me/busy-calendars/{}", view.id);
            Reply::created(location, &view)
        })
        .await
}

/// List my busy calendars
///
/// With what became of the last try to read them.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 200, description = "The calendars", body = BusyCalendarList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/busy-calendars")]
pub(crate) async fn list_busy_calendars(
    actor: Actor,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let rows = queries::list(&reader, actor.user_id)
        .await
        .map_err(MentoringError::from)?;
    let items = rows.into_iter().map(BusyCalendar::from).collect();
    Ok(Reply::ok(&BusyCalendarList { items })?.into())
}

/// Read a busy calendar again
///
/// Soon, in a job; the list tells what became of it. A failure keeps the old times.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("calendar_id" = Uuid, Path, description = "Id of the busy calendar")), responses(
    (status = 202, description = "It will be read", body = BusyCalendar),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`calendar.busy_calendar_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`calendar.nothing_to_refresh`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/busy-calendars/{calendar_id}/refresh")]
pub(crate) async fn refresh_busy_calendar(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, clock.now(), Some(actor.user_id), async |conn| {
            let row = ops::ask_again(conn, actor.user_id, *id).await?;
            Reply::new(StatusCode::ACCEPTED, &BusyCalendar::from(row))
        })
        .await
}

/// Delete a busy calendar
///
/// Its busy times are free again.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("calendar_id" = Uuid, Path, description = "Id of the busy calendar")), responses(
    (status = 204, description = "Deleted"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`calendar.busy_calendar_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/busy-calendars/{calendar_id}")]
pub(crate) async fn delete_busy_calendar(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::remove(&mut conn, clock.now(), actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
