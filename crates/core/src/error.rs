use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{Code, FieldError, Lang};

/// What is still to prove, and the secret that says so much is proved already.
#[derive(Clone)]
pub struct Challenge {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    /// What would do.
    pub methods: Vec<&'static str>,
}

/// Without the token: errors end up in logs.
impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Challenge({:?})", self.methods)
    }
}

/// What a domain error tells the edge of the program.
///
/// Implement it once per crate's error enum; the web crate turns any of them into a problem document (RFC 9457).
/// `Display` is for the log and in English; what callers read comes from the code and from `detail`.
pub trait ApiError: std::error::Error + Send + Sync + 'static {
    /// The entry of the catalogue.
    fn code(&self) -> &'static Code;

    /// What is particular to this occurrence, when the title does not say it.
    fn detail(&self, _lang: Lang) -> Option<String> {
        None
    }

    /// The fields at fault.
    fn fields(&self) -> &[FieldError] {
        &[]
    }

    /// Times that would do instead, when a time was refused.
    fn alternatives(&self) -> &[DateTime<Utc>] {
        &[]
    }

    /// Of several times that were wanted, those that cannot be had, and why.
    fn conflicts(&self) -> &[(DateTime<Utc>, &'static Code)] {
        &[]
    }

    /// What is still to prove, when a first proof was right and is not enough.
    fn challenge(&self) -> Option<&Challenge> {
        None
    }

    /// When trying again makes sense.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
