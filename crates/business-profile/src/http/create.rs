use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Datelike, Utc};
use karya_core::{
    BusinessId, Check, Clock, Coordinates, EmailAddress, Invalid, MasterKey, Money, PhoneNumber,
    RegionCode, Rule, Text, Words,
};
use karya_db::Db;
use karya_reference::kbli::Vintage;
use karya_reference::{regions, subsectors};
use karya_web::{Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::BusinessView;
use crate::model::{
    BusinessRow, BusinessState, LegalForm, Nib, Nik, Npwp, OpeningPeriod, Slug, SocialLinks,
    opening_hours, website,
};
use crate::ops::{self, Profile, Registration};

const MAX_KBLI: usize = 20;
const MAX_FURTHER_SUBSECTORS: usize = 5;

const KBLI_FORM: Rule = Rule::Format(Words {
    id: "kode KBLI terdiri dari 5 angka",
    en: "must be a KBLI code: 5 digits",
});
const POSTAL_FORM: Rule = Rule::Format(Words {
    id: "kode pos terdiri dari 5 angka dan tidak berawalan 0",
    en: "must be a postal code: 5 digits, not starting with 0",
});
const STAFF_ONLY: Rule = Rule::Other {
    code: "staff_only",
    words: Words {
        id: "hanya dapat ditetapkan oleh petugas",
        en: "can be set by staff only",
    },
};
const VILLAGE_NEEDED: Rule = Rule::Other {
    code: "village_needed",
    words: Words {
        id: "harus kode desa atau kelurahan (4 bagian), contoh: 33.75.01.1004",
        en: "must be the code of a village (4 parts), such as 33.75.01.1004",
    },
};

/// A KBLI code with the edition that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KbliCode {
    #[schema(pattern = "^[0-9]{5}$", max_length = 5, example = "13134")]
    pub(crate) code: String,
    pub(crate) vintage: Vintage,
}

/// Where a business is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BusinessAddress {
    /// Kemendagri code of the desa or kelurahan.
    #[schema(
        pattern = r"^\d{2}\.\d{2}\.\d{2}\.\d{4}$",
        max_length = 13,
        example = "33.75.01.1004"
    )]
    pub(crate) region_code: String,
    #[schema(pattern = "^[1-9][0-9]{4}$", max_length = 5, example = "51112")]
    pub(crate) postal_code: String,
    /// Street and number, RT/RW.
    #[schema(
        min_length = 3,
        max_length = 200,
        example = "Jl. Sapuro No. 12, RT 003/RW 005"
    )]
    pub(crate) street: String,
    /// Patokan: what people look for on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, example = "Seberang masjid agung")]
    pub(crate) landmark: Option<String>,
}

/// A business to register.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Batik Pesisir Ibu Sari",
    "legal_form": "perorangan",
    "description_id": "Batik tulis pewarna alam dari Pekalongan.",
    "nib": "8120001234567",
    "kbli": [{ "code": "13134", "vintage": "2020" }],
    "main_subsector": "kriya",
    "further_subsectors": ["fesyen"],
    "declared_turnover": { "amount": 450_000_000, "currency": "IDR" },
    "founded_year": 1998,
    "phone": "0812-3456-7890",
    "address": { "region_code": "33.75.01.1004", "postal_code": "51112", "street": "Jl. Sapuro No. 12" },
    "location": { "latitude": -6.8886, "longitude": 109.6753 },
    "opening_hours": [{ "day": "monday", "opens": "08:00", "closes": "16:00" }],
}))]
pub(crate) struct CreateBusiness {
    #[schema(min_length = 2, max_length = 120)]
    pub(crate) name: String,
    /// Made from the name when absent.
    #[schema(
        nullable = false,
        min_length = 3,
        max_length = 80,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"
    )]
    pub(crate) slug: Option<String>,
    /// As in the deed, where it differs from the name.
    #[schema(nullable = false, min_length = 2, max_length = 160)]
    pub(crate) legal_name: Option<String>,
    pub(crate) legal_form: LegalForm,
    #[schema(nullable = false, max_length = 4000)]
    pub(crate) description_id: Option<String>,
    #[schema(nullable = false, max_length = 4000)]
    pub(crate) description_en: Option<String>,
    /// Nomor Induk Berusaha, 13 digits.
    #[schema(nullable = false, max_length = 40)]
    pub(crate) nib: Option<String>,
    /// 15 or 16 digits. Kept encrypted; shown as its last four digits.
    #[schema(nullable = false, max_length = 40)]
    pub(crate) npwp: Option<String>,
    /// NIK of the owner, 16 digits. Kept encrypted; shown as its last four digits.
    #[schema(nullable = false, max_length = 40)]
    pub(crate) nik: Option<String>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(crate) kbli: Vec<KbliCode>,
    /// Code of `GET /v1/reference/subsectors`.
    #[schema(max_length = 40)]
    pub(crate) main_subsector: String,
    #[serde(default)]
    #[schema(max_items = 5)]
    pub(crate) further_subsectors: Vec<String>,
    /// Capital without land and buildings.
    #[schema(nullable = false)]
    pub(crate) declared_capital: Option<Money>,
    /// Sales of a year.
    #[schema(nullable = false)]
    pub(crate) declared_turnover: Option<Money>,
    #[schema(nullable = false, minimum = 1800, maximum = 2200)]
    pub(crate) founded_year: Option<i32>,
    #[schema(nullable = false, max_length = 32)]
    pub(crate) phone: Option<String>,
    #[schema(nullable = false, max_length = 254, format = Email)]
    pub(crate) email: Option<String>,
    #[schema(nullable = false, max_length = 300)]
    pub(crate) website: Option<String>,
    #[serde(default)]
    pub(crate) social_links: SocialLinks,
    pub(crate) address: BusinessAddress,
    #[schema(nullable = false)]
    pub(crate) location: Option<Coordinates>,
    /// Show the exact point to everybody; otherwise it is rounded to about a kilometre.
    #[serde(default)]
    pub(crate) location_is_exact: bool,
    #[serde(default)]
    #[schema(max_items = 21)]
    pub(crate) opening_hours: Vec<OpeningPeriod>,
    /// `draft`, `active` (unless given) or `paused`.
    #[schema(nullable = false)]
    pub(crate) state: Option<BusinessState>,
}

