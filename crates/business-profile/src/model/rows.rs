use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{BusinessId, UserId};
use karya_db::TextList;
use karya_db::schema::{business_members, business_registrations, businesses};

use super::{BusinessState, LegalForm, MemberRole, RegistrationStatus, SizeClass};

/// What the public may see, once it is active.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = businesses, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct BusinessRow {
    pub(crate) id: BusinessId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) legal_form: LegalForm,
    pub(crate) description_id: Option<String>,
    pub(crate) description_en: Option<String>,
    pub(crate) main_subsector: String,
    #[diesel(deserialize_as = TextList)]
    pub(crate) further_subsectors: Vec<String>,
    /// `vintage:code`.
    #[diesel(deserialize_as = TextList)]
    pub(crate) kbli: Vec<String>,
    pub(crate) size_class: Option<SizeClass>,
    pub(crate) founded_year: Option<i16>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) social_links: serde_json::Value,
    pub(crate) region_code: String,
    pub(crate) postal_code: String,
    pub(crate) street: String,
    pub(crate) landmark: Option<String>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) location_is_exact: bool,
    pub(crate) opening_hours: serde_json::Value,
    pub(crate) state: BusinessState,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Identity numbers and declarations: for members and staff.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = business_registrations, check_for_backend(Pg), primary_key(business_id), treat_none_as_null = true)]
pub(crate) struct RegistrationRow {
    pub(crate) business_id: BusinessId,
    pub(crate) registered_by: UserId,
    pub(crate) legal_name: Option<String>,
    pub(crate) nib: Option<String>,
    pub(crate) npwp_sealed: Option<Vec<u8>>,
    pub(crate) npwp_hash: Option<Vec<u8>>,
    pub(crate) npwp_last4: Option<String>,
    pub(crate) npwp_is_entity: Option<bool>,
    pub(crate) nik_sealed: Option<Vec<u8>>,
    pub(crate) nik_hash: Option<Vec<u8>>,
    pub(crate) nik_last4: Option<String>,
    pub(crate) declared_capital: Option<i64>,
    pub(crate) declared_turnover: Option<i64>,
    pub(crate) status: RegistrationStatus,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = business_members, check_for_backend(Pg))]
pub(crate) struct NewMember {
    pub(crate) business_id: BusinessId,
    pub(crate) user_id: UserId,
    pub(crate) role: MemberRole,
    pub(crate) created_at: DateTime<Utc>,
}

/// What a list shows of a business.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = businesses, check_for_backend(Pg))]
pub(crate) struct SummaryRow {
    pub(crate) id: BusinessId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) main_subsector: String,
    #[diesel(deserialize_as = TextList)]
    pub(crate) further_subsectors: Vec<String>,
    pub(crate) size_class: Option<SizeClass>,
    pub(crate) region_code: String,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) location_is_exact: bool,
    pub(crate) state: BusinessState,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
}
