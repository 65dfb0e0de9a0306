//! The rules. Each operation takes a connection, then the time, then who and what.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::policy::{self, Action, Relation};
use karya_core::{BusinessId, Invalid, MasterKey, Random, Rule, UserId};

use crate::BusinessError;
use crate::model::{
    BusinessRow, BusinessState, MemberRole, NewMember, Nib, Nik, Npwp, RegistrationRow,
    RegistrationStatus, SizeClass, from_name, identity,
};
use crate::queries::{self, Found, Key};

/// What an owner says about a business, its values in order.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Everything but id, version, times, state and size class, which the operations set.
    pub(crate) row: BusinessRow,
    /// Whether the slug was chosen by the owner.
    pub(crate) slug_is_given: bool,
}

/// Identity numbers and declarations, their values in order.
pub(crate) struct Registration {
    pub(crate) legal_name: Option<String>,
    pub(crate) nib: Option<Nib>,
    pub(crate) npwp: Option<Npwp>,
    pub(crate) nik: Option<Nik>,
    pub(crate) declared_capital: Option<i64>,
    pub(crate) declared_turnover: Option<i64>,
}

/// How often a slug made from a name gets another suffix before a random one.
const NUMBERED_SLUGS: u32 = 5;

/// Registers a business. Whoever does becomes its owner.
pub(crate) async fn create(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    owner: UserId,
    profile: Profile,
    registration: Registration,
) -> Result<Found, BusinessError> {
    let Profile {
        mut row,
        slug_is_given,
    } = profile;
    row.created_at = now;
    row.updated_at = now;
    row.size_class = SizeClass::of(
        registration.declared_capital,
        registration.declared_turnover,
    );
    let registration = seal(master_key, row.id, owner, registration);
    conn.transaction(async |conn| {
        let row = insert_with_slug(conn, row, slug_is_given).await?;
        queries::insert_registration(conn, &registration)
            .await
            .map_err(refusal)?;
        let member = NewMember {
            business_id: row.id,
            user_id: owner,
            role: MemberRole::Owner,
            created_at: now,
        };
        queries::insert_member(conn, &member).await?;
        Ok((row, registration, Some(MemberRole::Owner)))
    })
    .await
}

/// Namesakes get a number, then a random suffix; a slug that the owner chose is refused instead.
async fn insert_with_slug(
    conn: &mut AsyncPgConnection,
    mut row: BusinessRow,
    slug_is_given: bool,
) -> Result<BusinessRow, BusinessError> {
    let wanted = if slug_is_given {
        row.slug.clone()
    } else {
        from_name(&row.name)
    };
    for attempt in 1..=NUMBERED_SLUGS + 1 {
        row.slug = match attempt {
            1 => wanted.clone(),
            2..=NUMBERED_SLUGS => format!("{wanted}-{attempt}"),
            _ => format!("{wanted}-{}", random_suffix()),
        };
        // A savepoint: a refusal must not end the whole transaction.
        let inserted = conn
            .transaction(async |conn| queries::insert(conn, &row).await.map_err(refusal))
            .await;
        match inserted {
            Ok(_) => return Ok(row),
            Err(BusinessError::SlugTaken) if !slug_is_given && attempt <= NUMBERED_SLUGS => {}
            Err(error) => return Err(error),
        }
    }
    Err(BusinessError::SlugTaken)
}

