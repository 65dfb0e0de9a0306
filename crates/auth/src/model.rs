use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::role::Role;
use karya_core::{ApiKeyId, EmailAddress, Lang, PhoneNumber, SessionId, Timezone, UserId};
use karya_db::TextList;
use karya_db::schema::{
    api_key_secrets, api_keys, auth_event_checkpoints, auth_event_seals, auth_events,
    authorization_requests, consents, email_changes, factor_resets, identities, passkey_ceremonies,
    passkeys, phone_changes, phone_codes, phones, refresh_tokens, sessions, sign_in_challenges,
    signing_keys, totp_factors, users,
};
use uuid::Uuid;

use crate::audit::EventKind;

karya_core::text_enum! {
    /// Whether an account may be used.
    pub enum UserState {
        Active = "active",
        /// Staff shut it; the password still decides who learns that.
        Locked = "locked",
        /// Its owner wants it deleted and may still take that back; for everybody else it is gone.
        Closing = "closing",
        /// Erased: what is left tells nobody whose it was.
        Deleted = "deleted",
    }
}

impl UserState {
    /// Those in which its owner can sign in.
    pub(crate) const USABLE: [Self; 2] = [Self::Active, Self::Closing];

    pub(crate) fn is_usable(self) -> bool {
        Self::USABLE.contains(&self)
    }
}

karya_core::text_enum! {
    /// Why staff locked an account.
    pub enum LockReason {
        /// Somebody else has got into it.
        Compromised = "compromised",
        Fraud = "fraud",
        Abuse = "abuse",
        /// A court or an authority ordered it.
        Legal = "legal",
        /// The owner wanted it.
        Requested = "requested",
    }
}

karya_core::text_enum! {
    /// What became of a request to remove somebody's factors.
    pub enum FactorResetState {
        Open = "open",
        Approved = "approved",
        Refused = "refused",
    }
}

karya_core::text_enum! {
    /// What a device runs.
    pub enum Platform {
        Android = "android",
        Ios = "ios",
        Web = "web",
        Other = "other",
    }
}

karya_core::text_enum! {
    /// How a session began.
    pub enum FirstFactor {
        Password = "password",
        /// Whoever runs the server made it, for a demo account.
        Operator = "operator",
        Passkey = "passkey",
        /// An account at another provider.
        Social = "social",
    }
}

karya_core::text_enum! {
    /// Whose accounts sign in here. There may be more: treat those that you do not know as unknown.
    pub enum IdentityProvider {
        Google = "google",
        Apple = "apple",
        Facebook = "facebook",
        X = "x",
    }
}

impl IdentityProvider {
    /// As people know it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Apple => "Apple",
            Self::Facebook => "Facebook",
            Self::X => "X",
        }
    }
}

karya_core::text_enum! {
    /// What somebody can show beside the password.
    pub enum FactorMethod {
        /// A code of an authenticator app.
        Totp = "totp",
        /// One of the codes for when the app is lost.
        RecoveryCode = "recovery_code",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub struct User {
    pub(crate) id: UserId,
    pub(crate) state: UserState,
    pub(crate) display_name: String,
    pub(crate) locale: Lang,
    pub(crate) timezone: Timezone,
    pub(crate) token_epoch: i32,
    pub(crate) is_demo: bool,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// An account with what stands around it, as most operations need it.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) email: String,
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
    pub(crate) phone: Option<Phone>,
    pub(crate) roles: Vec<Role>,
}

/// An account as staff sees it. Its text is a line for an operator's terminal.
#[derive(Debug, Queryable)]
pub struct StaffAccount {
    pub(crate) user: User,
    /// None once the account is erased.
    pub(crate) email: Option<String>,
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
    pub(crate) roles: Vec<Role>,
    pub(crate) lock: (Option<LockReason>, Option<String>),
    /// Whether it has an authenticator app, and a passkey.
    pub(crate) factors: (bool, bool),
}

impl std::fmt::Display for StaffAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let email = self.email.as_deref().unwrap_or("-");
        write!(f, "{} {} {email}", self.user.id, self.user.state)?;
        if let (Some(reason), _) = &self.lock {
            write!(f, " lock={reason}")?;
        }
        for role in &self.roles {
            write!(f, " role={role}")?;
        }
        let (totp, passkey) = self.factors;
        for (has, name) in [(totp, "totp"), (passkey, "passkey")] {
            if has {
                write!(f, " factor={name}")?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = factor_resets, check_for_backend(Pg))]
pub(crate) struct FactorReset {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) state: FactorResetState,
    pub(crate) evidence: String,
    pub(crate) asked_by: Option<UserId>,
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) settled_by: Option<UserId>,
    pub(crate) settled_at: Option<DateTime<Utc>>,
}

