//! What people may have of what is stored on them.

use diesel::QueryResult;
use karya_core::{BusinessId, MasterKey, UserId};
use karya_db::AsyncPgConnection;
use serde::Serialize;

use crate::queries;

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
    let rows = queries::sealed_numbers(conn, user).await?;
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