fn random_suffix() -> String {
    Random::System
        .bytes()
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What a constraint's refusal means.
fn refusal(error: diesel::result::Error) -> BusinessError {
    match karya_db::violated(&error) {
        Some("businesses_slug_key") => BusinessError::SlugTaken,
        Some("business_registrations_own_nib_key") => BusinessError::NibRegistered,
        Some("business_registrations_own_npwp_key") => BusinessError::NpwpRegistered,
        // The region went between the check and the insert.
        Some("businesses_region_code_fkey") => {
            Invalid::body("/address/region_code", Rule::NotFound).into()
        }
        _ => error.into(),
    }
}

/// Which identity numbers a business has, sealed for the database.
fn seal(
    master_key: &MasterKey,
    id: BusinessId,
    by: UserId,
    registration: Registration,
) -> RegistrationRow {
    let mut row = RegistrationRow {
        business_id: id,
        registered_by: by,
        legal_name: registration.legal_name,
        nib: registration.nib.map(Nib::into_string),
        npwp_sealed: None,
        npwp_hash: None,
        npwp_last4: None,
        npwp_is_entity: None,
        nik_sealed: None,
        nik_hash: None,
        nik_last4: None,
        declared_capital: registration.declared_capital,
        declared_turnover: registration.declared_turnover,
        status: RegistrationStatus::SelfDeclared,
    };
    set_npwp(master_key, &mut row, registration.npwp);
    set_nik(master_key, &mut row, registration.nik);
    row
}

fn set_npwp(master_key: &MasterKey, row: &mut RegistrationRow, npwp: Option<Npwp>) {
    let context = row.business_id.as_uuid();
    let number = npwp.as_ref().map(Npwp::as_str);
    row.npwp_sealed = number.map(|n| master_key.seal("npwp", context.as_bytes(), n.as_bytes()));
    row.npwp_hash = number.map(|n| master_key.keyed_hash("npwp-lookup", n.as_bytes()));
    row.npwp_last4 = number.map(identity::last4);
    row.npwp_is_entity = npwp.as_ref().map(|npwp| npwp.is_entity);
}

fn set_nik(master_key: &MasterKey, row: &mut RegistrationRow, nik: Option<Nik>) {
    let context = row.business_id.as_uuid();
    let number = nik.as_ref().map(Nik::as_str);
    row.nik_sealed = number.map(|n| master_key.seal("nik", context.as_bytes(), n.as_bytes()));
    row.nik_hash = number.map(|n| master_key.keyed_hash("nik-lookup", n.as_bytes()));
    row.nik_last4 = number.map(identity::last4);
}

/// A business as `viewer` may see it: active ones are public, the others exist for their members only.
pub(crate) async fn show(
    conn: &AsyncPgConnection,
    key: Key<'_>,
    viewer: Option<UserId>,
) -> Result<Found, BusinessError> {
    let found = queries::find(conn, key, viewer).await?;
    found
        .filter(|(row, _, role)| row.state == BusinessState::Active || role.is_some())
        .ok_or(BusinessError::NotFound)
}

/// The business, if `user` may change it.
async fn owned(
    conn: &AsyncPgConnection,
    id: BusinessId,
    user: UserId,
) -> Result<(Found, MemberRole), BusinessError> {
    let found = queries::find(conn, Key::Id(id), Some(user))
        .await?
        .ok_or(BusinessError::NotFound)?;
    match (found.2, found.0.state) {
        (Some(role), _) => Ok((found, role)),
        // Public, so its existence is no secret; anything else is.
        (None, BusinessState::Active) => Err(BusinessError::ManagerRequired),
        (None, _) => Err(BusinessError::NotFound),
    }
}

/// A change of the identity numbers: what is not mentioned stays sealed as it is.
pub(crate) struct RegistrationChange {
    pub(crate) legal_name: Option<Option<String>>,
    pub(crate) nib: Option<Option<Nib>>,
    pub(crate) npwp: Option<Option<Npwp>>,
    pub(crate) nik: Option<Option<Nik>>,
    pub(crate) declared_capital: Option<Option<i64>>,
    pub(crate) declared_turnover: Option<Option<i64>>,
}

/// Changes a business. `change` gets the current row and returns the new one, checked as at registration.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    user: UserId,
    (id, expected): (BusinessId, Option<i32>),
    change: impl FnOnce(&BusinessRow) -> Result<(Profile, RegistrationChange), Invalid> + Send,
) -> Result<Found, BusinessError> {
    conn.transaction(async |conn| {
        queries::lock(conn, id).await?;
        let ((current, mut registration, _), role) = owned(conn, id, user).await?;
        if !policy::may(&[], Relation::Member(role), Action::EditBusiness) {
            return Err(BusinessError::ManagerRequired);
        }
        if expected.is_some_and(|expected| expected != current.version) {
            return Err(BusinessError::StaleVersion);
        }
        let (Profile { mut row, .. }, numbers) = change(&current)?;
        if current.state == BusinessState::Suspended && row.state != BusinessState::Suspended {
            return Err(BusinessError::Suspended);
        }
        let proved =
            |row: &RegistrationRow| (row.nib.clone(), row.npwp_hash.clone(), row.nik_hash.clone());
        let proved_before = proved(&registration);
        if let Some(name) = numbers.legal_name {
            registration.legal_name = name;
        }
        if let Some(nib) = numbers.nib {
            registration.nib = nib.map(Nib::into_string);
        }
        if let Some(npwp) = numbers.npwp {
            set_npwp(master_key, &mut registration, npwp);
        }
        if let Some(nik) = numbers.nik {
            set_nik(master_key, &mut registration, nik);
        }
        if let Some(capital) = numbers.declared_capital {
            registration.declared_capital = capital;
        }
        if let Some(turnover) = numbers.declared_turnover {
            registration.declared_turnover = turnover;
        }
        if proved(&registration) != proved_before {
            // What was proved were the old numbers.
            registration.status = RegistrationStatus::SelfDeclared;
        }
        row.id = current.id;
        row.version = current.version + 1;
        row.created_at = current.created_at;
        row.updated_at = now;
        row.size_class = SizeClass::of(
            registration.declared_capital,
            registration.declared_turnover,
        );
        if queries::update(conn, current.version, &row)
            .await
            .map_err(refusal)?
            == 0
        {
            return Err(BusinessError::StaleVersion);
        }
        queries::update_registration(conn, &registration)
            .await
            .map_err(refusal)?;
        Ok((row, registration, Some(role)))
    })
    .await
}

/// Deletes a business and its identity numbers. Its slugs stay reserved, so that old links never lead to a stranger.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (id, expected): (BusinessId, Option<i32>),
) -> Result<(), BusinessError> {
    conn.transaction(async |conn| {
        let ((row, _, _), role) = owned(conn, id, user).await?;
        if !policy::may(&[], Relation::Member(role), Action::DeleteBusiness) {
            return Err(BusinessError::OwnerRequired);
        }
        if queries::delete(conn, id, expected.unwrap_or(row.version), now).await? == 0 {
            return Err(BusinessError::StaleVersion);
        }
        queries::delete_registration(conn, id).await?;
        Ok(())
    })
    .await
}
