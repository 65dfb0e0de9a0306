use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use karya_core::{Check, Clock, Invalid, RegionCode, Rule, Text, Words};
use karya_db::Db;
use karya_reference::{regions, subsectors};
use karya_web::{Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::MentorView;
use crate::model::{Language, MentorProfile, tag};
use crate::ops;

const MAX_EXPERTISE: usize = 15;
const MAX_SUBSECTORS: usize = 17;
const MAX_LANGUAGES: usize = 10;
const MAX_REGIONS: usize = 20;

const LANGUAGE: Rule = Rule::Other {
    code: "not_found",
    words: Words {
        id: "bukan kode bahasa yang dikenal; lihat skema",
        en: "is not a language code that we know; see the schema",
    },
};

const MUST_ACCEPT: Rule = Rule::Other {
    code: "must_accept",
    words: Words {
        id: "harus disetujui",
        en: "must be accepted",
    },
};

/// An application as a mentor.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "headline": "Pendamping ekspor kriya",
    "about": "Dua belas tahun mengekspor kerajinan dari Bali.",
    "expertise": ["ekspor", "pemasaran digital"],
    "subsectors": ["kriya", "fesyen"],
    "languages": ["id", "ban", "en"],
    "regions": ["51.71"],
    "accept_code_of_ethics": true,
}))]
pub(crate) struct CreateMentor {
    #[schema(min_length = 3, max_length = 120)]
    pub(super) headline: String,
    #[schema(nullable = false, max_length = 4000)]
    pub(super) about: Option<String>,
    /// Free tags of at most 40 characters; kept in lower case, their words joined by `_`.
    #[schema(min_items = 1, max_items = 15)]
    pub(super) expertise: Vec<String>,
    /// Codes of `GET /v1/reference/subsectors`.
    #[schema(min_items = 1, max_items = 17)]
    pub(super) subsectors: Vec<String>,
    /// `id`, `en`, `jv`, `su`, `min`, `bug`, `ban`, `mad`, `ace`, `bjn`, `bbc`, `mak`, `sas`, `ms`, `pmy`, `zh`, `ja`,
    /// `ar`, `inl`.
    #[schema(min_items = 1, max_items = 10)]
    pub(super) languages: Vec<String>,
    /// Kemendagri codes, of any level, in which the mentor meets people in person.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(super) regions: Vec<String>,
    /// That what is said stays with those who said it, and that mentors ask for no money.
    pub(super) accept_code_of_ethics: bool,
}

impl CreateMentor {
    fn parse(self) -> Result<MentorProfile, Invalid> {
        let mut check = Check::new();
        if !self.accept_code_of_ethics {
            check.fail("/accept_code_of_ethics", MUST_ACCEPT);
        }
        let profile = self.profile(&mut check);
        check.finish(profile)
    }

    /// What stays; an update checks its result by this too.
    pub(super) fn profile(self, check: &mut Check) -> Option<MentorProfile> {
        let headline = Text::line(&self.headline, 3, 120).map(Text::into_string);
        let headline = check.field("/headline", headline);
        let about = check.optional("/about", self.about, |raw| {
            Text::block(&raw, 0, 4000).map(Text::into_string)
        });
        let expertise = list(
            check,
            "/expertise",
            &self.expertise,
            (1, MAX_EXPERTISE),
            tag,
        );
        let subsector = |raw: &str| subsectors::parse(raw).map(str::to_owned);
        let subsectors = list(
            check,
            "/subsectors",
            &self.subsectors,
            (1, MAX_SUBSECTORS),
            subsector,
        );
        let languages = list(
            check,
            "/languages",
            &self.languages,
            (1, MAX_LANGUAGES),
            language,
        );
        let regions = list(check, "/regions", &self.regions, (0, MAX_REGIONS), |raw| {
            region(raw).map(|code| code.as_str().to_owned())
        });
        Some(MentorProfile {
            headline: headline?,
            about: about?.filter(|about| !about.is_empty()),
            expertise: expertise?,
            subsectors: subsectors?,
            languages: languages?,
            regions: regions?,
        })
    }
}

pub(super) fn language(raw: &str) -> Result<String, Rule> {
    Language::from_text(raw)
        .map(|language| language.as_str().to_owned())
        .ok_or(LANGUAGE)
}

pub(super) fn region(raw: &str) -> Result<RegionCode, Rule> {
    let code = RegionCode::parse(raw)?;
    if regions::find(code.as_str()).is_some() {
        Ok(code)
    } else {
        Err(Rule::NotFound)
    }
}

/// Every value parsed, none twice, not too many.
fn list(
    check: &mut Check,
    pointer: &str,
    raw: &[String],
    (min, max): (usize, usize),
    parse: impl Fn(&str) -> Result<String, Rule>,
) -> Option<Vec<String>> {
    if raw.len() > max {
        check.fail(pointer, Rule::TooMany { max });
        return None;
    }
    if raw.len() < min {
        check.fail(pointer, Rule::Required);
        return None;
    }
    let mut values: Vec<String> = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        let value = parse(raw).and_then(|value| {
            if values.contains(&value) {
                Err(Rule::Duplicate)
            } else {
                Ok(value)
            }
        });
        values.extend(check.field(format!("{pointer}/{at}"), value));
    }
    (values.len() == raw.len()).then_some(values)
}

/// Apply as a mentor
///
/// Staff review the application and mail the applicant. Offerings and hours can be prepared meanwhile.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), responses(
    (status = 201, description = "Applied", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentor.already_applied`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentors")]
pub(crate) async fn create_mentor(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<CreateMentor>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let user = actor.user_id;
    let profile = body.into_inner().parse()?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let found = ops::mentors::apply(conn, now, user, profile).await?;
            let view = MentorView::full(found);
            let location = format!("/v1/mentors/{user}");
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}
