use chrono::{DateTime, Utc};
use karya_core::{BusinessId, Coordinates, Money, RegionCode, Timezone};
use karya_reference::kbli::Vintage;
use karya_reference::regions;
use serde::Serialize;
use utoipa::ToSchema;

use super::create::{BusinessAddress, KbliCode};
use crate::model::{
    BusinessRow, BusinessState, LegalForm, MemberRole, OpeningPeriod, RegistrationRow,
    RegistrationStatus, SizeClass, SocialLinks, SummaryRow,
};
use crate::queries::Found;

/// A region above the address, or the address's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusinessRegion {
    /// Kemendagri code.
    #[schema(max_length = 13, example = "33.75", value_type = String)]
    code: &'static str,
    #[schema(max_length = 100, example = "Kota Pekalongan", value_type = String)]
    name: &'static str,
}

fn region_path(code: &str) -> Vec<BusinessRegion> {
    regions::path(code)
        .map(|region| BusinessRegion {
            code: region.code,
            name: region.name,
        })
        .collect()
}

/// The point as the viewer may know it.
fn shown_location(
    latitude: Option<f64>,
    longitude: Option<f64>,
    exact: bool,
) -> Option<Coordinates> {
    let (latitude, longitude) = latitude.zip(longitude)?;
    let at = Coordinates {
        latitude,
        longitude,
    };
    Some(if exact { at } else { at.rounded() })
}

/// Identity numbers and declarations, masked. Only members get it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusinessRegistration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 13, example = "8120001234567")]
    nib: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4, example = "1000")]
    npwp_last4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4, example = "0001")]
    nik_last4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    declared_capital: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    declared_turnover: Option<Money>,
}

impl From<RegistrationRow> for BusinessRegistration {
    fn from(row: RegistrationRow) -> Self {
        Self {
            nib: row.nib,
            npwp_last4: row.npwp_last4,
            nik_last4: row.nik_last4,
            declared_capital: row.declared_capital.map(Money::rupiah),
            declared_turnover: row.declared_turnover.map(Money::rupiah),
        }
    }
}

/// A business.
#[derive(Debug, Serialize, ToSchema)]
pub struct BusinessView {
    pub id: BusinessId,
    #[schema(max_length = 80, example = "batik-pesisir-ibu-sari")]
    slug: String,
    #[schema(max_length = 120, example = "Batik Pesisir Ibu Sari")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 160)]
    legal_name: Option<String>,
    legal_form: LegalForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4000)]
    description_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4000)]
    description_en: Option<String>,
    #[schema(max_length = 40, example = "kriya")]
    main_subsector: String,
    #[schema(max_items = 5)]
    further_subsectors: Vec<String>,
    #[schema(max_items = 20)]
    kbli: Vec<KbliCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size_class: Option<SizeClass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1800, maximum = 2200, example = 1998)]
    founded_year: Option<i16>,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 16, example = "+6281234567890")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 254, format = Email)]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    website: Option<String>,
    social_links: SocialLinks,
    address: BusinessAddress,
    /// From the province down to the village of the address.
    #[schema(max_items = 4)]
    regions: Vec<BusinessRegion>,
    timezone: Timezone,
    /// Rounded to about a kilometre, unless the owner shows it exactly or the caller is a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    location: Option<Coordinates>,
    location_is_exact: bool,
    #[schema(max_items = 21)]
    opening_hours: Vec<OpeningPeriod>,
    state: BusinessState,
    /// How far its identity numbers are proved.
    registration_status: RegistrationStatus,
    /// Only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    registration: Option<BusinessRegistration>,
    /// What the caller is in this business; absent for strangers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    my_role: Option<MemberRole>,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    pub(crate) version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl BusinessView {
    /// The whole of it for a member, the public part for anyone else.
    pub(crate) fn for_member((row, registration, my_role): Found) -> Self {
        let is_member = my_role.is_some();
        let location = shown_location(
            row.latitude,
            row.longitude,
            row.location_is_exact || is_member,
        );
        let timezone = RegionCode::parse(&row.region_code)
            .ok()
            .and_then(|code| regions::timezone(&code));
        Self {
            kbli: kbli_codes(&row),
            regions: region_path(&row.region_code),
            timezone: timezone.unwrap_or(Timezone::Jakarta),
            location,
            social_links: serde_json::from_value(row.social_links).unwrap_or_default(),
            opening_hours: serde_json::from_value(row.opening_hours).unwrap_or_default(),
            legal_name: registration.legal_name.clone(),
            registration_status: registration.status,
            registration: is_member.then(|| registration.into()),
            my_role,
            id: row.id,
            slug: row.slug,
            name: row.name,
            legal_form: row.legal_form,
            description_id: row.description_id,
            description_en: row.description_en,
            main_subsector: row.main_subsector,
            further_subsectors: row.further_subsectors,
            size_class: row.size_class,
            founded_year: row.founded_year,
            phone: row.phone,
            email: row.email,
            website: row.website,
            address: BusinessAddress {
                region_code: row.region_code,
                postal_code: row.postal_code,
                street: row.street,
                landmark: row.landmark,
            },
            location_is_exact: row.location_is_exact,
            state: row.state,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

pub(super) fn kbli_codes(row: &BusinessRow) -> Vec<KbliCode> {
    let parse = |entry: &String| {
        let (vintage, code) = entry.split_once(':')?;
        Some(KbliCode {
            code: code.to_owned(),
            vintage: Vintage::from_text(vintage)?,
        })
    };
    row.kbli.iter().filter_map(parse).collect()
}

/// A business in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusinessSummary {
    id: BusinessId,
    #[schema(max_length = 80, example = "batik-pesisir-ibu-sari")]
    slug: String,
    #[schema(max_length = 120, example = "Batik Pesisir Ibu Sari")]
    name: String,
    #[schema(max_length = 40, example = "kriya")]
    main_subsector: String,
    #[schema(max_items = 5)]
    further_subsectors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size_class: Option<SizeClass>,
    /// From the province down to the village.
    #[schema(max_items = 4)]
    regions: Vec<BusinessRegion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    location: Option<Coordinates>,
    /// From the point asked for, in metres; only with `near`. Rounded to kilometres where the location is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 1250)]
    distance_m: Option<i64>,
    state: BusinessState,
    /// What the caller is in this business; only in one's own list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    my_role: Option<MemberRole>,
    #[schema(minimum = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

impl BusinessSummary {
    pub(crate) fn new(row: SummaryRow, distance: Option<f64>, my_role: Option<MemberRole>) -> Self {
        let exact = row.location_is_exact || my_role.is_some();
        // A precise distance from three points would give a rounded location away.
        let step = if exact { 1.0 } else { 1000.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "no distance on Earth overflows"
        )]
        let distance_m = distance.map(|metres| ((metres / step).round() * step) as i64);
        Self {
            regions: region_path(&row.region_code),
            location: shown_location(row.latitude, row.longitude, exact),
            distance_m,
            my_role,
            id: row.id,
            slug: row.slug,
            name: row.name,
            main_subsector: row.main_subsector,
            further_subsectors: row.further_subsectors,
            size_class: row.size_class,
            state: row.state,
            version: row.version,
            created_at: row.created_at,
        }
    }
}

/// A page of businesses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BusinessPage {
    #[schema(max_items = 100)]
    pub(crate) items: Vec<BusinessSummary>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    pub(crate) next_cursor: Option<String>,
}
