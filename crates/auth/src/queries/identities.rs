//! Accounts at other providers, and questions to those.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{authorization_requests, emails, identities, users};
use uuid::Uuid;

use crate::model::{AuthorizationRequest, Identity, IdentityProvider};

pub(crate) async fn insert_authorization_request(
    conn: &mut AsyncPgConnection,
    request: &AuthorizationRequest,
) -> QueryResult<usize> {
    diesel::insert_into(authorization_requests::table)
        .values(request)
        .execute(conn)
        .await
}

/// A question that waits for its answer. `user`: who links or proves an identity; none signs in.
pub(crate) async fn find_authorization_request(
    conn: &AsyncPgConnection,
    hash: &[u8],
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> QueryResult<Option<AuthorizationRequest>> {
    authorization_requests::table
        .find(hash)
        .filter(
            authorization_requests::user_id
                .is_not_distinct_from(user)
                .and(authorization_requests::expires_at.gt(now)),
        )
        .select(AuthorizationRequest::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Takes a question away; of many callers, one does it.
pub(crate) async fn take_authorization_request(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<usize> {
    diesel::delete(authorization_requests::table.find(hash))
        .execute(conn)
        .await
}

/// Questions that expired before `before`.
pub(crate) async fn delete_old_authorization_requests(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = authorization_requests::expires_at.lt(before);
    diesel::delete(authorization_requests::table.filter(old))
        .execute(conn)
        .await
}

pub(crate) async fn insert_identity(
    conn: &mut AsyncPgConnection,
    identity: &Identity,
) -> QueryResult<usize> {
    diesel::insert_into(identities::table)
        .values(identity)
        .execute(conn)
        .await
}

/// Whose somebody at a provider is here.
pub(crate) async fn find_identity(
    conn: &AsyncPgConnection,
    provider: IdentityProvider,
    (issuer, subject): (&str, &str),
) -> QueryResult<Option<Identity>> {
    identities::table
        .filter(
            identities::provider
                .eq(provider)
                .and(identities::issuer.eq(issuer))
                .and(identities::subject.eq(subject)),
        )
        .select(Identity::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The identities of an account, the oldest first.
pub(crate) async fn identities(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<Identity>> {
    identities::table
        .filter(identities::user_id.eq(user))
        .select(Identity::as_select())
        .order(identities::id)
        .load(&mut &*conn)
        .await
}

/// Notes that an identity of the account was shown; none: it is not the account's any more.
pub(crate) async fn use_identity(
    conn: &mut AsyncPgConnection,
    (user, id): (UserId, Uuid),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(
        identities::table
            .find(id)
            .filter(identities::user_id.eq(user)),
    )
    .set(identities::last_used_at.eq(now))
    .execute(conn)
    .await
}

/// Removes an identity: whose it was.
pub(crate) async fn delete_identity(
    conn: &mut AsyncPgConnection,
    (user, id): (UserId, Uuid),
) -> QueryResult<Option<IdentityProvider>> {
    diesel::delete(
        identities::table
            .find(id)
            .filter(identities::user_id.eq(user)),
    )
    .returning(identities::provider)
    .get_result(conn)
    .await
    .optional()
}

/// Unlinks everything from an account.
pub(crate) async fn delete_identities(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(identities::table.filter(identities::user_id.eq(user)))
        .execute(conn)
        .await
}

/// Forgets the account that somebody at a provider began, if its address was never proved.
pub(crate) async fn delete_unproved_account(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    let unproved = emails::table
        .filter(emails::user_id.eq(user).and(emails::verified_at.is_null()))
        .select(emails::user_id);
    diesel::delete(users::table.filter(users::id.eq_any(unproved)))
        .execute(conn)
        .await
}
