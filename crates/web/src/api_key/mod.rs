//! API keys: how programs act for an account, within the scopes that its owner gave them.
//!
//! A key gets where the table of scopes says, and nowhere else. Making keys is the auth crate's business.

mod budget;
mod scopes;
mod standing;
mod text;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use karya_core::role::Role;
use karya_core::{ApiError, Clock, Code, Lang, Scope};
use karya_db::Db;

pub(crate) use budget::{Budget, Budgets};
pub use scopes::OperationScopes;
pub(crate) use standing::KeyStanding;
pub use text::{LEAD, NewKey};

use crate::codes::{API_KEY_NOT_ACCEPTED, SCOPE_REQUIRED, UNAUTHENTICATED};
use crate::{Actor, ClientIp, Problem, RateLimits, Standings};

/// Roles that count for a key: what staff decide is for people who are signed in.
const ROLES: [Role; 1] = [Role::Mentor];

/// Why a sound key does not do.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the key does not have the scope {0}")]
    Scope(Scope),
    #[error("no key may do this")]
    NeverByKey,
}

impl ApiError for Refusal {
    fn code(&self) -> &'static Code {
        match self {
            Self::Scope(_) => &SCOPE_REQUIRED,
            Self::NeverByKey => &API_KEY_NOT_ACCEPTED,
        }
    }

    fn detail(&self, lang: Lang) -> Option<String> {
        let Self::Scope(scope) = self else {
            return None;
        };
        Some(match lang {
            Lang::Id => {
                format!("Operasi ini butuh cakupan `{scope}`, yang tidak dimiliki kunci ini.")
            }
            Lang::En => {
                format!("This operation takes the scope `{scope}`, which the key does not have.")
            }
        })
    }
}

/// The refusal of whatever is for people who are signed in.
pub(crate) fn not_by_key() -> Problem {
    Refusal::NeverByKey.into()
}

/// Whom a key acts for, if it is sound and has the scope of the operation.
pub(crate) async fn identify(req: &HttpRequest, key: &str) -> Result<Actor, Problem> {
    let refused = || Problem::of(&UNAUTHENTICATED);
    let presented = text::parse(key).ok_or_else(refused)?;
    let db = req.app_data::<web::Data<Db>>().ok_or_else(refused)?;
    let clock = req.app_data::<web::Data<Clock>>().ok_or_else(refused)?;
    let standings = req.app_data::<web::Data<Standings>>().ok_or_else(refused)?;
    let network = ClientIp::of(req).prefix();
    let standing = standings.key(db, clock.now(), &presented, &network).await?;
    let Some(standing) = standing else {
        tracing::debug!("a key is unknown, over, or not the one with its prefix");
        return Err(refused());
    };
    if let Some(limits) = req.app_data::<web::Data<RateLimits>>() {
        limits.take_of_key(req, &standing)?;
    }
    let scopes = req.app_data::<web::Data<OperationScopes>>();
    let needed = scopes.and_then(|scopes| scopes.of(req));
    match needed {
        None => Err(not_by_key()),
        Some(scope) if !standing.scopes.contains(&scope) => {
            let challenge =
                format!(r#"Bearer realm="karya", error="insufficient_scope", scope="{scope}""#);
            Err(Problem::from(Refusal::Scope(scope))
                .with_header(header::WWW_AUTHENTICATE, challenge))
        }
        Some(_) => Ok(Actor::by_key(
            standing.user,
            standing
                .roles
                .iter()
                .copied()
                .filter(|role| ROLES.contains(role))
                .collect(),
        )),
    }
}