/// What an account is named by when it signs in or has lost its password.
#[derive(Debug, Clone)]
pub(crate) enum Identifier {
    Email(EmailAddress),
    Phone(PhoneNumber),
}

/// A number that an account has proved.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = phones, check_for_backend(Pg))]
pub(crate) struct Phone {
    pub(crate) user_id: UserId,
    pub(crate) number: String,
    pub(crate) verified_at: DateTime<Utc>,
}

/// A change of number, without the hash of its token.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = phone_changes, check_for_backend(Pg))]
pub(crate) struct PhoneChange {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) old_number: String,
    pub(crate) new_number: Option<String>,
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) undo_until: DateTime<Utc>,
    pub(crate) undone_at: Option<DateTime<Utc>>,
}

impl PhoneChange {
    /// Whether its owner may still take it back.
    pub(crate) fn can_be_undone(&self, now: DateTime<Utc>) -> bool {
        self.undone_at.is_none() && self.undo_until > now
    }
}

karya_core::text_enum! {
    /// What a code that goes to a phone is good for; it is good for nothing else.
    pub enum CodePurpose {
        /// Proves that an account has the number.
        VerifyPhone = "verify_phone",
        ResetPassword = "reset_password",
    }
}

/// A code that goes to a phone, and the request that it is bound to.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = phone_codes, check_for_backend(Pg))]
pub(crate) struct PhoneCode {
    pub(crate) id: Uuid,
    pub(crate) purpose: CodePurpose,
    pub(crate) number: String,
    pub(crate) user_id: Option<UserId>,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) code_hash: Option<Vec<u8>>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) used_at: Option<DateTime<Utc>>,
}

impl PhoneCode {
    /// Whether somebody still waits for it.
    pub(crate) fn is_to_send(&self, now: DateTime<Utc>) -> bool {
        self.sent_at.is_none() && self.used_at.is_none() && self.expires_at > now
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = sessions, check_for_backend(Pg))]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) device_name: Option<String>,
    pub(crate) platform: Option<Platform>,
    pub(crate) ip_prefix: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) authenticated_at: DateTime<Utc>,
    pub(crate) first_factor: FirstFactor,
    pub(crate) second_factor: Option<FactorMethod>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(Pg))]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) device_name: Option<String>,
    pub(crate) platform: Option<Platform>,
    pub(crate) ip_prefix: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    pub(crate) authenticated_at: DateTime<Utc>,
    pub(crate) first_factor: FirstFactor,
    pub(crate) second_factor: Option<FactorMethod>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = totp_factors, check_for_backend(Pg))]
pub(crate) struct TotpFactor {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) label: String,
    pub(crate) secret_sealed: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    pub(crate) last_step: Option<i64>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = passkeys, check_for_backend(Pg))]
pub(crate) struct PasskeyRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) label: String,
    pub(crate) credential: serde_json::Value,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = passkey_ceremonies, check_for_backend(Pg))]
pub(crate) struct CeremonyRow {
    pub(crate) token_hash: Vec<u8>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) state: serde_json::Value,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_in_challenges, check_for_backend(Pg))]
pub(crate) struct SignInChallenge {
    pub(crate) token_hash: Vec<u8>,
    pub(crate) user_id: UserId,
    pub(crate) device_hash: Option<Vec<u8>>,
    pub(crate) device_name: Option<String>,
    pub(crate) platform: Option<Platform>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    /// What was shown already.
    pub(crate) first_factor: FirstFactor,
}

/// An account at another provider.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = identities, check_for_backend(Pg))]
pub(crate) struct Identity {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) provider: IdentityProvider,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) label: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// A question to another provider.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = authorization_requests, check_for_backend(Pg))]
pub(crate) struct AuthorizationRequest {
    pub(crate) state_hash: Vec<u8>,
    pub(crate) provider: IdentityProvider,
    pub(crate) user_id: Option<UserId>,
    pub(crate) nonce_hash: Option<Vec<u8>>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, check_for_backend(Pg))]
