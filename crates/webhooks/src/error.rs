use karya_core::{ApiError, Code, FieldError, Invalid};
use karya_db::DbError;
use karya_web::codes::{NOT_FOUND, STALE_VERSION};

karya_core::codes! {
    TOO_MANY = "webhook.too_many", Conflict,
        title: "Sudah ada 20 webhook" / "There are 20 webhooks already",
        fix: "Hapus salah satu dulu." / "Delete one first.";
    NOT_ACTIVE = "webhook.not_active", Conflict,
        title: "Webhook ini tidak aktif" / "This webhook is not active",
        fix: "Aktifkan dulu dengan `state: active`." / "Make it active first, with `state: active`.";
    MANAGER_REQUIRED = "webhook.manager_required", Forbidden,
        title: "Hanya pemilik dan pengelola usaha yang boleh" / "Only owners and managers of the business may",
        fix: "Minta pemilik usaha." / "Ask an owner of the business.";
}

/// Why something about webhooks was refused.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("there is no such webhook, or it is somebody else's")]
    NotFound,
    #[error("there are as many webhooks as there may be")]
    TooMany,
    #[error("the webhook is not active")]
    NotActive,
    #[error("not an owner or manager of the business")]
    ManagerRequired,
    #[error("the webhook was changed by another request")]
    StaleVersion,
    #[error("a stored secret does not open")]
    Unsealable,
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<diesel::result::Error> for WebhookError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ApiError for WebhookError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::NotFound => &NOT_FOUND,
            Self::TooMany => &TOO_MANY,
            Self::NotActive => &NOT_ACTIVE,
            Self::ManagerRequired => &MANAGER_REQUIRED,
            Self::StaleVersion => &STALE_VERSION,
            Self::Unsealable => &karya_db::INTERNAL,
            Self::Db(error) => error.code(),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => invalid.fields(),
            _ => &[],
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Db(error) => error.retry_after(),
            _ => None,
        }
    }
}
