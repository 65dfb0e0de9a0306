use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Clock, Lang};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Holder, Idempotency, Json, Locale, Problem, ProblemBody, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{ConsentChannel, ConsentState, LegalDocument};
use crate::ops::{self, Standing};

/// A document, and whether the account agrees to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentView {
    document: LegalDocument,
    /// Whether there is no account without it.
    is_required: bool,
    /// The version that is in force.
    #[schema(max_length = 10, example = "2026-06-01")]
    current_version: String,
    state: ConsentState,
    /// The version that was agreed to last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 10, example = "2026-06-01")]
    version: Option<String>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    given_at: Option<DateTime<Utc>>,
    /// The language in which it was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    locale: Option<Lang>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channel: Option<ConsentChannel>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    withdrawn_at: Option<DateTime<Utc>>,
}

impl From<Standing> for ConsentView {
    fn from(standing: Standing) -> Self {
        let Standing {
            document,
            current_version,
            latest,
        } = standing;
        let state = match &latest {
            None => ConsentState::None,
            Some(consent) if consent.withdrawn_at.is_some() => ConsentState::Withdrawn,
            Some(consent) if consent.version != current_version => ConsentState::Outdated,
            Some(_) => ConsentState::Given,
        };
        Self {
            document,
            is_required: document.is_required(),
            current_version,
            state,
            given_at: latest.as_ref().map(|consent| consent.given_at),
            locale: latest.as_ref().map(|consent| consent.locale),
            channel: latest.as_ref().map(|consent| consent.channel),
            withdrawn_at: latest.as_ref().and_then(|consent| consent.withdrawn_at),
            version: latest.map(|consent| consent.version),
        }
    }
}

/// Every document that is in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentList {
    #[schema(max_items = 20)]
    items: Vec<ConsentView>,
}

/// List my consents
///
/// Every document that is in force, and what the account last said about it.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The documents", body = ConsentList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/consents")]
pub(crate) async fn list_my_consents(
    Holder(actor): Holder,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let all = ops::list_consents(&reader, clock.now(), actor.user_id).await?;
    let items = all.into_iter().map(Into::into).collect();
    Ok(Reply::ok(&ConsentList { items })?.into())
}

/// Agreement to a version of a document.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveConsent {
    document: LegalDocument,
    /// The one that was shown; it must be the one in force.
    #[schema(min_length = 1, max_length = 10, example = "2026-06-01")]
    version: String,
}

/// Agree to a document
///
/// Kept with version, time, language and kind of device, as the proof of it. A second time changes nothing.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "Agreed", body = ConsentView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/consents")]
pub(crate) async fn give_consent(
    actor: Actor,
    Locale(locale): Locale,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<GiveConsent>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let who = (actor.user_id, actor.session()?);
            let what = (body.document, body.version.as_str());
            let given = ops::give_consent(conn, now, who, locale, what).await?;
            Reply::ok(&ConsentView::from(given))
        })
        .await
}

/// Withdraw a consent
///
/// As easily as it was given; what was done before stays lawful. A second time changes nothing. Without terms and
/// privacy there is no account: these end with it.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("document" = LegalDocument, Path, description = "From the list of consents"),
), responses(
    (status = 200, description = "Withdrawn", body = ConsentView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.consent_required`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/consents/{document}/withdraw")]
pub(crate) async fn withdraw_consent(
    Holder(actor): Holder,
    document: Path<LegalDocument>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let withdrawn = ops::withdraw_consent(conn, now, actor.user_id, *document).await?;
            Reply::ok(&ConsentView::from(withdrawn))
        })
        .await
}