pub(crate) struct RefreshToken {
    pub(crate) token_hash: Vec<u8>,
    pub(crate) session_id: SessionId,
    pub(crate) parent_hash: Option<Vec<u8>>,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) used_at: Option<DateTime<Utc>>,
    pub(crate) successor_sealed: Option<Vec<u8>>,
}

karya_core::text_enum! {
    /// How far the life of a signing key is.
    pub enum KeyState {
        /// Published, and does not sign yet.
        Next = "next",
        Active = "active",
        /// Published for the sake of what it signed.
        Retiring = "retiring",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, check_for_backend(Pg))]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) state: KeyState,
    pub(crate) public_key: Vec<u8>,
    pub(crate) private_key_sealed: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) state_since: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = auth_events, check_for_backend(Pg))]
pub(crate) struct SecurityEvent {
    pub(crate) id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: EventKind,
    pub(crate) user_id: Option<UserId>,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) actor_id: Option<UserId>,
    pub(crate) reason: Option<String>,
    pub(crate) ip_prefix: Option<String>,
    pub(crate) request_id: Option<Uuid>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = auth_event_checkpoints, check_for_backend(Pg))]
pub(crate) struct CheckpointRow {
    pub(crate) position: i64,
    pub(crate) seal_hash: Vec<u8>,
    pub(crate) events_before: DateTime<Utc>,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) hash: Vec<u8>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = auth_event_seals, check_for_backend(Pg))]
pub(crate) struct Seal {
    pub(crate) position: i64,
    pub(crate) event_id: Uuid,
    pub(crate) hash: Vec<u8>,
}

/// A change of address, without the hashes of its tokens.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = email_changes, check_for_backend(Pg))]
pub(crate) struct EmailChange {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) old_address: String,
    pub(crate) new_address: String,
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    pub(crate) undo_until: Option<DateTime<Utc>>,
    pub(crate) undone_at: Option<DateTime<Utc>>,
}

karya_core::text_enum! {
    /// Something that people agree to.
    pub enum LegalDocument {
        Terms = "terms",
        Privacy = "privacy",
        /// Mails about offers.
        Marketing = "marketing",
    }
}

impl LegalDocument {
    /// Whether there is no account without it.
    pub(crate) const fn is_required(self) -> bool {
        !matches!(self, Self::Marketing)
    }
}

karya_core::text_enum! {
    /// Where somebody agreed to a document.
    pub enum ConsentChannel {
        Registration = "registration",
        Android = "android",
        Ios = "ios",
        Web = "web",
        Other = "other",
    }
}

karya_core::text_enum! {
    /// What an account says about a document.
    pub enum ConsentState {
        /// Nothing yet.
        None = "none",
        Given = "given",
        /// It agreed to a version that is not in force any more.
        Outdated = "outdated",
        Withdrawn = "withdrawn",
    }
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = consents, check_for_backend(Pg))]
pub(crate) struct Consent {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) document: LegalDocument,
    pub(crate) version: String,
    pub(crate) locale: Lang,
    pub(crate) channel: ConsentChannel,
    pub(crate) ip_prefix: Option<String>,
    pub(crate) given_at: DateTime<Utc>,
    pub(crate) withdrawn_at: Option<DateTime<Utc>>,
}

/// What an API key may be used for, and how it is.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, check_for_backend(Pg))]
pub(crate) struct ApiKeyRow {
    pub(crate) id: ApiKeyId,
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    #[diesel(deserialize_as = TextList)]
    pub(crate) scopes: Vec<String>,
    pub(crate) requests_per_minute: Option<i32>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) last_used_from: Option<String>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_key_secrets, check_for_backend(Pg))]
pub(crate) struct ApiKeySecretRow {
    pub(crate) prefix: String,
    pub(crate) key_id: ApiKeyId,
    pub(crate) hash: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) superseded_at: Option<DateTime<Utc>>,
}

impl EmailChange {
    /// Whether it waits to be confirmed.
    pub(crate) fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.confirmed_at.is_none() && self.expires_at > now
    }

    /// Whether it was confirmed, and its owner may still take it back.
    pub(crate) fn can_be_undone(&self, now: DateTime<Utc>) -> bool {
        self.undone_at.is_none() && self.undo_until.is_some_and(|until| until > now)
    }
}
