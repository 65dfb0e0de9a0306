use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, patch};
use chrono::{DateTime, Utc};
use karya_core::{BusinessId, Check, Clock, Coordinates, Invalid, MasterKey, Money, Rule, Words};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, IfMatch, MergePatch, Patch, Problem, ProblemBody, Reply, or_current,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::{BusinessAddress, CreateBusiness, KbliCode, legal_name};
use super::show::read;
use super::view::{BusinessView, kbli_codes};
use crate::model::{
    BusinessRow, BusinessState, LegalForm, Nib, Nik, Npwp, OpeningPeriod, SocialLinks,
};
use crate::ops::{self, Profile, RegistrationChange};
use crate::queries::Key;

const STAFF_ONLY: Rule = Rule::Other {
    code: "staff_only",
    words: Words {
        id: "hanya dapat ditetapkan oleh petugas",
        en: "can be set by staff only",
    },
};

/// A change of a business. What is not mentioned stays; `null` clears. `address`, `location`, `social_links` and the
/// lists are replaced as wholes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "description_id": "Batik tulis dan cap.", "state": "paused" }))]
pub(crate) struct UpdateBusiness {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 2, max_length = 120)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 3, max_length = 80, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    slug: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 160)]
    legal_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = LegalForm, required = false)]
    legal_form: Patch<LegalForm>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 4000)]
    description_id: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 4000)]
    description_en: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 40)]
    nib: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 40)]
    npwp: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 40)]
    nik: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Vec<KbliCode>, required = false, max_items = 20)]
    kbli: Patch<Vec<KbliCode>>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 40)]
    main_subsector: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, max_items = 5)]
    further_subsectors: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Money, required = false)]
    declared_capital: Patch<Money>,
    #[serde(default)]
    #[schema(value_type = Money, required = false)]
    declared_turnover: Patch<Money>,
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 1800, maximum = 2200)]
    founded_year: Patch<i32>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 32)]
    phone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 254)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 300)]
    website: Patch<String>,
    #[serde(default)]
    #[schema(value_type = SocialLinks, required = false)]
    social_links: Patch<SocialLinks>,
    #[serde(default)]
    #[schema(value_type = BusinessAddress, required = false)]
    address: Patch<BusinessAddress>,
    #[serde(default)]
    #[schema(value_type = Coordinates, required = false)]
    location: Patch<Coordinates>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    location_is_exact: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Vec<OpeningPeriod>, required = false, max_items = 21)]
    opening_hours: Patch<Vec<OpeningPeriod>>,
    #[serde(default)]
    #[schema(value_type = BusinessState, required = false)]
    state: Patch<BusinessState>,
}

/// A sealed number: parsed if set, forgotten if cleared, untouched otherwise.
#[expect(
    clippy::option_option,
    reason = "outer: is it mentioned; inner: what it becomes"
)]
fn number<R, T>(
    check: &mut Check,
    pointer: &str,
    patch: Patch<R>,
    parse: impl FnOnce(R) -> Result<T, Rule>,
) -> Option<Option<T>> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(raw) => check.field(pointer, parse(raw)).map(Some),
    }
}

impl UpdateBusiness {
    /// The changed business, checked by the rules of registration.
    fn apply(
        self,
        current: &BusinessRow,
        now: DateTime<Utc>,
    ) -> Result<(Profile, RegistrationChange), Invalid> {
        let mut check = Check::new();
        let numbers = RegistrationChange {
            legal_name: number(&mut check, "/legal_name", self.legal_name, |raw| {
                legal_name(&raw)
            }),
            nib: number(&mut check, "/nib", self.nib, |raw| Nib::parse(&raw)),
            npwp: number(&mut check, "/npwp", self.npwp, |raw| Npwp::parse(&raw)),
            nik: number(&mut check, "/nik", self.nik, |raw| Nik::parse(&raw)),
            declared_capital: number(
                &mut check,
                "/declared_capital/amount",
                self.declared_capital,
                Money::checked,
            ),
            declared_turnover: number(
                &mut check,
                "/declared_turnover/amount",
                self.declared_turnover,
                Money::checked,
            ),
        };
        if self.state == Patch::Set(BusinessState::Suspended) {
            check.fail("/state", STAFF_ONLY);
        }
        let row = current.clone();
        let location = row.latitude.zip(row.longitude);
        let location = location.map(|(latitude, longitude)| Coordinates {
            latitude,
            longitude,
        });
        let address = BusinessAddress {
            region_code: row.region_code.clone(),
            postal_code: row.postal_code.clone(),
            street: row.street.clone(),
            landmark: row.landmark.clone(),
        };
        let kbli = kbli_codes(&row);
        let merged = CreateBusiness {
            name: self.name.required(&mut check, "/name", row.name),
            slug: Some(self.slug.required(&mut check, "/slug", row.slug)),
            legal_name: None,
            legal_form: self
                .legal_form
                .required(&mut check, "/legal_form", row.legal_form),
            description_id: self.description_id.apply(row.description_id),
            description_en: self.description_en.apply(row.description_en),
            nib: None,
            npwp: None,
            nik: None,
            kbli: self.kbli.apply(Some(kbli)).unwrap_or_default(),
            main_subsector: self.main_subsector.required(
                &mut check,
                "/main_subsector",
                row.main_subsector,
            ),
            further_subsectors: self
                .further_subsectors
                .apply(Some(row.further_subsectors))
                .unwrap_or_default(),
            declared_capital: None,
            declared_turnover: None,
            founded_year: self.founded_year.apply(row.founded_year.map(i32::from)),
            phone: self.phone.apply(row.phone),
            email: self.email.apply(row.email),
            website: self.website.apply(row.website),
            social_links: self
                .social_links
                .apply(serde_json::from_value(row.social_links).ok())
                .unwrap_or_default(),
            address: self.address.required(&mut check, "/address", address),
            location: self.location.apply(location),
            location_is_exact: self
                .location_is_exact
                .apply(Some(row.location_is_exact))
                .unwrap_or_default(),
            opening_hours: self
                .opening_hours
                .apply(serde_json::from_value(row.opening_hours).ok())
                .unwrap_or_default(),
            state: Some(self.state.required(&mut check, "/state", row.state)),
        };
        let profile = merged.profile(&mut check, now);
        check.finish(profile.map(|profile| (profile, numbers)))
    }
}

/// Change a business
///
/// Owners and managers. Needs `If-Match`, so that two people never overwrite each other's work. New identity numbers
/// count as self-declared again.
#[utoipa::path(tag = "businesses", security(("bearer" = [])), params(("business_id" = BusinessId, Path, description = "Id of the business")), request_body = UpdateBusiness, responses(
    (status = 200, description = "The changed business", body = BusinessView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`business.manager_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`business.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`business.slug_taken`, `business.nib_already_registered`, `business.npwp_already_registered`, `business.suspended`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/businesses/{business_id}")]
pub(crate) async fn update_business(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    master_key: Data<MasterKey>,
    id: Path<BusinessId>,
    body: MergePatch<UpdateBusiness>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let now = clock.now();
    let mut conn = db.conn().await?;
    let change = |current: &BusinessRow| body.0.apply(current, now);
    let user = actor.user_id;
    let done = ops::update(&mut conn, now, &master_key, user, (*id, expected), change).await;
    let found = or_current(done, async || read(&db, Key::Id(*id), Some(user)).await).await?;
    let view = BusinessView::for_member(found);
    Ok(Reply::ok(&view)?.version(view.version).into())
}
