//! The report of mentoring hours.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use karya_core::{BookingId, Clock, Lang, Rule, Words};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, FileBody, Locale, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::documents;
use crate::model::{SessionMode, Side};
use crate::ops::{self, Period, Session};
use crate::proof::report::{self, HoursRow};

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_mentoring_hours);
}

const DATE_FORM: Rule = Rule::Format(Words {
    id: "harus tanggal antara 2020 dan 2100, contoh: 2026-06-01",
    en: "must be a date between 2020 and 2100, such as 2026-06-01",
});
pub(super) const ORDER: Rule = Rule::Other {
    code: "before_from",
    words: Words {
        id: "tidak boleh sebelum from",
        en: "must not be before from",
    },
};

/// A date that no arithmetic overflows.
pub(super) fn sane(date: NaiveDate) -> Result<NaiveDate, Rule> {
    if (2020..=2100).contains(&date.year()) {
        Ok(date)
    } else {
        Err(DATE_FORM)
    }
}

karya_core::text_enum! {
    /// How a report is written.
    pub enum ReportFormat {
        Json = "json",
        /// Comma-separated values.
        Csv = "csv",
        /// An Excel workbook.
        Xlsx = "xlsx",
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HoursQuery {
    /// First date, on the caller's calendar.
    #[param(max_length = 10, example = "2026-01-01")]
    from: String,
    /// Last date.
    #[param(max_length = 10, example = "2026-12-31")]
    to: String,
    /// Only sessions in which the caller was this.
    #[param(nullable = false)]
    party: Option<Side>,
    /// `json` unless given.
    #[param(inline, nullable = false)]
    format: Option<ReportFormat>,
}

impl HoursQuery {
    fn period(&self) -> Result<Period, Problem> {
        let date = |name, raw: &str| {
            let date = raw.parse().map_err(|_not_one| DATE_FORM).and_then(sane);
            date.map_err(|rule| Problem::parameter(name, rule))
        };
        let (from, to) = (date("from", &self.from)?, date("to", &self.to)?);
        if to < from {
            return Err(Problem::parameter("to", ORDER));
        }
        Ok(Period { from, to })
    }
}

/// A completed session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoursEntry {
    booking_id: BookingId,
    /// On the caller's calendar.
    #[schema(value_type = String, format = Date)]
    date: NaiveDate,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[schema(minimum = 0)]
    minutes: u32,
    /// What the caller was in it.
    party: Side,
    #[schema(max_length = 100)]
    mentor_name: String,
    #[schema(max_length = 100)]
    mentee_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 120)]
    business_name: Option<String>,
    /// Code of the business's main subsector.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 40)]
    subsector: Option<String>,
    mode: SessionMode,
}

/// The sum on one side.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyHours {
    party: Side,
    #[schema(minimum = 0)]
    sessions: u32,
    #[schema(minimum = 0)]
    minutes: u32,
}

/// The sum in one subsector.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubsectorHours {
    /// Absent: sessions without a business.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 40)]
    subsector: Option<String>,
    /// Its name in the language of the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    #[schema(minimum = 0)]
    sessions: u32,
    #[schema(minimum = 0)]
    minutes: u32,
}

/// Completed sessions and their sums.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoursReport {
    #[schema(value_type = String, format = Date)]
    from: NaiveDate,
    #[schema(value_type = String, format = Date)]
    to: NaiveDate,
    #[schema(minimum = 0)]
    sessions: u32,
    #[schema(minimum = 0)]
    minutes: u32,
    #[schema(max_items = 2)]
    by_party: Vec<PartyHours>,
    #[schema(max_items = 20)]
    by_subsector: Vec<SubsectorHours>,
    /// By start, the earliest first.
    #[schema(max_items = 5000)]
    items: Vec<HoursEntry>,
}

impl HoursReport {
    fn new(sessions: Vec<Session>, period: Period, lang: Lang) -> Self {
        let by_party = ops::totals(&sessions, |session| session.side);
        let by_subsector = ops::totals(&sessions, |session| session.record.subsector.clone());
        Self {
            from: period.from,
            to: period.to,
            sessions: by_party.iter().map(|(_, count, _)| count).sum(),
            minutes: by_party.iter().map(|(_, _, minutes)| minutes).sum(),
            by_party: by_party
                .into_iter()
                .map(|(party, sessions, minutes)| PartyHours {
                    party,
                    sessions,
                    minutes,
                })
                .collect(),
            by_subsector: by_subsector
                .into_iter()
                .map(|(subsector, sessions, minutes)| SubsectorHours {
                    name: subsector.as_deref().map(|code| ops::label(code, lang)),
                    subsector,
                    sessions,
                    minutes,
                })
                .collect(),
            items: sessions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Session> for HoursEntry {
    fn from(session: Session) -> Self {
        let record = session.record;
        Self {
            booking_id: record.booking_id,
            date: session.date,
            starts_at: record.starts_at,
            minutes: session.minutes,
            party: session.side,
            mentor_name: record.mentor_name,
            mentee_name: record.mentee_name,
            business_name: record.business,
            subsector: record.subsector,
            mode: record.mode,
        }
    }
}

fn row(session: Session, lang: Lang) -> HoursRow {
    let pick = |id: &str, en: &str| if lang == Lang::Id { id } else { en }.to_owned();
    let record = session.record;
    HoursRow {
        date: session.date,
        mentor: record.mentor_name,
        mentee: record.mentee_name,
        business: record.business,
        subsector: record.subsector.map(|code| ops::label(&code, lang)),
        mode: match record.mode {
            SessionMode::Online => pick("daring", "online"),
            SessionMode::Phone => pick("telepon", "phone"),
            SessionMode::Chat => pick("obrolan", "chat"),
            SessionMode::InPerson => pick("tatap muka", "in person"),
        },
        minutes: session.minutes,
        status: pick("selesai", "completed"),
    }
}

/// Report my mentoring hours
///
/// Completed sessions by the date of their start on the caller's calendar, with sums in minutes by side and by the
/// subsector of the business. At most 5,000 sessions. As CSV or as an Excel workbook, too.
#[utoipa::path(tag = "proof", security(("bearer" = [])), params(HoursQuery), responses(
    CommonProblems,
    (status = 200, description = "The report", content((HoursReport = "application/json"), (String = "text/csv"), (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`mentoring_hours.too_many`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`certificate.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/me/mentoring-hours")]
pub(crate) async fn get_mentoring_hours(
    actor: Actor,
    locale: Locale,
    db: Data<Db>,
    clock: Data<Clock>,
    Query(query): Query<HoursQuery>,
) -> Result<HttpResponse, Problem> {
    let period = query.period()?;
    let Locale(lang) = locale;
    let reader = db.read_list().await?;
    let sessions = ops::sessions(&reader, actor.user_id, query.party, period).await?;
    let format = query.format.unwrap_or(ReportFormat::Json);
    let (content_type, now) = match format {
        ReportFormat::Json => {
            let report = HoursReport::new(sessions, period, lang);
            return Ok(Reply::ok(&report)?.into());
        }
        ReportFormat::Csv => ("text/csv; charset=utf-8", clock.now()),
        ReportFormat::Xlsx => (documents::XLSX, clock.now()),
    };
    let file = documents::make(move || {
        let rows: Vec<HoursRow> = sessions.into_iter().map(|each| row(each, lang)).collect();
        if format == ReportFormat::Csv {
            Ok(report::csv(&rows, lang))
        } else {
            report::xlsx(&rows, lang, now)
        }
    })
    .await?;
    let name = format!("karya-{}-{}.{format}", period.from, period.to);
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(file))
}
