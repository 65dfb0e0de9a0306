//! A person's own time, and calendars in and out.

mod busy;
mod document;
mod feeds;
mod hours;
mod invitation;
mod overrides;
mod reference;
mod time_off;

pub(crate) use hours::{WeeklyWindow, parse_weekly, weekly};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use karya_core::{BookingId, Rule, Words};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::ops::calendar::Affected;

/// The operations about a person's own time.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(document::get_calendar)
        .service(document::replace_calendar)
        .service(overrides::list_availability_overrides)
        .service(overrides::set_availability_override)
        .service(overrides::delete_availability_override)
        .service(time_off::create_time_off)
        .service(time_off::list_time_off)
        .service(time_off::delete_time_off)
        .service(reference::list_holidays)
        .service(reference::list_calendar_presets)
        .service(invitation::get_booking_invitation)
        .service(feeds::create_calendar_feed)
        .service(feeds::list_calendar_feeds)
        .service(feeds::rotate_calendar_feed)
        .service(feeds::delete_calendar_feed)
        .service(feeds::read_calendar_feed)
        .service(busy::create_busy_calendar)
        .service(busy::list_busy_calendars)
        .service(busy::refresh_busy_calendar)
        .service(busy::delete_busy_calendar);
}

const DATE: Rule = Rule::Format(Words {
    id: "harus tanggal dari tahun 2000 sampai 2199, contoh: 2026-06-01",
    en: "must be a date from the years 2000 to 2199, such as 2026-06-01",
});

/// A date as people write it in JSON and in addresses.
fn date(raw: &str) -> Result<NaiveDate, Rule> {
    // chrono also takes dates without leading zeros.
    let parsed: Option<NaiveDate> = (raw.len() == 10).then(|| raw.parse().ok()).flatten();
    parsed
        .filter(|date| (2000..2200).contains(&date.year()))
        .ok_or(DATE)
}

/// An instant that may be absent.
fn optional_instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    #[derive(Deserialize)]
    struct Instant(#[serde(with = "karya_core::instant")] DateTime<Utc>);
    Ok(Option::<Instant>::deserialize(deserializer)?.map(|instant| instant.0))
}

/// A live booking of the caller's, as mentor, that now lies outside the hours. It stays: move or cancel it if it has
/// to go.
#[derive(Debug, Serialize, ToSchema)]
struct AffectedBooking {
    id: BookingId,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    /// `outside_hours`, `holiday`, `time_off`, `blackout` or `paused`.
    #[schema(max_length = 40, example = "outside_hours", value_type = String)]
    reason: &'static str,
}

impl From<Affected> for AffectedBooking {
    fn from(affected: Affected) -> Self {
        Self {
            id: affected.booking,
            starts_at: affected.starts_at,
            reason: affected.reason.as_str(),
        }
    }
}

fn affected(bookings: Vec<Affected>) -> Vec<AffectedBooking> {
    bookings.into_iter().map(AffectedBooking::from).collect()
}
