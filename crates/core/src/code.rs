//! The vocabulary of refusals: each has one stable code, one kind, and words in both languages.

/// Why a request was refused, without naming a transport.
///
/// The web crate decides the HTTP status of each kind, in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be understood.
    Malformed,
    /// The caller did not prove who they are.
    Unauthenticated,
    /// The caller is known, and the thing is known to exist, but they may not.
    Forbidden,
    /// It does not exist, or the caller may not know whether it does.
    NotFound,
    MethodNotAllowed,
    /// The client was too slow in sending.
    Timeout,
    /// The state of the resource refuses.
    Conflict,
    /// It was there and will not come back.
    Gone,
    /// The caller edited an older version.
    Stale,
    TooLarge,
    UnsupportedMedia,
    /// Well-formed, but a value breaks a rule.
    Invalid,
    /// The caller must say which version they edit.
    VersionRequired,
    TooManyRequests,
    /// The client itself is too old.
    Outdated,
    /// A fault on our side; the cause stays in the log.
    Internal,
    /// Try again later.
    Unavailable,
}

/// A sentence in Indonesian and in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    pub id: &'static str,
    pub en: &'static str,
}

/// One entry of the error catalogue. The code is a contract: it never changes its meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable and dotted: `auth.invalid_credentials`.
    pub code: &'static str,
    pub kind: Kind,
    /// What happened, in one sentence.
    pub title: Words,
    /// What the caller can do about it.
    pub fix: Words,
}

/// Declares the codes of a crate as statics, and `CODES` that lists them all.
#[macro_export]
macro_rules! codes {
    ($($name:ident = $code:literal, $kind:ident,
        title: $title_id:literal / $title_en:literal,
        fix: $fix_id:literal / $fix_en:literal;)+) => {
        $(
            pub static $name: $crate::Code = $crate::Code {
                code: $code,
                kind: $crate::Kind::$kind,
                title: $crate::Words { id: $title_id, en: $title_en },
                fix: $crate::Words { id: $fix_id, en: $fix_en },
            };
        )+
        /// Every code declared here, for the catalogue.
        pub static CODES: &[&$crate::Code] = &[$(&$name),+];
    };
}
