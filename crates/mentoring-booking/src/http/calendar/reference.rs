use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use karya_core::{Clock, Lang, RegionCode, Rule, Words};
use karya_reference::regions;
use karya_web::{CommonProblems, Locale, Problem, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::hours::{CalendarDay, WeeklyWindow};
use crate::holidays::{self, Holiday, HolidayKind, HolidayStatus};

/// The data change with a release, hardly more often.
const CACHE: &str = "public, max-age=86400, stale-while-revalidate=604800";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HolidayFilter {
    /// Only this year.
    #[param(nullable = false, minimum = 2000, maximum = 2199, example = 2027)]
    year: Option<i32>,
    /// Kemendagri code: only holidays that hold there. Without it those of all regions.
    #[param(nullable = false, max_length = 13, example = "51.71")]
    region: Option<String>,
}

/// A holiday, on the calendar of its region.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HolidayView {
    #[schema(value_type = String, format = Date, example = "2027-03-10")]
    date: NaiveDate,
    /// In the language of the reply.
    #[schema(max_length = 120, example = "Idulfitri 1448 Hijriah", value_type = String)]
    name: &'static str,
    kind: HolidayKind,
    /// `perkiraan`: the date may still move.
    status: HolidayStatus,
    /// Kemendagri code of its province; absent: the whole country.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 13, example = "51", value_type = Option<String>)]
    region_code: Option<&'static str>,
    /// When a blackout begins.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    starts_at: Option<DateTime<Utc>>,
    /// When a blackout ends.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    ends_at: Option<DateTime<Utc>>,
    /// What decreed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, value_type = Option<String>)]
    decree: Option<&'static str>,
}

impl HolidayView {
    fn new(holiday: &'static Holiday, lang: Lang) -> Self {
        Self {
            date: holiday.local_date,
            name: if lang == Lang::Id {
                &holiday.name_id
            } else {
                &holiday.name_en
            },
            kind: holiday.kind,
            status: holiday.status,
            region_code: holiday.region_code.as_deref(),
            starts_at: holiday.starts_at,
            ends_at: holiday.ends_at,
            decree: holiday.decree.as_deref(),
        }
    }
}

/// Holidays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HolidayList {
    /// By date.
    #[schema(max_items = 1000)]
    items: Vec<HolidayView>,
}

/// List holidays
///
/// National ones, joint leave (cuti bersama), those of provinces, and the hours of Nyepi in which Bali is offline. All
/// at once, for the years that are known.
#[utoipa::path(tag = "reference", params(HolidayFilter), responses(
    (status = 200, description = "The holidays", body = HolidayList),
    CommonProblems,
))]
#[get("/holidays")]
pub(crate) async fn list_holidays(
    Locale(lang): Locale,
    Query(filter): Query<HolidayFilter>,
) -> Result<HttpResponse, Problem> {
    let region = filter
        .region
        .as_deref()
        .map(|raw| {
            let code = RegionCode::parse(raw)?;
            regions::find(code.as_str()).ok_or(Rule::NotFound)
        })
        .transpose()
        .map_err(|rule| Problem::parameter("region", rule))?;
    if filter
        .year
        .is_some_and(|year| !(2000..=2199).contains(&year))
    {
        let (min, max) = (2000.0, 2199.0);
        return Err(Problem::parameter("year", Rule::OutOfRange { min, max }));
    }
    let holds = |holiday: &&Holiday| {
        let in_year = filter
            .year
            .is_none_or(|year| holiday.local_date.year() == year);
        let province = holiday.region_code.as_deref().unwrap_or_default();
        in_year && region.is_none_or(|region| region.code.starts_with(province))
    };
    let items = holidays::all()
        .iter()
        .filter(holds)
        .map(|holiday| HolidayView::new(holiday, lang))
        .collect();
    Ok(Reply::ok(&HolidayList { items })?
        .header(header::CACHE_CONTROL.as_str(), CACHE)
        .into())
}

/// Ready-made hours for a calendar.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarPreset {
    /// Stable; for programs.
    #[schema(max_length = 40, example = "ramadan_2027")]
    key: String,
    /// In the language of the reply.
    #[schema(max_length = 80, example = "Ramadan 2027")]
    name: String,
    /// In the language of the reply.
    #[schema(max_length = 300, value_type = String)]
    description: &'static str,
    /// Present where the preset is a dated schedule; without dates it is for the usual week.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date, example = "2027-02-08")]
    valid_from: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date, example = "2027-03-09")]
    valid_to: Option<NaiveDate>,
    /// `perkiraan`: the dates may still move with the sighting of the moon.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<HolidayStatus>,
    #[schema(max_items = 84)]
    weekly: Vec<WeeklyWindow>,
}