impl CreateBusiness {
    /// Checks everything at once.
    pub(crate) fn parse(self, now: DateTime<Utc>) -> Result<(Profile, Registration), Invalid> {
        let mut check = Check::new();
        let registration = self.registration(&mut check);
        if self.state == Some(BusinessState::Suspended) {
            check.fail("/state", STAFF_ONLY);
        }
        let profile = self.profile(&mut check, now);
        check.finish(profile.zip(registration))
    }

    fn registration(&self, check: &mut Check) -> Option<Registration> {
        let nib = check.optional("/nib", self.nib.as_deref(), Nib::parse);
        let npwp = check.optional("/npwp", self.npwp.as_deref(), Npwp::parse);
        let nik = check.optional("/nik", self.nik.as_deref(), Nik::parse);
        let declared_capital = check.optional(
            "/declared_capital/amount",
            self.declared_capital,
            Money::checked,
        );
        let declared_turnover = check.optional(
            "/declared_turnover/amount",
            self.declared_turnover,
            Money::checked,
        );
        let legal_name = check.optional("/legal_name", self.legal_name.as_deref(), legal_name);
        Some(Registration {
            legal_name: legal_name?,
            nib: nib?,
            npwp: npwp?,
            nik: nik?,
            declared_capital: declared_capital?,
            declared_turnover: declared_turnover?,
        })
    }

    /// The public part; an update checks its result by this too.
    pub(super) fn profile(self, check: &mut Check, now: DateTime<Utc>) -> Option<Profile> {
        let line = |min, max| move |raw: String| Text::line(&raw, min, max).map(Text::into_string);
        let block = |raw: String| Text::block(&raw, 0, 4000).map(Text::into_string);
        let filled =
            |text: Option<Option<String>>| text.map(|text| text.filter(|text| !text.is_empty()));

        let name = check.field("/name", line(2, 120)(self.name));
        let slug_is_given = self.slug.is_some();
        let slug = check.optional("/slug", self.slug, |raw| {
            Slug::parse(&raw).map(Slug::into_string)
        });
        let description_id = filled(check.optional("/description_id", self.description_id, block));
        let description_en = filled(check.optional("/description_en", self.description_en, block));
        let (main_subsector, further_subsectors) =
            subsectors(check, &self.main_subsector, &self.further_subsectors);
        let kbli = kbli(check, &self.kbli);
        let this_year = now.year();
        let founded_year =
            check.optional(
                "/founded_year",
                self.founded_year,
                |year| match i16::try_from(year) {
                    Ok(short) if (1800..=this_year).contains(&year) => Ok(short),
                    _ => Err(Rule::OutOfRange {
                        min: 1800.0,
                        max: this_year.into(),
                    }),
                },
            );
        let phone = check.optional("/phone", self.phone, |raw| {
            PhoneNumber::parse(&raw).map(|p| p.as_str().to_owned())
        });
        let email = check.optional("/email", self.email, |raw| {
            EmailAddress::parse(&raw).map(|e| e.as_str().to_owned())
        });
        let website = check.optional("/website", self.website, |raw| website(&raw));
        let social_links = self.social_links.parse(check);
        let region_code = check.field("/address/region_code", village(&self.address.region_code));
        let postal_code = check.field(
            "/address/postal_code",
            postal_code(&self.address.postal_code),
        );
        let street = check.field("/address/street", line(3, 200)(self.address.street));
        let landmark =
            filled(check.optional("/address/landmark", self.address.landmark, line(0, 200)));
        let location = check.optional("/location", self.location, |at| {
            Coordinates::parse(at.latitude, at.longitude).and_then(Coordinates::in_indonesia)
        });
        let opening_hours = opening_hours(check, self.opening_hours);
        let location = location?;
        Some(Profile {
            row: BusinessRow {
                id: BusinessId::fresh(),
                slug: slug?.unwrap_or_default(),
                name: name?,
                legal_form: self.legal_form,
                description_id: description_id?,
                description_en: description_en?,
                main_subsector: main_subsector?.to_owned(),
                further_subsectors: further_subsectors?,
                kbli: kbli?,
                size_class: None,
                founded_year: founded_year?,
                phone: phone?,
                email: email?,
                website: website?,
                social_links: serde_json::json!(social_links?),
                region_code: region_code?,
                postal_code: postal_code?,
                street: street?,
                landmark: landmark?,
                latitude: location.map(|at| at.latitude),
                longitude: location.map(|at| at.longitude),
                location_is_exact: self.location_is_exact,
                opening_hours: serde_json::json!(opening_hours?),
                state: self.state.unwrap_or(BusinessState::Active),
                version: 1,
                created_at: now,
                updated_at: now,
            },
            slug_is_given,
        })
    }
}

