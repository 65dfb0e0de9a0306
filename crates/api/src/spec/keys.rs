//! What the document says of API keys: which operations they may do, and with which scope.

use std::fmt::Write;

use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement};

use super::finish::problem;
use crate::scopes::{SCOPES, scope_of};

pub(super) const SCOPE_REQUIRED: &str = "`auth.scope_required`";
pub(super) const NOT_ACCEPTED: &str = "`auth.api_key_not_accepted`";

pub(super) fn scheme() -> Http {
    let mut scopes = String::new();
    for (scope, operations) in SCOPES {
        // A String takes whatever is written to it.
        let _ = write!(scopes, "\n- `{scope}`: {}", operations.join(", "));
    }
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.bearer_format = Some("kry_live_<prefix>_<secret>".into());
    scheme.description = Some(format!(
        "API key of `POST /v1/me/api-keys`, sent like an access token. It does what its scopes open, for the account \
         that made it, and nothing else: 403 `auth.scope_required` names the one that is missing. Scopes and what they \
         open:\n{scopes}"
    ));
    scheme
}

/// Says whether keys may do what takes a token: its id, if they may.
pub(super) fn open_to_keys(operation: &mut Operation) -> Option<String> {
    let bearer = SecurityRequirement::new::<_, [&str; 0], &str>("bearer", []);
    let ways = operation.security.as_mut()?;
    if !ways.contains(&bearer) {
        return None;
    }
    let id = operation.operation_id.clone().unwrap_or_default();
    let scope = scope_of(&id);
    if let Some(scope) = scope {
        ways.push(SecurityRequirement::new("api_key", [scope.as_str()]));
    }
    let refusal = scope.map_or(NOT_ACCEPTED, |_| SCOPE_REQUIRED);
    match operation.responses.responses.get_mut("403") {
        Some(RefOr::T(own)) => own.description = format!("{}, {refusal}", own.description),
        Some(RefOr::Ref(_)) => {}
        None => {
            let refusal = RefOr::T(problem(refusal));
            operation.responses.responses.insert("403".into(), refusal);
        }
    }
    scope.map(|_| id)
}

/// What the table of scopes lists and the document does not know, or not as something that takes a token.
pub(super) fn unknown(listed: &[String]) -> impl Iterator<Item = String> {
    let all = SCOPES.iter().flat_map(|(_, operations)| *operations);
    all.filter(|id| !listed.iter().any(|known| known == **id))
        .map(|id| format!("{id} has a scope and takes no token"))
}
