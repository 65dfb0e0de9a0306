pub(crate) mod accounts;
pub(crate) mod api_keys;
pub(crate) mod consents;
pub(crate) mod email_change;
pub(crate) mod factor_resets;
pub(crate) mod factors;
pub(crate) mod identities;
pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod phones;
pub(crate) mod register;
pub(crate) mod security_events;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod social;
pub(crate) mod step_up;

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use karya_core::{Check, EmailAddress, PhoneNumber, Rule, UserId, Words};
use karya_db::AsyncPgConnection;
use karya_web::{Idempotency, Problem, Reply, Standings};
use serde::Serialize;

use crate::AuthError;
use crate::model::Identifier;

const ONE_OF_TWO: Rule = Rule::Other {
    code: "one_of_two",
    words: Words {
        id: "tidak bersama `email`: pilih salah satu",
        en: "does not go with `email`: give one of them",
    },
};

/// Whom somebody means: by an address or by a number, and not by both.
fn identifier(check: &mut Check, email: Option<&str>, phone: Option<&str>) -> Option<Identifier> {
    match (email, phone) {
        (Some(email), None) => {
            let email = check.field("/email", EmailAddress::parse(email));
            email.map(Identifier::Email)
        }
        (None, Some(phone)) => {
            let phone = check.field("/phone", PhoneNumber::parse(phone));
            phone.map(Identifier::Phone)
        }
        (None, None) => {
            check.fail("/email", Rule::Required);
            None
        }
        (Some(_), Some(_)) => {
            check.fail("/phone", ONE_OF_TWO);
            None
        }
    }
}

/// Does once what somebody asks for with the token of a mail or a message instead of a session. `work` says whose account it was: its
/// access tokens are looked at anew from then on.
async fn once_by_mail(
    (idempotency, conn, now): (Idempotency, &mut AsyncPgConnection, DateTime<Utc>),
    standings: &Standings,
    view: &impl Serialize,
    work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<UserId, AuthError>,
) -> Result<HttpResponse, Problem> {
    let mut user = None;
    let reply = idempotency
        .once(conn, now, None, async |conn| {
            user = Some(work(conn).await?);
            Reply::ok(view)
        })
        .await?;
    if let Some(user) = user {
        standings.forget_user(user);
    }
    Ok(reply)
}
