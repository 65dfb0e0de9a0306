//! What people may have of what is stored on them, and what becomes of their businesses when they leave.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use karya_core::{BusinessId, MasterKey, UserId};
use karya_db::AsyncPgConnection;
use serde::Serialize;

use crate::BusinessError;
use crate::model::{BusinessState, MemberRole};
use crate::queries::rights::{self as queries, Membership};
use crate::queries::sealed_numbers;

/// The identity numbers that somebody gave for a business.
#[derive(Debug, Serialize)]
pub struct IdentityNumbers {
    pub business_id: BusinessId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npwp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nik: Option<String>,
}

/// The identity numbers of the businesses that `user` registered: for that person alone. One statement.
pub async fn identity_numbers(
    conn: &AsyncPgConnection,
    master_key: &MasterKey,
    user: UserId,
) -> QueryResult<Vec<IdentityNumbers>> {
    let rows = sealed_numbers(conn, user).await?;
    let numbers = rows.into_iter().map(|(business_id, npwp, nik)| {
        let open = |purpose: &str, sealed: Option<Vec<u8>>| {
            let context = business_id.as_uuid();
            let number = master_key
                .open(purpose, context.as_bytes(), &sealed?)
                .inspect_err(|error| tracing::error!(%error, "an identity number does not open"));
            String::from_utf8(number.ok()?.to_vec()).ok()
        };
        IdentityNumbers {
            business_id,
            npwp: open("npwp", npwp),
            nik: open("nik", nik),
        }
    });
    Ok(numbers.collect())
}

/// Hides the businesses of which somebody is the only member, and says which were shown until now. Refused with
/// [`BusinessError::LastOwner`] where others are in a business that would have no owner left.
///
/// Locks the businesses until the transaction ends: of two owners who leave at once, the second is refused.
pub async fn close(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<Vec<BusinessId>, BusinessError> {
    let businesses = queries::lock_of_member(conn, user).await?;
    let members = queries::members_of(conn, &ids(&businesses)).await?;
    let mut hidden = Vec::new();
    for (business, state) in businesses {
        let here = || members.iter().filter(move |one| one.business == business);
        let others = || here().filter(|one| one.user != user && one.stays());
        let is_owner = here().any(|one| one.user == user && one.role == MemberRole::Owner);
        let has_owner = others().any(|one| one.role == MemberRole::Owner);
        match others().next() {
            Some(_) if is_owner && !has_owner => return Err(BusinessError::LastOwner),
            None if state == BusinessState::Active => hidden.push(business),
            _ => {}
        }
    }
    queries::set_states(
        conn,
        &hidden,
        (BusinessState::Active, BusinessState::Paused),
        now,
    )
    .await?;
    Ok(hidden)
}

/// Shows again what [`close`] hid, as far as nobody changed it since.
pub async fn reopen(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    hidden: &[BusinessId],
) -> Result<(), BusinessError> {
    queries::set_states(
        conn,
        hidden,
        (BusinessState::Paused, BusinessState::Active),
        now,
    )
    .await?;
    Ok(())
}

/// Gives each business that has other members and no other owner to the one who has managed it longest, or else has
/// been there longest. [`close`] refused to begin there: the other owners left since.
pub async fn hand_over(conn: &mut AsyncPgConnection, user: UserId) -> Result<(), BusinessError> {
    let businesses = queries::lock_of_member(conn, user).await?;
    let members = queries::members_of(conn, &ids(&businesses)).await?;
    for (business, _) in businesses {
        let others = || {
            let here = members.iter().filter(|one| one.business == business);
            here.filter(|one| one.user != user)
        };
        if others().any(|one| one.role == MemberRole::Owner) {
            continue;
        }
        let rank = |one: &&Membership| (one.role != MemberRole::Manager, one.since);
        if let Some(next) = others().min_by_key(rank) {
            queries::make_owner(conn, business, next.user).await?;
        }
    }
    Ok(())
}

fn ids(businesses: &[(BusinessId, BusinessState)]) -> Vec<BusinessId> {
    businesses.iter().map(|(id, _)| *id).collect()
}
