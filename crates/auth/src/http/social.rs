use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, EmailAddress, Lang, Random, Rule, Text, Timezone, Words};
use karya_db::Db;
use karya_web::{ClientIp, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::register::{AcceptedVersions, RegistrationAccepted};
use super::session::{TokenPair, signed_in_reply};
use crate::model::{IdentityProvider, Platform};
use crate::ops::{self, Begun, Device, Presented, Question, SocialRegistration, Tools};
use crate::social::{Answer, X_SCOPES};
use crate::{AuthError, AuthOptions, IdentityProviders, Issuer, SocialOptions};

/// The longest token or code of a provider.
const MAX_ANSWER: usize = 10_000;

/// The longest code verifier, and the shortest (RFC 7636).
const VERIFIER: (usize, usize) = (43, 128);

const ONE_OF: Rule = Rule::Other {
    code: "one_of",
    words: Words {
        id: "kirim satu saja dari id_token, access_token, dan code",
        en: "send only one of id_token, access_token and code",
    },
};

/// A provider that people may sign in with, and what an app's call of its library takes.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthProvider {
    provider: IdentityProvider,
    /// What it answers, and what an app sends on in `proof`: `id_token`, `access_token` (Facebook's classic login), or
    /// `code`. The first is the better one.
    #[schema(max_items = 2, example = json!(["id_token"]))]
    answers: Vec<&'static str>,
    client_ids: ClientIds,
    /// What to ask for.
    #[schema(max_items = 10, example = json!(["openid", "email"]))]
    scopes: Vec<&'static str>,
    /// Whether `nonce` must be handed to the library, as it is, so that the ID token holds it.
    needs_nonce: bool,
    /// Whether its word on e-mail addresses is taken. Where not, ask a new user for one and go by `POST /v1/auth/social/register`.
    proves_email: bool,
    /// Where it may send people back to; empty where it does not.
    #[schema(max_items = 20)]
    redirect_uris: Vec<String>,
}

/// What the provider calls our apps. Absent: not on that platform.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientIds {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 255)]
    android: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 255)]
    ios: Option<String>,
    /// Google's library on Android takes this one too, as the server's client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 255)]
    web: Option<String>,
}

/// The providers that people may sign in with.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthProviderList {
    #[schema(max_items = 20)]
    items: Vec<AuthProvider>,
}

impl AuthProvider {
    fn new(provider: IdentityProvider, options: &SocialOptions) -> Self {
        let set = |id: &String| Some(id.clone()).filter(|id| !id.is_empty());
        let everywhere = |id: &String| ClientIds {
            android: set(id),
            ios: set(id),
            web: set(id),
        };
        let client_ids = match provider {
            IdentityProvider::Google | IdentityProvider::Apple => {
                let own = if provider == IdentityProvider::Google {
                    &options.google
                } else {
                    &options.apple
                };
                ClientIds {
                    android: set(&own.client_id_android),
                    ios: set(&own.client_id_ios),
                    web: set(&own.client_id_web),
                }
            }
            IdentityProvider::Facebook => everywhere(&options.facebook.app_id),
            IdentityProvider::X => everywhere(&options.x.client_id),
        };
        let is_x = provider == IdentityProvider::X;
        let is_classic =
            provider == IdentityProvider::Facebook && !options.facebook.app_secret.is_empty();
        Self {
            provider,
            answers: if is_x {
                vec!["code"]
            } else if is_classic {
                vec!["id_token", "access_token"]
            } else {
                vec!["id_token"]
            },
            client_ids,
            scopes: match provider {
                IdentityProvider::Google => vec!["openid", "email", "profile"],
                IdentityProvider::Apple => vec!["email", "name"],
                IdentityProvider::Facebook => vec!["openid", "public_profile", "email"],
                IdentityProvider::X => X_SCOPES.to_vec(),
            },
            needs_nonce: !is_x,
            proves_email: matches!(provider, IdentityProvider::Google | IdentityProvider::Apple),
            redirect_uris: if is_x {
                options.x.redirect_uris.clone()
            } else {
                Vec::new()
            },
        }
    }
}

/// List the providers that people may sign in with
///
/// Those that this server is set up for, with what an app needs to call their libraries. None: show no such buttons.
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "The providers", body = AuthProviderList),
    CommonProblems,
))]
#[get("/auth/providers")]
pub(crate) async fn list_auth_providers(
    providers: Data<IdentityProviders>,
) -> Result<HttpResponse, Problem> {
    let options = providers.options();
    let on = IdentityProvider::ALL
        .iter()
        .filter(|provider| options.is_on(**provider));
    let items = on.map(|provider| AuthProvider::new(*provider, options));
    let items = items.collect();
    Ok(Reply::ok(&AuthProviderList { items })?.into())
}

