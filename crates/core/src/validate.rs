//! Checking values: rules, the fields that break them, and a collector that reports all of them at once.

use std::borrow::Cow;

use crate::{ApiError, Code, Lang, Words};

crate::codes! {
    VALIDATION_FAILED = "request.validation_failed", Invalid,
        title: "Beberapa isian tidak memenuhi aturan" / "Some values break a rule",
        fix: "Perbaiki isian yang disebut pada `errors`, lalu kirim ulang." / "Correct the fields named in `errors` and send the request again.";
}

/// A rule that a value broke.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    Required,
    Unknown,
    /// The JSON type is wrong; holds the parser's own words.
    WrongType(String),
    TooShort {
        min: usize,
    },
    TooLong {
        max: usize,
    },
    TooMany {
        max: usize,
    },
    OutOfRange {
        min: f64,
        max: f64,
    },
    /// Not of the expected form; the words say which form.
    Format(Words),
    /// Control characters, NUL or bidirectional overrides.
    ForbiddenCharacter,
    /// Names something that does not exist.
    NotFound,
    /// Stands twice.
    Duplicate,
    /// A rule of one domain, with a code of its own.
    Other {
        code: &'static str,
        words: Words,
    },
}

impl Rule {
    /// Stable; for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Unknown => "unknown",
            Self::WrongType(_) => "wrong_type",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::TooMany { .. } => "too_many",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Format(_) => "format",
            Self::ForbiddenCharacter => "forbidden_character",
            Self::NotFound => "not_found",
            Self::Duplicate => "duplicate",
            Self::Other { code, .. } => code,
        }
    }

    /// For people.
    #[must_use]
    pub fn message(&self, lang: Lang) -> Cow<'static, str> {
        let id = lang == Lang::Id;
        match self {
            Self::Required => if id { "wajib diisi" } else { "is required" }.into(),
            Self::Unknown => if id { "tidak dikenal" } else { "is not known" }.into(),
            Self::WrongType(what) => {
                if id { format!("jenis nilainya salah ({what})") } else { format!("has the wrong type ({what})") }.into()
            }
            Self::TooShort { min } => {
                if id { format!("paling sedikit {min} karakter") } else { format!("needs at least {min} characters") }.into()
            }
            Self::TooLong { max } => {
                if id { format!("paling banyak {max} karakter") } else { format!("takes at most {max} characters") }.into()
            }
            Self::TooMany { max } => {
                if id { format!("paling banyak {max} butir") } else { format!("takes at most {max} items") }.into()
            }
            Self::OutOfRange { min, max } => {
                if id { format!("harus antara {min} dan {max}") } else { format!("must be between {min} and {max}") }.into()
            }
            Self::Format(words) | Self::Other { words, .. } => lang.pick(*words).into(),
            Self::ForbiddenCharacter => if id {
                "mengandung karakter yang tidak diizinkan (karakter kendali atau pembalik arah teks)"
            } else {
                "holds a character that is not allowed (a control character or a text-direction override)"
            }
            .into(),
            Self::NotFound => if id { "tidak ditemukan" } else { "does not exist" }.into(),
            Self::Duplicate => if id { "tercantum lebih dari sekali" } else { "is listed more than once" }.into(),
        }
    }
}

/// Where in the request a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// JSON pointer (RFC 6901) into the body.
    Body(String),
    /// Query or path parameter.
    Parameter(String),
    Header(&'static str),
}

/// One value that broke one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    pub place: Place,
    pub rule: Rule,
}

/// All values of a request that broke a rule.
#[derive(Debug, thiserror::Error)]
#[error("{} value(s) break a rule: {}", .0.len(), .0.iter().map(|e| format!("{:?} {}", e.place, e.rule.code())).collect::<Vec<_>>().join(", "))]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    #[must_use]
    pub fn body(pointer: impl Into<String>, rule: Rule) -> Self {
        Self(vec![FieldError {
            place: Place::Body(pointer.into()),
            rule,
        }])
    }
}

impl ApiError for Invalid {
    fn code(&self) -> &'static Code {
        &VALIDATION_FAILED
    }

    fn fields(&self) -> &[FieldError] {
        &self.0
    }
}

/// Collects the faults of a body, so that a caller learns them all from one reply.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the value, or records that `pointer` broke a rule.
    pub fn field<T>(&mut self, pointer: impl Into<String>, parsed: Result<T, Rule>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(rule) => {
                self.fail(pointer, rule);
                None
            }
        }
    }

    /// The same for a value that may be absent; an absent one is `Some(None)`.
    pub fn optional<R, T>(
        &mut self,
        pointer: impl Into<String>,
        raw: Option<R>,
        parse: impl FnOnce(R) -> Result<T, Rule>,
    ) -> Option<Option<T>> {
        match raw {
            None => Some(None),
            Some(raw) => self.field(pointer, parse(raw)).map(Some),
        }
    }

    pub fn fail(&mut self, pointer: impl Into<String>, rule: Rule) {
        self.0.push(FieldError {
            place: Place::Body(pointer.into()),
            rule,
        });
    }

    /// The value when nothing was at fault.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Invalid> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Invalid(self.0)),
        }
    }
}
