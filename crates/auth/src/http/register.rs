use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use karya_core::{Check, Clock, EmailAddress, Lang, Text, Timezone};
use karya_db::Db;
use karya_web::{CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::captcha::Person;
use crate::model::LegalDocument;
use crate::ops::{self, NewAccount};
use crate::{AuthError, PasswordPool, password};

/// A registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterAccount {
    #[schema(min_length = 3, max_length = 254, format = Email, example = "ibu.sari@contoh.id")]
    email: String,
    /// At least 12 characters; spaces count; easily guessed ones are refused.
    #[schema(min_length = 12, max_length = 128, format = Password, example = "canting-dan-malam-panas")]
    password: String,
    #[schema(min_length = 1, max_length = 100, example = "Ibu Sari")]
    display_name: String,
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

/// The versions of the documents that somebody agreed to, which must be those in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptedVersions {
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 10,
        example = "2026-06-01"
    )]
    terms: Option<String>,
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 10,
        example = "2026-06-01"
    )]
    privacy: Option<String>,
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 10,
        example = "2026-06-01"
    )]
    marketing: Option<String>,
}

impl AcceptedVersions {
    /// Documents, where they stand in a registration, and versions.
    pub(super) fn given(&self) -> Vec<(LegalDocument, &'static str, String)> {
        let Self {
            terms,
            privacy,
            marketing,
        } = self;
        [
            (LegalDocument::Terms, "/accepted/terms", terms),
            (LegalDocument::Privacy, "/accepted/privacy", privacy),
            (LegalDocument::Marketing, "/accepted/marketing", marketing),
        ]
        .into_iter()
        .filter_map(|(document, pointer, version)| Some((document, pointer, version.clone()?)))
        .collect()
    }
}

impl RegisterAccount {
    fn parse(&self) -> Result<NewAccount, AuthError> {
        let mut check = Check::new();
        let email = check.field("/email", EmailAddress::parse(&self.email));
        let display_name = check.field("/display_name", Text::line(&self.display_name, 1, 100));
        if let Some(email) = &email {
            check.field(
                "/password",
                password::check(&self.password, email, &self.display_name),
            );
        }
        let account = email
            .zip(display_name)
            .map(|(email, display_name)| NewAccount {
                email,
                display_name,
                locale: self.locale.unwrap_or(Lang::Id),
                timezone: self.timezone.unwrap_or(Timezone::Jakarta),
                accepted: self
                    .accepted
                    .as_ref()
                    .map(AcceptedVersions::given)
                    .unwrap_or_default(),
            });
        Ok(check.finish(account)?)
    }
}

/// What comes next after a registration.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegistrationAccepted {
    /// Always `verification_sent`: whether the address had an account is for its mailbox alone to know.
    #[schema(max_length = 40, example = "verification_sent", value_type = String)]
    status: &'static str,
}

impl RegistrationAccepted {
    pub(super) const fn verification_sent() -> Self {
        Self {
            status: "verification_sent",
        }
    }
}

/// Register an account
///
/// Sends a mail to the address: a link to prove it or, if it has an account already, a notice. The answer is the
/// same in both cases. The account can sign in once the address is proved.
#[utoipa::path(tag = "auth", params(
    ("Captcha-Token" = Option<String>, Header, nullable = false, description = "What the captcha gave the app, where the server asks for one", max_length = 4096),
), responses(
    (status = 202, description = "A mail is on its way", body = RegistrationAccepted),
    (status = 403, description = "`auth.captcha_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/register")]
pub(crate) async fn register_account(
    _person: Person,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    body: Json<RegisterAccount>,
) -> Result<HttpResponse, Problem> {
    let account = body.parse()?;
    let hash = passwords.hash(&body.password).await?;
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, None, async |conn| {
            ops::register(conn, now, account, &hash).await?;
            Reply::new(
                StatusCode::ACCEPTED,
                &RegistrationAccepted::verification_sent(),
            )
        })
        .await
}

/// A proof of an e-mail address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyEmail {
    /// The code in the mail.
    #[schema(
        min_length = 1,
        max_length = 100,
        example = "pL3hQd0cJ8sVY2nXw5rT7uK1bM4aZ6eG9fC0iO3jS8k"
    )]
    token: String,
    /// The one chosen at registration: whoever can read the mailbox has not necessarily registered.
    #[schema(max_length = 128, format = Password, example = "canting-dan-malam-panas")]
    password: String,
}

/// The address is proved.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmailVerified {
    #[schema(max_length = 40, example = "verified", value_type = String)]
    status: &'static str,
}

/// Prove an e-mail address
///
/// With the code from the mail and the password of the registration. It works once and for 24 hours. Other accounts
/// that claimed the address end.
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "Proved", body = EmailVerified),
    (status = 401, description = "`auth.invalid_credentials`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`auth.verification_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/email-verification")]
pub(crate) async fn verify_email(
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    body: Json<VerifyEmail>,
) -> Result<HttpResponse, Problem> {
    ops::check_verification(&db, &passwords, (&body.token, &body.password)).await?;
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, None, async |conn| {
            ops::verify_email(conn, now, &body.token).await?;
            Reply::ok(&EmailVerified { status: "verified" })
        })
        .await
}