/// Ready-made hours.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarPresetList {
    #[schema(max_items = 20)]
    items: Vec<CalendarPreset>,
}

/// Monday to Thursday, and Friday, with the break for the Friday prayer.
fn week(days: &[(&str, &str)], friday: &[(&str, &str)]) -> Vec<WeeklyWindow> {
    use CalendarDay::{Friday, Monday, Thursday, Tuesday, Wednesday};
    [Monday, Tuesday, Wednesday, Thursday, Friday]
        .into_iter()
        .flat_map(|day| {
            let windows = if day == Friday { friday } else { days };
            windows.iter().map(move |(opens, closes)| WeeklyWindow {
                day,
                opens: (*opens).to_owned(),
                closes: (*closes).to_owned(),
            })
        })
        .collect()
}

/// The months of Ramadan that end after `today`: the thirty days before each Idulfitri that is known. A month of 29
/// days starts one day later, which is why all of them are estimates.
fn ramadans(today: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let mut eids: Vec<NaiveDate> = holidays::all()
        .iter()
        .filter(|h| h.kind == HolidayKind::National && h.name_id.starts_with("Idulfitri"))
        .map(|h| h.local_date)
        .collect();
    // The second day of each is a holiday too.
    eids.dedup_by(|later, earlier| (*later - *earlier).num_days() == 1);
    eids.into_iter()
        .filter_map(|eid| eid.checked_sub_days(Days::new(30)).zip(eid.pred_opt()))
        .filter(|(_, last)| today <= *last)
        .collect()
}

/// List calendar presets
///
/// Hours to copy into `PUT /v1/me/calendar`: the usual week with the break for the Friday prayer, and the shorter days
/// of Ramadan, as a dated schedule. Dates of Ramadan are estimates (`perkiraan`).
#[utoipa::path(tag = "reference", responses(
    (status = 200, description = "The presets", body = CalendarPresetList),
    CommonProblems,
))]
#[get("/reference/calendar-presets")]
pub(crate) async fn list_calendar_presets(
    Locale(lang): Locale,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    const FRIDAY: (Words, Words) = (
        Words {
            id: "Hari kerja dengan jeda salat Jumat",
            en: "Weekdays with a break for the Friday prayer",
        },
        Words {
            id: "Senin sampai Jumat 09.00–17.00; Jumat istirahat 11.30–13.00.",
            en: "Monday to Friday 09:00–17:00; on Friday a break from 11:30 to 13:00.",
        },
    );
    const RAMADAN: Words = Words {
        id: "Jam lebih pendek selama Ramadan, selesai jauh sebelum berbuka. Tanggalnya perkiraan.",
        en: "Shorter days during Ramadan, done well before the breaking of the fast. The dates are estimates.",
    };
    let mut items = vec![CalendarPreset {
        key: "friday_prayer".into(),
        name: lang.pick(FRIDAY.0).into(),
        description: lang.pick(FRIDAY.1),
        valid_from: None,
        valid_to: None,
        status: None,
        weekly: week(
            &[("09:00", "17:00")],
            &[("09:00", "11:30"), ("13:00", "17:00")],
        ),
    }];
    for (first, last) in ramadans(clock.now().date_naive()) {
        items.push(CalendarPreset {
            key: format!("ramadan_{}", last.year()),
            name: format!("Ramadan {}", last.year()),
            description: lang.pick(RAMADAN),
            valid_from: Some(first),
            valid_to: Some(last),
            status: Some(HolidayStatus::Perkiraan),
            weekly: week(
                &[("08:00", "12:00"), ("12:30", "15:00")],
                &[("08:00", "11:30"), ("12:30", "15:30")],
            ),
        });
    }
    Ok(Reply::ok(&CalendarPresetList { items })?
        .header(header::CACHE_CONTROL.as_str(), CACHE)
        .into())
}

#[cfg(test)]
mod tests {
    use super::ramadans;

    #[test]
    fn ramadan_is_the_thirty_days_before_idulfitri() {
        let date = |text: &str| text.parse().unwrap();
        assert_eq!(
            ramadans(date("2026-06-01")),
            [(date("2027-02-08"), date("2027-03-09"))]
        );
        assert_eq!(ramadans(date("2026-01-01")).len(), 2);
        assert_eq!(ramadans(date("2027-03-10")), []);
    }
}
