use std::time::Duration;

use karya_core::{ApiError, Challenge, Code, FieldError, Invalid};
use karya_db::DbError;
use karya_web::StaffFactorMissing;
use karya_web::codes::{NOT_FOUND, STAFF_FACTOR_REQUIRED, STALE_VERSION};

karya_core::codes! {
    INVALID_CREDENTIALS = "auth.invalid_credentials", Unauthenticated,
        title: "Surel, nomor telepon atau kata sandi salah" / "The e-mail address, the phone number or the password is wrong",
        fix: "Periksa semuanya. Bila baru mendaftar, verifikasi alamat surel Anda dulu." / "Check them. If you have just registered, verify your e-mail address first.";
    ACCOUNT_LOCKED = "auth.account_locked", Forbidden,
        title: "Akun ini dikunci" / "This account is locked",
        fix: "Hubungi bantuan Karya." / "Contact Karya support.";
    TOKEN_INVALID = "auth.verification_invalid", Invalid,
        title: "Kode verifikasi tidak berlaku" / "The verification code is not valid",
        fix: "Kode mungkin sudah dipakai atau kedaluwarsa. Daftar lagi untuk mendapat surel yang baru." / "It may have been used or have expired. Register again to get a new mail.";
    RESET_INVALID = "auth.reset_invalid", Invalid,
        title: "Kode untuk kata sandi baru tidak berlaku" / "The code for a new password is not valid",
        fix: "Kode mungkin sudah dipakai atau kedaluwarsa. Minta surel yang baru." / "It may have been used or have expired. Ask for a new mail.";
    EMAIL_CHANGE_INVALID = "auth.email_change_invalid", Invalid,
        title: "Kode untuk mengganti alamat surel tidak berlaku" / "The code for a change of address is not valid",
        fix: "Kode mungkin sudah dipakai atau kedaluwarsa. Minta surel yang baru." / "It may have been used or have expired. Ask for a new mail.";
    CONSENT_REQUIRED = "auth.consent_required", Conflict,
        title: "Tanpa persetujuan ini tidak ada akun" / "There is no account without this consent",
        fix: "Untuk menariknya kembali, hapus akun Anda dengan `POST /v1/me/deletion`." / "To withdraw it, delete your account with `POST /v1/me/deletion`.";
    REFRESH_INVALID = "auth.refresh_invalid", Unauthenticated,
        title: "Token penyegar tidak berlaku" / "The refresh token is not valid",
        fix: "Minta pengguna masuk lagi." / "Ask the user to sign in again.";
    REFRESH_REUSED = "auth.refresh_reused", Unauthenticated,
        title: "Token penyegar dipakai dua kali; sesi ini diakhiri" / "The refresh token was used twice; the session is ended",
        fix: "Minta pengguna masuk lagi. Simpan selalu token penyegar yang terbaru." / "Ask the user to sign in again. Always keep the newest refresh token.";
    TOO_MANY_ATTEMPTS = "auth.too_many_attempts", TooManyRequests,
        title: "Terlalu banyak percobaan masuk ke akun ini" / "Too many tries at signing in to this account",
        fix: "Coba lagi setelah waktu pada `Retry-After`, atau masuk dari perangkat yang pernah dipakai dengan `device_token`-nya." / "Try again after the time in `Retry-After`, or sign in on a device that did before, with its `device_token`.";
    HASHING_BUSY = "auth.busy", Unavailable,
        title: "Terlalu banyak orang sedang masuk" / "Too many people are signing in",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
    FACTOR_REQUIRED = "auth.factor_required", Unauthenticated,
        title: "Sejauh ini benar; akun ini masih butuh faktor kedua" / "Right so far; this account needs a second factor too",
        fix: "Minta kode, lalu kirim dengan `challenge.token` ke `POST /v1/auth/login/verify-factor`." / "Ask for a code and send it with `challenge.token` to `POST /v1/auth/login/verify-factor`.";
    FACTOR_INVALID = "auth.factor_invalid", Unauthenticated,
        title: "Kodenya salah atau sudah dipakai" / "The code is wrong or was used",
        fix: "Tunggu kode berikutnya di aplikasi autentikator, atau pakai kode pemulihan." / "Wait for the next code of the authenticator app, or use a recovery code.";
    CHALLENGE_INVALID = "auth.challenge_invalid", Unauthenticated,
        title: "Langkah masuk ini sudah berakhir" / "This step of signing in is over",
        fix: "Masuk lagi dari awal. Langkah ini berlaku lima menit, lima kode, sekali, di perangkat yang memulainya." / "Sign in from the beginning. The step is good for five minutes, five codes, once, on the device that began it.";
    PASSKEY_INVALID = "auth.passkey_invalid", Unauthenticated,
        title: "Kunci sandi ini tidak dapat dipakai masuk" / "This passkey does not sign in",
        fix: "Mulai lagi dengan `POST /v1/auth/passkey/begin`, atau masuk dengan kata sandi." / "Begin again with `POST /v1/auth/passkey/begin`, or sign in with the password.";
    SOCIAL_INVALID = "auth.social_invalid", Unauthenticated,
        title: "Akun dari penyedia lain ini tidak dapat dipakai masuk" / "This account of another provider does not sign in",
        fix: "Mulai lagi dengan `POST /v1/auth/social/begin`. Setiap jawaban penyedia berlaku sekali, sepuluh menit, untuk pertanyaannya sendiri." / "Begin again with `POST /v1/auth/social/begin`. Each answer of a provider is good once, for ten minutes, and for its own question.";
    PROVIDER_UNAVAILABLE = "auth.provider_unavailable", Unavailable,
        title: "Penyedia akun tidak menjawab" / "The provider does not answer",
        fix: "Coba lagi setelah waktu pada `Retry-After`, dengan langkah baru." / "Try again after the time in `Retry-After`, from the beginning.";
    LINK_REQUIRED = "auth.link_required", Conflict,
        title: "Alamat surel ini sudah punya akun Karya" / "This e-mail address has a Karya account already",
        fix: "Masuk ke akun itu dengan cara yang biasa, lalu tautkan dengan `POST /v1/me/identities`. Lupa kata sandi: `POST /v1/auth/password-reset`." / "Sign in to it in the usual way, then link with `POST /v1/me/identities`. Forgot the password: `POST /v1/auth/password-reset`.";
    EMAIL_REQUIRED = "auth.email_required", Conflict,
        title: "Akun baru butuh alamat surel yang terbukti" / "A new account needs an address that is proved",
        fix: "Mulai lagi dan daftar dengan `POST /v1/auth/social/register`; lalu mulai sekali lagi dan kirim kode dari surelnya sebagai `email_token`." / "Begin again and register with `POST /v1/auth/social/register`; then begin once more and send the code from the mail as `email_token`.";
    IDENTITY_IN_USE = "auth.identity_in_use", Conflict,
        title: "Akun dari penyedia ini sudah tertaut ke akun Karya" / "This account of the provider is linked to a Karya account already",
        fix: "Masuk dengannya. Untuk menautkannya ke akun lain, lepaskan dulu di sana." / "Sign in with it. To link it to another account, unlink it there first.";
    PROVIDER_LINKED = "auth.provider_linked", Conflict,
        title: "Sudah ada akun dari penyedia ini yang tertaut" / "An account of this provider is linked already",
        fix: "Lepaskan yang lama dulu." / "Unlink that one first.";
    LAST_SIGN_IN_METHOD = "auth.last_sign_in_method", Conflict,
        title: "Tanpa ini Anda tidak bisa masuk lagi" / "Without it you could not sign in any more",
        fix: "Buat dulu kata sandi (`POST /v1/auth/password-reset`), kunci sandi, atau tautkan akun lain." / "First set a password (`POST /v1/auth/password-reset`), add a passkey, or link another account.";
    TOO_MANY_FACTORS = "auth.too_many_factors", Conflict,
        title: "Akun ini sudah punya lima faktor dari jenis ini" / "The account has five factors of this kind already",
        fix: "Hapus salah satu dulu." / "Remove one first.";
    TOO_MANY_API_KEYS = "auth.too_many_api_keys", Conflict,
        title: "Akun ini sudah punya 20 kunci API" / "The account has 20 API keys already",
        fix: "Cabut salah satu dulu." / "Revoke one first.";
    PHONE_CODE_INVALID = "auth.phone_code_invalid", Invalid,
        title: "Kode dari pesan itu tidak berlaku" / "The code from the message is not valid",
        fix: "Periksa kodenya. Kode berlaku sepuluh menit, lima kali coba, sekali pakai, dan hanya di perangkat yang memintanya. Bila sudah mati, minta yang baru." / "Check it. A code is good for ten minutes, five tries and one use, and only where it was asked for. If it is dead, ask for a new one.";
    PHONE_CHANGE_INVALID = "auth.phone_change_invalid", Invalid,
        title: "Kode untuk mengembalikan nomor telepon tidak berlaku" / "The code for restoring a phone number is not valid",
        fix: "Kode mungkin sudah dipakai atau kedaluwarsa. Minta kata sandi baru lewat surel." / "It may have been used or have expired. Ask for a new password by mail.";
    TOO_MANY_CODES = "auth.too_many_codes", TooManyRequests,
        title: "Terlalu banyak kode diminta" / "Too many codes were asked for",
        fix: "Tunggu sampai waktu pada `Retry-After`. Kode yang sudah terkirim mungkin masih berlaku." / "Wait for the time in `Retry-After`. A code that was sent already may still be good.";
    PHONES_OFF = "auth.phones_off", Conflict,
        title: "Server ini tidak mengirim kode ke telepon" / "This server sends no codes to phones",
        fix: "Pakai alamat surel." / "Use the e-mail address.";
    NO_FACTOR = "auth.no_factor", Conflict,
        title: "Akun ini belum punya faktor kedua" / "The account has no second factor yet",
        fix: "Daftarkan aplikasi autentikator dulu." / "Enrol an authenticator app first.";
    CAPTCHA_REQUIRED = "auth.captcha_required", Forbidden,
        title: "Tunjukkan dulu bahwa Anda manusia" / "Show first that you are a person",
        fix: "Selesaikan captcha di aplikasi; hasilnya dikirim pada `Captcha-Token`, sekali pakai." / "Solve the captcha in the app; it sends the result in `Captcha-Token`, good for once.";
    STAFF_REQUIRED = "account.staff_required", Forbidden,
        title: "Hanya petugas yang mengelola akun orang lain" / "Only staff manages the accounts of others",
        fix: "Minta peran admin kepada pengelola Karya." / "Ask whoever runs Karya for the role of an admin.";
    OWN_ACCOUNT = "account.own", Conflict,
        title: "Ini akun Anda sendiri" / "This is your own account",
        fix: "Minta petugas lain melakukannya." / "Ask another member of staff to do it.";
    LAST_ADMIN = "account.last_admin", Conflict,
        title: "Ini admin yang terakhir" / "This is the last admin",
        fix: "Jadikan orang lain admin dulu." / "Make somebody else an admin first.";
    MENTOR_ROLE = "account.mentor_role", Conflict,
        title: "Peran mentor datang dengan persetujuan lamaran" / "The role of mentors comes with the approval of an application",
        fix: "Setujui atau tangguhkan mentornya." / "Approve or suspend the mentor.";
    FACTOR_RESET_OPEN = "account.factor_reset_open", Conflict,
        title: "Permintaan seperti ini sudah ada" / "There is such a request already",
        fix: "Setujui atau tolak permintaan itu dulu." / "Approve or refuse that one first.";
    FACTOR_RESET_OVER = "account.factor_reset_over", Conflict,
        title: "Permintaan ini sudah selesai" / "This request is settled",
        fix: "Ajukan yang baru bila masih perlu." / "Make a new one if it is still needed.";
    FACTOR_RESET_EARLY = "account.factor_reset_early", Conflict,
        title: "Pemilik akun masih bisa menolak" / "The owner of the account may still object",
        fix: "Setujui setelah waktu pada `not_before`." / "Approve it after the time in `not_before`.";
    FOUR_EYES = "account.four_eyes", Conflict,
        title: "Orang lain yang harus menyetujui" / "Somebody else has to approve",
        fix: "Minta petugas lain memeriksa buktinya." / "Ask another member of staff to look at the evidence.";
}

