use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{Rule, Text, UserId, Words};
use karya_db::TextList;
use karya_db::schema::mentors;

use super::MentorState;

karya_core::text_enum! {
    /// A language in which a mentor works, by its shortest ISO 639 code.
    pub enum Language {
        /// Indonesian.
        Id = "id",
        /// English.
        En = "en",
        /// Javanese.
        Jv = "jv",
        /// Sundanese.
        Su = "su",
        /// Minangkabau.
        Min = "min",
        /// Buginese.
        Bug = "bug",
        /// Balinese.
        Ban = "ban",
        /// Madurese.
        Mad = "mad",
        /// Acehnese.
        Ace = "ace",
        /// Banjarese.
        Bjn = "bjn",
        /// Batak Toba.
        Bbc = "bbc",
        /// Makassarese.
        Mak = "mak",
        /// Sasak.
        Sas = "sas",
        /// Malay.
        Ms = "ms",
        /// Papuan Malay.
        Pmy = "pmy",
        /// Chinese.
        Zh = "zh",
        /// Japanese.
        Ja = "ja",
        /// Arabic.
        Ar = "ar",
        /// Indonesian sign language (BISINDO).
        Inl = "inl",
    }
}

/// What a mentor says about themself, its values in order.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = mentors, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct MentorProfile {
    pub(crate) headline: String,
    pub(crate) about: Option<String>,
    pub(crate) expertise: Vec<String>,
    pub(crate) subsectors: Vec<String>,
    pub(crate) languages: Vec<String>,
    pub(crate) regions: Vec<String>,
}

/// A mentor as lists show them.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = mentors, check_for_backend(Pg))]
pub(crate) struct MentorSummaryRow {
    pub(crate) user_id: UserId,
    pub(crate) headline: String,
    #[diesel(deserialize_as = TextList)]
    pub(crate) expertise: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) subsectors: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) languages: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) regions: Vec<String>,
    pub(crate) response_minutes: Option<i32>,
    pub(crate) completed_sessions: i32,
    pub(crate) rating_sum: i32,
    pub(crate) rating_count: i32,
}

/// What staff decided about a mentor.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = mentors, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct Decision {
    pub(crate) state: MentorState,
    pub(crate) review_note: Option<String>,
    pub(crate) reviewed_by: UserId,
    pub(crate) reviewed_at: DateTime<Utc>,
    pub(crate) version: i32,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What staff may do with a mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Review {
    Approve,
    Reject,
    Suspend,
    Reinstate,
}

impl Review {
    /// The state that it leads to.
    pub(crate) const fn target(self) -> MentorState {
        match self {
            Self::Approve | Self::Reinstate => MentorState::Approved,
            Self::Reject => MentorState::Rejected,
            Self::Suspend => MentorState::Suspended,
        }
    }

    /// Whether it is possible in a state other than its target. Who was rejected may still be approved; who is
    /// suspended comes back by being reinstated only, so that nobody undoes a suspension by mistake.
    pub(crate) const fn starts_from(self, state: MentorState) -> bool {
        matches!(
            (self, state),
            (Self::Approve, MentorState::Applied | MentorState::Rejected)
                | (Self::Reject, MentorState::Applied)
                | (Self::Suspend, MentorState::Approved)
                | (Self::Reinstate, MentorState::Suspended)
        )
    }
}

/// The longest tag.
pub(crate) const MAX_TAG: usize = 40;

const TAG_FORM: Rule = Rule::Format(Words {
    id: "hanya huruf, angka, spasi, dan tanda _ - + & .",
    en: "takes letters, digits, spaces and _ - + & .",
});

/// A tag as it is kept and looked for: lower case, its words joined by `_`.
pub(crate) fn tag(raw: &str) -> Result<String, Rule> {
    let text = Text::line(raw, 1, MAX_TAG)?.into_string().to_lowercase();
    if !text
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '+' | '&' | '.'))
    {
        return Err(TAG_FORM);
    }
    let words: Vec<&str> = text
        .split([' ', '_'])
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return Err(TAG_FORM);
    }
    // Lower case can be longer than upper case.
    let tag = words.join("_");
    if tag.chars().count() > MAX_TAG {
        return Err(Rule::TooLong { max: MAX_TAG });
    }
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::{Review, tag};
    use crate::model::MentorState;

    #[test]
    fn a_tag_is_the_same_however_it_is_typed() {
        for raw in [
            "pemasaran_digital",
            " Pemasaran  Digital ",
            "PEMASARAN_digital",
        ] {
            assert_eq!(tag(raw), Ok("pemasaran_digital".to_owned()), "{raw}");
        }
        for bad in ["", "_", "a,b", "a\u{202e}b", "<b>", &"x".repeat(41)] {
            assert!(tag(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_reinstating_ends_a_suspension() {
        let from = |state| {
            [
                Review::Approve,
                Review::Reject,
                Review::Suspend,
                Review::Reinstate,
            ]
            .into_iter()
            .filter(move |review| review.starts_from(state))
            .collect::<Vec<_>>()
        };
        assert_eq!(
            from(MentorState::Applied),
            [Review::Approve, Review::Reject]
        );
        assert_eq!(from(MentorState::Approved), [Review::Suspend]);
        assert_eq!(from(MentorState::Rejected), [Review::Approve]);
        assert_eq!(from(MentorState::Suspended), [Review::Reinstate]);
    }
}
