use chrono::{DateTime, Utc};
use karya_core::UserId;
use karya_reference::regions;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{MentorRow, MentorState, MentorSummaryRow};
use crate::queries::mentors::Found;

/// Where a mentor meets people in person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorRegion {
    /// Kemendagri code, of any level.
    #[schema(max_length = 13, example = "51.71")]
    code: String,
    #[schema(max_length = 100, example = "Kota Denpasar")]
    name: String,
}

pub(super) fn named(codes: Vec<String>) -> Vec<MentorRegion> {
    let named = |code: String| MentorRegion {
        name: regions::find(&code).map_or_else(String::new, |region| region.name.to_owned()),
        code,
    };
    codes.into_iter().map(named).collect()
}

/// With one decimal; none before the first rating.
fn average(sum: i32, count: i32) -> Option<f64> {
    (count > 0).then(|| (f64::from(sum) / f64::from(count) * 10.0).round() / 10.0)
}

/// A mentor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorView {
    /// The id of the account too.
    id: UserId,
    #[schema(max_length = 100, example = "Made Suartika")]
    display_name: String,
    #[schema(max_length = 120, example = "Pendamping ekspor kriya")]
    headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4000)]
    about: Option<String>,
    #[schema(max_items = 15, example = json!(["ekspor", "pemasaran_digital"]))]
    expertise: Vec<String>,
    /// Codes of `GET /v1/reference/subsectors`.
    #[schema(max_items = 17, example = json!(["kriya"]))]
    subsectors: Vec<String>,
    /// ISO 639 codes.
    #[schema(max_items = 10, example = json!(["id", "ban"]))]
    languages: Vec<String>,
    /// Where the mentor meets people in person.
    #[schema(max_items = 20)]
    regions: Vec<MentorRegion>,
    /// Median time to answer a request, over the last fifty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 95)]
    response_minutes: Option<i32>,
    #[schema(minimum = 0)]
    completed_sessions: i32,
    /// Of five, with one decimal; absent before the first rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 5, example = 4.7)]
    rating_average: Option<f64>,
    #[schema(minimum = 0)]
    rating_count: i32,
    /// Everybody but the mentor and the staff sees `approved` mentors only.
    state: MentorState,
    /// What staff wrote about their last decision; for the mentor and the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    review_note: Option<String>,
    /// When staff last decided; for the mentor and the staff.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    reviewed_at: Option<DateTime<Utc>>,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    pub(crate) version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl MentorView {
    /// For the mentor and the staff.
    pub(crate) fn full((row, display_name, _): Found) -> Self {
        let MentorRow {
            user_id,
            state,
            headline,
            about,
            expertise,
            subsectors,
            languages,
            regions,
            review_note,
            reviewed_at,
            response_minutes,
            completed_sessions,
            rating_sum,
            rating_count,
            version,
            created_at,
            updated_at,
            ..
        } = row;
        Self {
            id: user_id,
            display_name,
            headline,
            about,
            expertise,
            subsectors,
            languages,
            regions: named(regions),
            response_minutes,
            completed_sessions,
            rating_average: average(rating_sum, rating_count),
            rating_count,
            state,
            review_note,
            reviewed_at,
            version,
            created_at,
            updated_at,
        }
    }

    /// For everybody else: what staff wrote is nobody's business.
    pub(crate) fn public(found: Found) -> Self {
        Self {
            review_note: None,
            reviewed_at: None,
            ..Self::full(found)
        }
    }
}

/// A page of mentors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorPage {
    #[schema(max_items = 100)]
    pub(crate) items: Vec<MentorView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    pub(crate) next_cursor: Option<String>,
}

/// A mentor in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorSummary {
    /// The id of the account too.
    id: UserId,
    #[schema(max_length = 100, example = "Made Suartika")]
    display_name: String,
    #[schema(max_length = 120, example = "Pendamping ekspor kriya")]
    headline: String,
    #[schema(max_items = 15, example = json!(["ekspor", "pemasaran_digital"]))]
    expertise: Vec<String>,
    /// Codes of `GET /v1/reference/subsectors`.
    #[schema(max_items = 17, example = json!(["kriya"]))]
    subsectors: Vec<String>,
    /// ISO 639 codes.
    #[schema(max_items = 10, example = json!(["id", "ban"]))]
    languages: Vec<String>,
    /// Where the mentor meets people in person.
    #[schema(max_items = 20)]
    regions: Vec<MentorRegion>,
    /// Median time to answer a request, over the last fifty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 95)]
    response_minutes: Option<i32>,
    #[schema(minimum = 0)]
    completed_sessions: i32,
    /// Of five, with one decimal; absent before the first rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 5, example = 4.7)]
    rating_average: Option<f64>,
    #[schema(minimum = 0)]
    rating_count: i32,
}

impl MentorSummary {
    pub(crate) fn new(row: MentorSummaryRow, display_name: String) -> Self {
        Self {
            id: row.user_id,
            display_name,
            headline: row.headline,
            expertise: row.expertise,
            subsectors: row.subsectors,
            languages: row.languages,
            regions: named(row.regions),
            response_minutes: row.response_minutes,
            completed_sessions: row.completed_sessions,
            rating_average: average(row.rating_sum, row.rating_count),
            rating_count: row.rating_count,
        }
    }
}
