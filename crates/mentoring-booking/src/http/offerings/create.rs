use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Invalid, OfferingId, Rule, Text, UserId, Words};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::view::OfferingView;
use crate::http::calendar::{WeeklyWindow, parse_weekly};
use crate::model::{OfferingRow, Question, SessionMode, joined};
use crate::ops;

const MAX_DURATIONS: usize = 6;
const MAX_QUESTIONS: usize = 10;

const URL_FORM: Rule = Rule::Format(Words {
    id: "harus alamat https, contoh: https://meet.example.org/{code}",
    en: "must be an https address, such as https://meet.example.org/{code}",
});
const KEY_FORM: Rule = Rule::Format(Words {
    id: "1 sampai 40 huruf kecil, angka, dan _",
    en: "takes 1 to 40 small letters, digits and _",
});

const fn interval() -> i32 {
    30
}

const fn notice() -> i32 {
    12 * 60
}

const fn horizon() -> i32 {
    60
}

const fn cancel_notice() -> i32 {
    24 * 60
}

const fn yes() -> bool {
    true
}

/// An offering to add.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Klinik ekspor",
    "description": "Kita periksa dokumen dan harga ekspor Anda.",
    "mode": "online",
    "durations": [60, 30],
    "meeting_url": "https://meet.example.org/{code}",
    "questions": [{ "key": "omzet", "label": "Berapa omzet usaha Anda sebulan?", "required": false }],
}))]
pub(crate) struct CreateOffering {
    #[schema(min_length = 3, max_length = 120)]
    pub(super) title: String,
    #[schema(nullable = false, max_length = 2000)]
    pub(super) description: Option<String>,
    pub(super) mode: SessionMode,
    /// How long a session can be, in minutes, each from 5 to 480; the first is usual.
    #[schema(min_items = 1, max_items = 6)]
    pub(super) durations: Vec<i32>,
    /// Sessions start every so many minutes; 30 unless given.
    #[serde(default = "interval")]
    #[schema(minimum = 5, maximum = 480)]
    pub(super) interval_min: i32,
    /// Minutes to keep free before a session.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 240)]
    pub(super) before_min: i32,
    /// Minutes to keep free after a session.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 240)]
    pub(super) after_min: i32,
    /// How many minutes ahead one books at the latest; 720 unless given.
    #[serde(default = "notice")]
    #[schema(minimum = 0, maximum = 43_200)]
    pub(super) notice_min: i32,
    /// How many days ahead one books at the earliest; 60 unless given.
    #[serde(default = "horizon")]
    #[schema(minimum = 1, maximum = 365)]
    pub(super) horizon_days: i32,
    /// Whether the mentor answers each request; otherwise sessions are confirmed at once.
    #[serde(default)]
    pub(super) needs_approval: bool,
    /// Who cancels later than so many minutes before the start counts as late; 1440 unless given.
    #[serde(default = "cancel_notice")]
    #[schema(minimum = 0, maximum = 43_200)]
    pub(super) cancel_notice_min: i32,
    /// Address of the video room, by https; `{code}` stands for the code of the booking.
    #[schema(nullable = false, max_length = 300)]
    pub(super) meeting_url: Option<String>,
    /// Where people meet; required for `in_person`.
    #[schema(nullable = false, max_length = 300)]
    pub(super) place: Option<String>,
    /// What mentees answer when they book.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub(super) questions: Vec<Question>,
    /// The hours of a week in which it is given, on the clock of the mentor's calendar: it can be booked where they
    /// and the mentor's own hours meet. None: in all of those.
    #[serde(default)]
    #[schema(max_items = 84)]
    pub(super) weekly: Vec<WeeklyWindow>,
    /// Whether it can be booked, once its mentor is approved; true unless given.
    #[serde(default = "yes")]
    pub(super) active: bool,
}

impl CreateOffering {
    pub(crate) fn parse(self, mentor: UserId, now: DateTime<Utc>) -> Result<OfferingRow, Invalid> {
        let mut check = Check::new();
        let row = self.row(&mut check, mentor, now);
        check.finish(row)
    }

    /// An update checks its result by this too.
    pub(super) fn row(
        self,
        check: &mut Check,
        mentor: UserId,
        now: DateTime<Utc>,
    ) -> Option<OfferingRow> {
        let title = Text::line(&self.title, 3, 120).map(Text::into_string);
        let title = check.field("/title", title);
        let description = check.optional("/description", self.description, |raw| {
            Text::block(&raw, 0, 2000).map(Text::into_string)
        });
        let durations = durations(check, &self.durations);
        let interval_min = check.field("/interval_min", short(self.interval_min, 5, 480));
        let before_min = check.field("/before_min", short(self.before_min, 0, 240));
        let after_min = check.field("/after_min", short(self.after_min, 0, 240));
        let notice_min = check.field("/notice_min", within(self.notice_min, 0, 43_200));
        let horizon_days = check.field("/horizon_days", short(self.horizon_days, 1, 365));
        let cancel_notice_min = check.field(
            "/cancel_notice_min",
            within(self.cancel_notice_min, 0, 43_200),
        );
        let meeting_url = check.optional("/meeting_url", self.meeting_url, |raw| room(&raw));
        let place = check.optional("/place", self.place, |raw| {
            Text::line(&raw, 0, 300).map(Text::into_string)
        });
        let place = place.map(|place| place.filter(|place| !place.is_empty()));
        if self.mode == SessionMode::InPerson && place == Some(None) {
            check.fail("/place", Rule::Required);
        }
        let questions = questions(check, self.questions);
        let weekly = parse_weekly(check, "/weekly", &self.weekly);
        Some(OfferingRow {
            id: OfferingId::fresh(),
            mentor_id: mentor,
            title: title?,
            description: description?.filter(|text| !text.is_empty()),
            mode: self.mode,
            durations: durations?,
            interval_min: interval_min?,
            before_min: before_min?,
            after_min: after_min?,
            notice_min: notice_min?,
            horizon_days: horizon_days?,
            needs_approval: self.needs_approval,
            cancel_notice_min: cancel_notice_min?,
            meeting_url: meeting_url?,
            place: place?,
            questions: serde_json::json!(questions?),
            active: self.active,
            version: 1,
            created_at: now,
            updated_at: now,
            weekly: joined(&weekly?),
        })
    }
}