/// Why something about an account was refused.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the credentials are wrong")]
    InvalidCredentials,
    #[error("the account is locked")]
    AccountLocked,
    #[error("the verification token is unknown, used or expired")]
    TokenInvalid,
    #[error("the reset token is unknown, used or expired")]
    ResetInvalid,
    #[error("the token of a change of address is unknown, used or expired")]
    EmailChangeInvalid,
    #[error(
        "the code to a phone is wrong, used, expired, guessed at too often, or of another request"
    )]
    PhoneCodeInvalid,
    #[error("the token of a change of number is unknown, used or expired")]
    PhoneChangeInvalid,
    #[error("too many codes were asked for")]
    TooManyCodes { retry_after: Duration },
    #[error("no message gateway is configured")]
    PhonesOff,
    #[error("the account has no phone number")]
    PhoneNotFound,
    #[error("the account cannot be without this consent")]
    ConsentRequired,
    #[error("no version of the document is in force")]
    DocumentNotFound,
    #[error("the refresh token is unknown or expired, or its session is over")]
    RefreshInvalid,
    #[error("the refresh token was used before")]
    RefreshReused,
    #[error("too many wrong passwords for the account")]
    TooManyAttempts { retry_after: Duration },
    #[error("the hashing pool is full")]
    HashingBusy { retry_after: Duration },
    #[error("the first factor is right and a second is wanted")]
    FactorRequired(Box<Challenge>),
    #[error("the code is wrong or was used")]
    FactorInvalid,
    #[error("the passkey is unknown, of a locked account, or did not sign what was asked")]
    PasskeyInvalid,
    #[error(
        "what a provider said is not good, or not for this question, or of an account that is not there"
    )]
    SocialInvalid,
    #[error("the provider does not answer")]
    ProviderUnavailable,
    #[error("the address that the provider proved has an account")]
    LinkRequired,
    #[error("the provider proves no address, and none is proved yet")]
    EmailRequired,
    #[error("the identity is another account's")]
    IdentityInUse,
    #[error("the account has an identity of the provider")]
    ProviderLinked,
    #[error("nothing else signs in to the account")]
    LastSignInMethod,
    #[error("the challenge is unknown, used, expired, tried too often, or another device's")]
    ChallengeInvalid,
    #[error("the account has as many factors as it may")]
    TooManyFactors,
    #[error("the account has as many API keys as it may")]
    TooManyApiKeys,
    #[error("the account has no such API key")]
    ApiKeyNotFound,
    #[error("the account has no second factor")]
    NoFactor,
    #[error("the account has no such factor, or its enrolment is over")]
    FactorNotFound,
    #[error("the account has no such session")]
    SessionNotFound,
    #[error("no person solved the captcha")]
    CaptchaRequired,
    #[error(transparent)]
    StaffFactorMissing(#[from] StaffFactorMissing),
    #[error("only staff manages accounts")]
    StaffRequired,
    #[error("there is no such account")]
    AccountNotFound,
    #[error("the account is the caller's own")]
    OwnAccount,
    #[error("the account is the last admin's")]
    LastAdmin,
    #[error("the role of mentors is not granted by hand")]
    MentorRole,
    #[error("there is no such request to remove factors")]
    FactorResetNotFound,
    #[error("the account has an open request to remove its factors")]
    FactorResetOpen,
    #[error("the request to remove factors is settled or expired")]
    FactorResetOver,
    #[error("the owner of the account may still object")]
    FactorResetEarly { retry_after: Duration },
    #[error("whoever asked for the removal of factors does not approve it")]
    FourEyes,
    #[error("the account was changed by another request")]
    StaleVersion,
    #[error("the token's account does not exist any more")]
    AccountGone,
    #[error("a token could not be made: {0}")]
    Token(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<diesel::result::Error> for AuthError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ApiError for AuthError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::InvalidCredentials => &INVALID_CREDENTIALS,
            Self::AccountLocked => &ACCOUNT_LOCKED,
            Self::TokenInvalid => &TOKEN_INVALID,
            Self::ResetInvalid => &RESET_INVALID,
            Self::EmailChangeInvalid => &EMAIL_CHANGE_INVALID,
            Self::PhoneCodeInvalid => &PHONE_CODE_INVALID,
            Self::PhoneChangeInvalid => &PHONE_CHANGE_INVALID,
            Self::TooManyCodes { .. } => &TOO_MANY_CODES,
            Self::PhonesOff => &PHONES_OFF,
            Self::ConsentRequired => &CONSENT_REQUIRED,
            Self::RefreshInvalid => &REFRESH_INVALID,
            Self::RefreshReused => &REFRESH_REUSED,
            Self::TooManyAttempts { .. } => &TOO_MANY_ATTEMPTS,
            Self::HashingBusy { .. } => &HASHING_BUSY,
            Self::FactorRequired(_) => &FACTOR_REQUIRED,
            Self::FactorInvalid => &FACTOR_INVALID,
            Self::ChallengeInvalid => &CHALLENGE_INVALID,
            Self::PasskeyInvalid => &PASSKEY_INVALID,
            Self::SocialInvalid => &SOCIAL_INVALID,
            Self::ProviderUnavailable => &PROVIDER_UNAVAILABLE,
            Self::LinkRequired => &LINK_REQUIRED,
            Self::EmailRequired => &EMAIL_REQUIRED,
            Self::IdentityInUse => &IDENTITY_IN_USE,
            Self::ProviderLinked => &PROVIDER_LINKED,
            Self::LastSignInMethod => &LAST_SIGN_IN_METHOD,
            Self::TooManyFactors => &TOO_MANY_FACTORS,
            Self::TooManyApiKeys => &TOO_MANY_API_KEYS,
            Self::NoFactor => &NO_FACTOR,
            Self::SessionNotFound
            | Self::FactorNotFound
            | Self::ApiKeyNotFound
            | Self::DocumentNotFound
            | Self::PhoneNotFound
            | Self::AccountNotFound
            | Self::FactorResetNotFound => &NOT_FOUND,
            Self::CaptchaRequired => &CAPTCHA_REQUIRED,
            Self::StaffFactorMissing(_) => &STAFF_FACTOR_REQUIRED,
            Self::StaffRequired => &STAFF_REQUIRED,
            Self::OwnAccount => &OWN_ACCOUNT,
            Self::LastAdmin => &LAST_ADMIN,
            Self::MentorRole => &MENTOR_ROLE,
            Self::FactorResetOpen => &FACTOR_RESET_OPEN,
            Self::FactorResetOver => &FACTOR_RESET_OVER,
            Self::FactorResetEarly { .. } => &FACTOR_RESET_EARLY,
            Self::FourEyes => &FOUR_EYES,
            Self::StaleVersion => &STALE_VERSION,
            Self::AccountGone => &karya_web::codes::UNAUTHENTICATED,
            Self::Token(_) => &karya_db::INTERNAL,
            Self::Db(error) => error.code(),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => invalid.fields(),
            _ => &[],
        }
    }

    fn challenge(&self) -> Option<&Challenge> {
        match self {
            Self::FactorRequired(challenge) => Some(challenge),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::HashingBusy { retry_after }
            | Self::TooManyAttempts { retry_after }
            | Self::FactorResetEarly { retry_after }
            | Self::TooManyCodes { retry_after } => Some(*retry_after),
            Self::ProviderUnavailable => Some(Duration::from_secs(5)),
            Self::Db(error) => error.retry_after(),
            _ => None,
        }
    }
}
