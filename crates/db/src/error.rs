use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error};
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
    Query(#[from] Error),
}

impl DbError {
    /// Whether the same request may well succeed later: a timeout, a deadlock, a connection or server that went away.
    fn is_transient(&self) -> bool {
        /// diesel hands on no SQLSTATE, so these go by PostgreSQL's English messages; in another language the
        /// request fails with 500 instead of 503.
        const PASSING: [&str; 6] = [
            "statement timeout",
            "lock timeout",
            "deadlock detected",
            "terminating connection",
            "the database system is",
            "too many clients",
        ];
        match self {
            Self::Query(Error::DatabaseError(kind, info)) => {
                matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure
                ) || PASSING
                    .iter()
                    .any(|passing| info.message().contains(passing))
            }
            Self::Connect(_) | Self::Query(Error::BrokenTransactionManager) => true,
            Self::Query(_) => false,
        }
    }
}

impl ApiError for DbError {
    fn code(&self) -> &'static Code {
        if self.is_transient() {
            &UNAVAILABLE
        } else {
            &INTERNAL
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.code() == &UNAVAILABLE).then_some(Duration::from_secs(2))
    }
}
