use std::time::Duration;

use karya_core::{ApiError, Code};

karya_core::codes! {
    INTERNAL = "service.internal", Internal,
        title: "Terjadi gangguan di pihak kami" / "Something went wrong on our side",
        fix: "Coba lagi nanti; bila berulang, sampaikan `request_id` kepada kami." / "Try again later; if it persists, tell us the `request_id`.";
    UNAVAILABLE = "service.unavailable", Unavailable,
        title: "Layanan sedang sibuk" / "The service is busy",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
}

/// Why the database did not answer. A constraint's refusal is a domain error instead: see `OnConstraint`.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("no connection to the database: {0}")]
    Connect(String),
    #[error("the database refused a statement")]
    Query(#[from] diesel::result::Error),
}

impl DbError {
    /// SQLSTATE 57014: `statement_timeout` ended it.
    fn is_timeout(&self) -> bool {
        matches!(self, Self::Query(diesel::result::Error::DatabaseError(_, info))
            if info.message().contains("statement timeout"))
    }
}

impl ApiError for DbError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Connect(_) => &UNAVAILABLE,
            Self::Query(_) if self.is_timeout() => &UNAVAILABLE,
            Self::Query(_) => &INTERNAL,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.code() == &UNAVAILABLE).then_some(Duration::from_secs(2))
    }
}