pub(super) fn legal_name(raw: &str) -> Result<String, Rule> {
    Text::line(raw, 2, 160).map(Text::into_string)
}

fn subsectors(
    check: &mut Check,
    main: &str,
    further: &[String],
) -> (Option<&'static str>, Option<Vec<String>>) {
    let main = check.field("/main_subsector", subsectors::parse(main));
    if further.len() > MAX_FURTHER_SUBSECTORS {
        check.fail(
            "/further_subsectors",
            Rule::TooMany {
                max: MAX_FURTHER_SUBSECTORS,
            },
        );
        return (main, None);
    }
    let mut seen: Vec<&str> = main.into_iter().collect();
    let parsed = further.iter().enumerate().map(|(at, code)| {
        let code = subsectors::parse(code).and_then(|code| {
            if seen.contains(&code) {
                Err(Rule::Duplicate)
            } else {
                Ok(code)
            }
        });
        seen.extend(code.as_ref().ok());
        check.field(format!("/further_subsectors/{at}"), code.map(str::to_owned))
    });
    // All of them, so that every fault is reported.
    let parsed: Vec<Option<String>> = parsed.collect();
    (main, parsed.into_iter().collect())
}

fn kbli(check: &mut Check, codes: &[KbliCode]) -> Option<Vec<String>> {
    if codes.len() > MAX_KBLI {
        check.fail("/kbli", Rule::TooMany { max: MAX_KBLI });
        return None;
    }
    let mut seen: Vec<String> = Vec::new();
    for (at, KbliCode { code, vintage }) in codes.iter().enumerate() {
        let code = code.trim();
        let entry = format!("{vintage}:{code}");
        if code.len() != 5 || !code.bytes().all(|b| b.is_ascii_digit()) {
            check.fail(format!("/kbli/{at}/code"), KBLI_FORM);
        } else if seen.contains(&entry) {
            check.fail(format!("/kbli/{at}"), Rule::Duplicate);
        } else {
            seen.push(entry);
        }
    }
    (seen.len() == codes.len()).then_some(seen)
}

fn village(raw: &str) -> Result<String, Rule> {
    let code = RegionCode::parse(raw)?;
    if code.level() != karya_core::region::RegionLevel::Village {
        return Err(VILLAGE_NEEDED);
    }
    regions::find(code.as_str())
        .map(|region| region.code.to_owned())
        .ok_or(Rule::NotFound)
}

fn postal_code(raw: &str) -> Result<String, Rule> {
    let raw = raw.trim();
    let fits = raw.len() == 5 && raw.bytes().all(|b| b.is_ascii_digit()) && !raw.starts_with('0');
    if fits {
        Ok(raw.to_owned())
    } else {
        Err(POSTAL_FORM)
    }
}

/// Register a business
///
/// The caller becomes its owner. It is shown to everybody at once, unless `state` says otherwise; its identity
/// numbers count as self-declared until staff have reviewed them.
#[utoipa::path(tag = "businesses", security(("bearer" = [])), responses(
    (status = 201, description = "Registered", body = BusinessView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`business.slug_taken`, `business.nib_already_registered`, `business.npwp_already_registered`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/businesses")]
pub(crate) async fn create_business(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    master_key: Data<MasterKey>,
    body: Json<CreateBusiness>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let (profile, registration) = body.into_inner().parse(now)?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let found =
                ops::create(conn, now, &master_key, actor.user_id, profile, registration).await?;
            let view = BusinessView::for_member(found);
            let location = format!("/v1/businesses/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}