/// Which provider is about to be asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginSocial {
    provider: IdentityProvider,
    /// For providers that answer with a code: SHA-256 of a fresh `code_verifier` in base64url (RFC 7636, S256). The app
    /// keeps the verifier.
    #[schema(
        nullable = false,
        min_length = 43,
        max_length = 43,
        example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )]
    code_challenge: Option<String>,
    /// For the same: one of the provider's `redirect_uris`; the first unless given.
    #[schema(nullable = false, min_length = 1, max_length = 500)]
    redirect_uri: Option<String>,
}

impl BeginSocial {
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            provider: self.provider,
            code_challenge: self.code_challenge.as_deref(),
            redirect_uri: self.redirect_uri.as_deref(),
        }
    }
}

/// What the provider is to be asked with.
#[derive(Serialize, ToSchema)]
pub(crate) struct SocialBegun {
    /// Opaque; send it back with the answer. It is good for one.
    #[schema(max_length = 100)]
    state: String,
    /// For the provider's library, as it is. Absent where the provider answers with a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100)]
    nonce: Option<String>,
    /// To be opened in a browser tab of the system, never in a web view. Absent where the provider has a library.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    authorization_url: Option<String>,
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
}

impl SocialBegun {
    pub(super) fn reply(begun: Begun) -> Result<HttpResponse, Problem> {
        let view = Self {
            state: begun.state,
            nonce: begun.nonce,
            authorization_url: begun.authorization_url,
            expires_at: begun.expires_at,
        };
        Ok(Reply::new(StatusCode::CREATED, &view)?
            .header(header::CACHE_CONTROL.as_str(), "no-store")
            .into())
    }
}

/// Begin to sign in with another provider
///
/// Call it right before the provider's library, which takes the `nonce`; or, where there is an `authorization_url`, open
/// that. The answer goes to `POST /v1/auth/social/verify` within ten minutes.
#[utoipa::path(tag = "auth", responses(
    (status = 201, description = "Begun", body = SocialBegun),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/social/begin")]
pub(crate) async fn begin_social_sign_in(
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    providers: Data<IdentityProviders>,
    body: Json<BeginSocial>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let tools = (&**random, &**providers);
    let begun = ops::begin_social(&mut conn, clock.now(), tools, None, body.question()).await?;
    SocialBegun::reply(begun)
}

/// What a provider answered: an `id_token`, an `access_token`, or a `code` with its `code_verifier`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SocialProof {
    /// From the beginning of this step.
    #[schema(min_length = 1, max_length = 100)]
    state: String,
    #[schema(nullable = false, min_length = 1, max_length = 10000)]
    id_token: Option<String>,
    /// Of Facebook's classic login.
    #[schema(nullable = false, min_length = 1, max_length = 10000)]
    access_token: Option<String>,
    #[schema(nullable = false, min_length = 1, max_length = 10000)]
    code: Option<String>,
    #[schema(nullable = false, min_length = 43, max_length = 128)]
    code_verifier: Option<String>,
}

impl SocialProof {
    /// The state and the answer; faults are those of `/proof`.
    pub(super) fn parse(&self, check: &mut Check) -> Option<(&str, Answer<'_>)> {
        for (pointer, text) in [
            ("/proof/id_token", &self.id_token),
            ("/proof/access_token", &self.access_token),
            ("/proof/code", &self.code),
        ] {
            if text.as_ref().is_some_and(|text| text.len() > MAX_ANSWER) {
                check.fail(pointer, Rule::TooLong { max: MAX_ANSWER });
            }
        }
        let answer = match (&self.id_token, &self.access_token, &self.code) {
            (Some(token), None, None) => Answer::IdToken(token),
            (None, Some(token), None) => Answer::AccessToken(token),
            (None, None, Some(code)) => Answer::Code {
                code,
                code_verifier: self.verifier(check)?,
            },
            (None, None, None) => {
                check.fail("/proof/id_token", Rule::Required);
                return None;
            }
            _ => {
                check.fail("/proof", ONE_OF);
                return None;
            }
        };
        Some((self.state.as_str(), answer))
    }

    fn verifier(&self, check: &mut Check) -> Option<&str> {
        let (min, max) = VERIFIER;
        let rule = match self.code_verifier.as_deref() {
            None => Rule::Required,
            Some(verifier) if verifier.len() < min => Rule::TooShort { min },
            Some(verifier) if verifier.len() > max => Rule::TooLong { max },
            Some(verifier) => return Some(verifier),
        };
        check.fail("/proof/code_verifier", rule);
        None
    }
}

/// What a new account is to have. It counts only where there is none yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSocialAccount {
    /// What the provider says unless given.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        example = "Ibu Sari"
    )]
    display_name: Option<String>,
    /// Language of mails; `id` unless given.
    #[schema(nullable = false)]
    locale: Option<Lang>,
    /// `Asia/Jakarta` unless given.
    #[schema(nullable = false)]
    timezone: Option<Timezone>,
    /// What the form asked to agree to.
    #[schema(nullable = false)]
    accepted: Option<AcceptedVersions>,
}