fn within(value: i32, min: i32, max: i32) -> Result<i32, Rule> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Rule::OutOfRange {
            min: min.into(),
            max: max.into(),
        })
    }
}

fn short(value: i32, min: i16, max: i16) -> Result<i16, Rule> {
    within(value, min.into(), max.into()).map(|value| i16::try_from(value).unwrap_or(min))
}

fn durations(check: &mut Check, raw: &[i32]) -> Option<Vec<i16>> {
    if raw.is_empty() {
        check.fail("/durations", Rule::Required);
        return None;
    }
    if raw.len() > MAX_DURATIONS {
        check.fail("/durations", Rule::TooMany { max: MAX_DURATIONS });
        return None;
    }
    let mut durations = Vec::new();
    for (at, minutes) in raw.iter().enumerate() {
        let minutes = short(*minutes, 5, 480).and_then(|minutes| {
            if durations.contains(&minutes) {
                Err(Rule::Duplicate)
            } else {
                Ok(minutes)
            }
        });
        durations.extend(check.field(format!("/durations/{at}"), minutes));
    }
    (durations.len() == raw.len()).then_some(durations)
}

fn questions(check: &mut Check, raw: Vec<Question>) -> Option<Vec<Question>> {
    if raw.len() > MAX_QUESTIONS {
        check.fail("/questions", Rule::TooMany { max: MAX_QUESTIONS });
        return None;
    }
    let count = raw.len();
    let mut questions: Vec<Question> = Vec::new();
    for (at, question) in raw.into_iter().enumerate() {
        let is_key = (1..=40).contains(&question.key.len())
            && question
                .key
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !is_key {
            check.fail(format!("/questions/{at}/key"), KEY_FORM);
        } else if questions.iter().any(|other| other.key == question.key) {
            check.fail(format!("/questions/{at}/key"), Rule::Duplicate);
        }
        let label = Text::line(&question.label, 1, 200).map(Text::into_string);
        let label = check.field(format!("/questions/{at}/label"), label);
        questions.extend(label.map(|label| Question { label, ..question }));
    }
    (questions.len() == count).then_some(questions)
}

/// The address of a video room. It goes into mails, so nothing but plain addresses passes.
fn room(raw: &str) -> Result<String, Rule> {
    let raw = raw.trim();
    if raw.len() > 300 {
        return Err(Rule::TooLong { max: 300 });
    }
    let filled = raw.replace("{code}", "7F3K9Q2M");
    let is_plain = filled.bytes().all(|b| {
        b.is_ascii_graphic()
            && !matches!(
                b,
                b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`' | b'{' | b'}' | b'|' | b'^'
            )
    });
    let url = Url::parse(&filled).map_err(|_invalid| URL_FORM)?;
    let has_domain = url
        .domain()
        .is_some_and(|domain| domain.contains('.') && !domain.ends_with('.'));
    let fits = is_plain
        && raw.starts_with("https://")
        && has_domain
        && url.username().is_empty()
        && url.password().is_none();
    if fits {
        Ok(raw.to_owned())
    } else {
        Err(URL_FORM)
    }
}

/// Add an offering
///
/// The public sees it once its mentor is approved. At most twenty are open at once.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), responses(
    (status = 201, description = "Added", body = OfferingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`mentor.required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`offering.too_many`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/offerings")]
pub(crate) async fn create_offering(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<CreateOffering>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let user = actor.user_id;
    let row = body.into_inner().parse(user, now)?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::offerings::create(conn, now, row).await?;
            let view = OfferingView::new(row, Some(user));
            let location = format!("/v1/offerings/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn only_plain_https_addresses_are_rooms() {
        for good in [
            "https://meet.example.org/{code}",
            "https://meet.example.org/karya-{code}?lang=id#a",
        ] {
            assert_eq!(room(good), Ok(good.to_owned()));
        }
        for bad in [
            "http://meet.example.org/x",
            "HTTPS://meet.example.org/x",
            "javascript:alert(1)",
            "https://localhost/x",
            "https://10.0.0.1/x",
            "https://a:b@meet.example.org/",
            "https://meet.example.org/{name}",
            "https://meet.example.org/\"onclick=",
            "https://meet.example.org/a b",
            "https://meet.example.org/\u{202e}",
            "",
        ] {
            assert!(room(bad).is_err(), "{bad}");
        }
    }
}
