use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch};
use chrono::{DateTime, Utc};
use karya_core::role::Role;
use karya_core::{Check, Clock, Lang, Rule, Text, Timezone, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Holder, IfMatch, MergePatch, Patch, Problem, ProblemBody, Reply,
    or_current,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Account, UserState};
use crate::ops::{self, ProfileChange};
use crate::{AuthError, queries};

/// The account that is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    id: UserId,
    #[schema(max_length = 100, example = "Sari Wulandari")]
    display_name: String,
    #[schema(max_length = 254, format = Email, example = "sari@demo.karya.test")]
    email: String,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    email_verified_at: Option<DateTime<Utc>>,
    /// E.164; none until one is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 16, example = "+6281234567890")]
    phone: Option<String>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    phone_verified_at: Option<DateTime<Utc>>,
    locale: Lang,
    timezone: Timezone,
    /// `closing`: it is about to be deleted, and everybody else sees it as gone.
    state: UserState,
    #[schema(max_items = 10)]
    roles: Vec<Role>,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

impl From<Account> for MeView {
    fn from(account: Account) -> Self {
        let Account {
            user,
            email,
            email_verified_at,
            phone,
            roles,
        } = account;
        let (phone, phone_verified_at) =
            phone.map(|phone| (phone.number, phone.verified_at)).unzip();
        Self {
            id: user.id,
            display_name: user.display_name,
            email,
            email_verified_at,
            phone,
            phone_verified_at,
            locale: user.locale,
            timezone: user.timezone,
            state: user.state,
            roles,
            version: user.version,
            created_at: user.created_at,
        }
    }
}

/// Show my account
///
/// The account of the access token.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The account", body = MeView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me")]
pub(crate) async fn get_me(Holder(actor): Holder, db: Data<Db>) -> Result<HttpResponse, Problem> {
    let view = read(&db, actor.user_id).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

async fn read(db: &Db, user: UserId) -> Result<MeView, Problem> {
    let reader = db.read().await?;
    let account = queries::find_account(&reader, user)
        .await
        .map_err(AuthError::from)?;
    Ok(account.ok_or(AuthError::AccountGone)?.into())
}

/// A change of one's account. What is not mentioned stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateMe {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, example = "Sari W.")]
    display_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Lang, required = false)]
    locale: Patch<Lang>,
    #[serde(default)]
    #[schema(value_type = Timezone, required = false)]
    timezone: Patch<Timezone>,
}

impl UpdateMe {
    fn parse(self) -> Result<ProfileChange, AuthError> {
        let mut check = Check::new();
        let display_name = match self.display_name {
            Patch::Set(name) => check
                .field("/display_name", Text::line(&name, 1, 100))
                .map(Patch::Set),
            Patch::Clear => Some(Patch::Clear),
            Patch::Keep => Some(Patch::Keep),
        };
        for (pointer, cleared) in [
            ("/display_name", display_name == Some(Patch::Clear)),
            ("/locale", self.locale == Patch::Clear),
            ("/timezone", self.timezone == Patch::Clear),
        ] {
            if cleared {
                check.fail(pointer, Rule::Required);
            }
        }
        let change = display_name.map(|display_name| ProfileChange {
            display_name,
            locale: self.locale,
            timezone: self.timezone,
        });
        Ok(check.finish(change)?)
    }
}

/// Change my account
///
/// Name, language of mails, and time zone.
#[utoipa::path(tag = "me", security(("bearer" = [])), request_body = UpdateMe, responses(
    (status = 200, description = "The changed account", body = MeView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/me")]
pub(crate) async fn update_me(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    body: MergePatch<UpdateMe>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let change = body.0.parse()?;
    let mut conn = db.conn().await?;
    let user = actor.user_id;
    let done = ops::update_profile(&mut conn, clock.now(), user, expected, change).await;
    let view = MeView::from(or_current(done, async || read(&db, user).await).await?);
    Ok(Reply::ok(&view)?.version(view.version).into())
}