impl NewSocialAccount {
    fn parse(&self, check: &mut Check) -> SocialRegistration {
        let name = self.display_name.as_deref();
        let display_name = check.optional("/registration/display_name", name, |name| {
            Text::line(name, 1, 100)
        });
        let accepted = self.accepted.as_ref().map(AcceptedVersions::given);
        SocialRegistration {
            display_name: display_name.flatten(),
            locale: self.locale,
            timezone: self.timezone,
            accepted: accepted.unwrap_or_default(),
        }
    }
}

/// What a provider answered, and what the session list will call the device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifySocial {
    proof: SocialProof,
    /// The code from the mail that `POST /v1/auth/social/register` sent.
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    email_token: Option<String>,
    #[schema(nullable = false)]
    registration: Option<NewSocialAccount>,
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        example = "Redmi Note 12"
    )]
    device_name: Option<String>,
    #[schema(nullable = false)]
    platform: Option<Platform>,
    /// From the last sign-in on this device.
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    device_token: Option<String>,
}

impl VerifySocial {
    fn parse(
        &self,
        ip: ClientIp,
    ) -> Result<(Presented<'_>, Device, SocialRegistration), AuthError> {
        let mut check = Check::new();
        let answer = self.proof.parse(&mut check);
        let registration = self.registration.as_ref();
        let registration = registration.map(|new| new.parse(&mut check));
        let device = Device::parse(
            &mut check,
            (self.device_name.as_deref(), self.device_token.as_deref()),
            self.platform,
            ip,
        );
        let parsed = answer.zip(device);
        let (answer, device) = check.finish(parsed)?;
        let presented = Presented {
            answer,
            email_token: self.email_token.as_deref(),
        };
        Ok((presented, device, registration.unwrap_or_default()))
    }
}

/// Sign in with another provider
///
/// Opens a session or, the first time, makes an account with the e-mail address that the provider has proved. Where it
/// proves none, it answers 409 `auth.email_required`: `POST /v1/auth/social/register` takes an address and mails a code,
/// which goes here as `email_token`. An address that has an account already answers 409 `auth.link_required`: sign in to
/// it and link. An account with a second factor answers 401 `auth.factor_required`, as at `POST /v1/auth/login`.
/// Whatever else is wrong, the refusal is the same, and the step is used up. It takes no `Idempotency-Key`: credentials
/// are never kept.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Signed in", body = TokenPair),
    (status = 401, description = "`auth.social_invalid`, `auth.factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.account_locked`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.link_required`, `auth.email_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `auth.verification_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.provider_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/social/verify")]
#[expect(
    clippy::too_many_arguments,
    reason = "actix hands each part over separately"
)]
pub(crate) async fn verify_social(
    ip: ClientIp,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    issuer: Data<Issuer>,
    options: Data<AuthOptions>,
    providers: Data<IdentityProviders>,
    body: Json<VerifySocial>,
) -> Result<HttpResponse, Problem> {
    let (presented, device, registration) = body.parse(ip)?;
    let tools = Tools {
        random: &random,
        issuer: &issuer,
        options: &options,
    };
    let with = (&**providers, &tools);
    let signed_in =
        ops::verify_social(&db, with, clock.now(), presented, device, registration).await?;
    Ok(signed_in_reply(signed_in, &options))
}

/// A registration with an account at another provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterSocial {
    proof: SocialProof,
    #[schema(min_length = 3, max_length = 254, format = Email, example = "ibu.sari@contoh.id")]
    email: String,
    #[schema(nullable = false)]
    registration: Option<NewSocialAccount>,
}

/// Register with another provider and an e-mail address
///
/// For providers that prove no address, or whoever wants another. Sends a mail to the address: a code or, if it has an
/// account already, a notice. The answer is the same in both cases. With the code, `POST /v1/auth/social/verify` signs
/// in; until then the same provider's account may register again, with another address.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 202, description = "A mail is on its way", body = RegistrationAccepted),
    (status = 401, description = "`auth.social_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.identity_in_use`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.provider_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/social/register")]
pub(crate) async fn register_social(
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    providers: Data<IdentityProviders>,
    body: Json<RegisterSocial>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let answer = body.proof.parse(&mut check);
    let email = check.field("/email", EmailAddress::parse(&body.email));
    let registration = body.registration.as_ref();
    let registration = registration.map(|new| new.parse(&mut check));
    let parsed = check.finish(answer.zip(email)).map_err(AuthError::from);
    let ((answer, email), registration) = (parsed?, registration.unwrap_or_default());
    let now = clock.now();
    let proven = ops::prove_stranger(&db, &providers, now, answer).await;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, None, async |conn| {
            // Only here: a repeated request gets its reply, though its proof is used up.
            ops::register_social(conn, now, &proven?, &email, &registration).await?;
            let view = RegistrationAccepted::verification_sent();
            Reply::new(StatusCode::ACCEPTED, &view)
        })
        .await
}
