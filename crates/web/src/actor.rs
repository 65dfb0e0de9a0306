//! Who is asking.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use karya_core::policy::{self, Action, Relation};
use karya_core::role::Role;
use karya_core::{Clock, SessionId, UserId};
use karya_db::Db;
use serde::{Deserialize, Serialize};

use crate::codes::{ACCOUNT_CLOSING, STAFF_FACTOR_REQUIRED, UNAUTHENTICATED};
use crate::{Problem, Standings, TokenVerifier, api_key};

/// An account that proved who it is, in a session that goes on, or by an API key that has the scope of the operation.
/// The roles are those of the database, at most three seconds old: what the token says of them is for clients.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user_id: UserId,
    /// None: by an API key.
    session_id: Option<SessionId>,
    /// Those that may be used in this session.
    pub roles: Vec<Role>,
    /// Those of staff that may not, since nobody has shown a second factor in it.
    withheld: Vec<Role>,
}

/// Whether staff must have shown a second factor, or a passkey, to use what their roles give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StaffFactor {
    #[default]
    Required,
    /// For development alone: demo accounts have passwords that everybody knows.
    Optional,
}

/// The account has the role, but the session was opened with one factor.
#[derive(Debug, thiserror::Error)]
#[error("staff have to show a second factor first")]
pub struct StaffFactorMissing;

impl From<StaffFactorMissing> for Problem {
    fn from(_missing: StaffFactorMissing) -> Self {
        Self::of(&STAFF_FACTOR_REQUIRED)
    }
}

/// The same, also while the account is about to be deleted: for the few operations that its owner needs then. Everybody
/// else asks for an [`Actor`], who is refused with 403 `auth.account_closing`. The operation is on the list
/// `OPEN_WHILE_CLOSING` of the document too.
#[derive(Debug, Clone)]
pub struct Holder(pub Actor);

/// For operations that show more to those who sign in. A bad token is still refused.
#[derive(Debug, Clone)]
pub struct MaybeActor(pub Option<Actor>);

impl Actor {
    pub(crate) fn by_key(user_id: UserId, roles: Vec<Role>) -> Self {
        Self {
            user_id,
            session_id: None,
            roles,
            withheld: Vec::new(),
        }
    }

    /// The session. Who comes with an API key has none and is refused, whatever its scopes.
    pub fn session(&self) -> Result<SessionId, Problem> {
        self.session_id.ok_or_else(api_key::not_by_key)
    }

    /// Whether they may do it to something that they are `relation` to, by the [policy].
    #[must_use]
    pub fn may(&self, relation: Relation, action: Action) -> bool {
        policy::may(&self.roles, relation, action)
    }

    /// Refuses who may not, and tells who may but has yet to show a second factor.
    pub fn permit<E: From<StaffFactorMissing>>(
        &self,
        (relation, action): (Relation, Action),
        refusal: E,
    ) -> Result<(), E> {
        if self.may(relation, action) {
            Ok(())
        } else if policy::may(&self.withheld, relation, action) {
            Err(StaffFactorMissing.into())
        } else {
            Err(refusal)
        }
    }
}

/// What the request has for a token, if anything.
fn bearer(req: &HttpRequest) -> Result<Option<&str>, Problem> {
    let Some(value) = req.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let parts = value.to_str().ok().and_then(|v| v.split_once(' '));
    let token = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token
        .map(|(_, token)| Some(token.trim()))
        .ok_or_else(|| Problem::of(&UNAUTHENTICATED))
}

/// Who asks, and whether their account closes.
async fn identify(req: HttpRequest) -> Result<Option<(Actor, bool)>, Problem> {
    let refused = || Problem::of(&UNAUTHENTICATED);
    let Some(token) = bearer(&req)? else {
        return Ok(None);
    };
    if token.starts_with(api_key::LEAD) {
        // Keys of an account that closes are not good.
        let actor = api_key::identify(&req, token).await?;
        return Ok(Some((actor, false)));
    }
    let verifier = req
        .app_data::<web::Data<TokenVerifier>>()
        .ok_or_else(refused)?;
    let claims = verifier.verify(token).map_err(|error| {
        tracing::debug!(%error, "a token was refused");
        refused()
    })?;
    let db = req.app_data::<web::Data<Db>>().ok_or_else(refused)?;
    let clock = req.app_data::<web::Data<Clock>>().ok_or_else(refused)?;
    let standings = req.app_data::<web::Data<Standings>>().ok_or_else(refused)?;
    let Some(bearer) = standings.bearer(db, clock.now(), &claims).await? else {
        tracing::debug!("a token outlived its session");
        return Err(refused());
    };
    let policy = req.app_data::<web::Data<StaffFactor>>();
    let is_enough =
        bearer.is_strong || policy.is_some_and(|policy| ***policy == StaffFactor::Optional);
    let (withheld, roles) = bearer
        .roles
        .into_iter()
        .partition(|role| role.is_staff() && !is_enough);
    let actor = Actor {
        user_id: claims.sub,
        session_id: Some(claims.sid),
        roles,
        withheld,
    };
    Ok(Some((actor, bearer.is_closing)))
}

impl FromRequest for Actor {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            match identify(req).await? {
                Some((actor, false)) => Ok(actor),
                Some((_, true)) => Err(Problem::of(&ACCOUNT_CLOSING)),
                None => Err(Problem::of(&UNAUTHENTICATED)),
            }
        })
    }
}

impl FromRequest for Holder {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let found = identify(req).await?;
            let (actor, _) = found.ok_or_else(|| Problem::of(&UNAUTHENTICATED))?;
            Ok(Self(actor))
        })
    }
}

impl AsRef<Actor> for Actor {
    fn as_ref(&self) -> &Actor {
        self
    }
}

impl AsRef<Actor> for Holder {
    fn as_ref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for MaybeActor {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let found = identify(req).await?;
            // Whose account closes sees what strangers see.
            let actor = found.filter(|(_, is_closing)| !is_closing);
            Ok(Self(actor.map(|(actor, _)| actor)))
        })
    }
}
