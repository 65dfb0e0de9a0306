use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{consents, legal_documents};

use crate::model::{Consent, LegalDocument};

/// The newest published version of each document.
pub(crate) async fn current_versions(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(LegalDocument, String)>> {
    legal_documents::table
        .filter(legal_documents::published_at.le(now))
        .distinct_on(legal_documents::document)
        .select((legal_documents::document, legal_documents::version))
        .order((
            legal_documents::document,
            legal_documents::published_at.desc(),
        ))
        .load(&mut &*conn)
        .await
}

/// What an account last agreed to, of each document.
pub(crate) async fn latest_consents(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<Consent>> {
    consents::table
        .filter(consents::user_id.eq(user))
        .distinct_on(consents::document)
        .select(Consent::as_select())
        .order((
            consents::document,
            consents::given_at.desc(),
            consents::id.desc(),
        ))
        .load(&mut &*conn)
        .await
}

/// Keeps new consents; one that is given already stays as it is. Returns how many are new.
pub(crate) async fn insert_consents(
    conn: &mut AsyncPgConnection,
    given: &[Consent],
) -> QueryResult<usize> {
    diesel::insert_into(consents::table)
        .values(given)
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// Withdraws whatever versions of a document are agreed to, and says how many those were.
pub(crate) async fn withdraw_consents(
    conn: &mut AsyncPgConnection,
    user: UserId,
    document: LegalDocument,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = consents::user_id
        .eq(user)
        .and(consents::document.eq(document))
        .and(consents::withdrawn_at.is_null());
    diesel::update(consents::table.filter(open))
        .set(consents::withdrawn_at.eq(now))
        .execute(conn)
        .await
}
