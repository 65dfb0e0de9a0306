//! What people can show of their mentoring: hours and certificates.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{Lang, Random, UserId};
use karya_reference::subsectors;

use crate::model::{CertificateId, CertificateRow, Side};
use crate::proof::certificate::is_printable;
use crate::queries::proof::HoursRecord;
use crate::{MentoringError, queries};

/// How many sessions one report holds.
pub(crate) const MAX_ROWS: usize = 5000;

/// How often a code that is taken is made anew; the second time is already one in many millions.
const CODE_ATTEMPTS: usize = 5;

/// A completed session, as one of its sides counts it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) record: HoursRecord,
    pub(crate) side: Side,
    /// On the calendar of the one who asks.
    pub(crate) date: NaiveDate,
    pub(crate) minutes: u32,
}

/// Days, both counted in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
}

/// The completed sessions of a person, by the calendar of that person, the earliest first. One statement.
pub(crate) async fn sessions(
    conn: &AsyncPgConnection,
    user: UserId,
    side: Option<Side>,
    period: Period,
) -> Result<Vec<Session>, MentoringError> {
    // Wide enough for every zone of Indonesia; which one it is comes with the rows.
    let from = period.from.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(12);
    let to = period.to.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(36);
    let limit = i64::try_from(MAX_ROWS).unwrap_or_default() + 100;
    let records = queries::proof::hours(conn, user, side, (from, to), limit).await?;
    let sessions: Vec<Session> = records
        .into_iter()
        .map(|record| Session::new(record, user))
        .filter(|session| period.from <= session.date && session.date <= period.to)
        .collect();
    if sessions.len() > MAX_ROWS {
        return Err(MentoringError::HoursTooMany);
    }
    Ok(sessions)
}

impl Session {
    fn new(record: HoursRecord, user: UserId) -> Self {
        let (side, zone) = if record.mentor_id == user {
            (Side::Mentor, record.mentor_zone)
        } else {
            (Side::Mentee, record.mentee_zone)
        };
        let minutes = (record.ends_at - record.starts_at).num_minutes();
        Self {
            side,
            date: record.starts_at.with_timezone(&zone.tz()).date_naive(),
            minutes: u32::try_from(minutes).unwrap_or_default(),
            record,
        }
    }

    fn holder(&self) -> (&str, karya_core::Timezone) {
        match self.side {
            Side::Mentor => (&self.record.mentor_name, self.record.mentor_zone),
            Side::Mentee => (&self.record.mentee_name, self.record.mentee_zone),
        }
    }
}

/// How many sessions and minutes fall on each key, the most minutes first.
pub(crate) fn totals<K: PartialEq>(
    sessions: &[Session],
    key: impl Fn(&Session) -> K,
) -> Vec<(K, u32, u32)> {
    let mut totals: Vec<(K, u32, u32)> = Vec::new();
    for session in sessions {
        let key = key(session);
        match totals.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, count, minutes)) => {
                *count += 1;
                *minutes += session.minutes;
            }
            None => totals.push((key, 1, session.minutes)),
        }
    }
    totals.sort_by_key(|(_, _, minutes)| std::cmp::Reverse(*minutes));
    totals
}

/// The names of subsectors.
pub(crate) fn labels(codes: &[String], lang: Lang) -> Vec<String> {
    codes.iter().map(|code| label(code, lang)).collect()
}

/// The name of a subsector.
pub(crate) fn label(code: &str, lang: Lang) -> String {
    subsectors::find(code).map_or_else(
        || code.to_owned(),
        |subsector| match lang {
            Lang::Id => subsector.name_id.clone(),
            Lang::En => subsector.name_en.clone(),
        },
    )
}

/// Certifies what a person has completed on one side, as it stands now.
pub(crate) async fn certify(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    user: UserId,
    (side, period): (Side, Period),
) -> Result<CertificateRow, MentoringError> {
    let sessions = sessions(conn, user, Some(side), period).await?;
    let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else {
        return Err(MentoringError::CertificateEmpty);
    };
    let (name, zone) = first.holder();
    if !is_printable(name) {
        return Err(MentoringError::CertificateName);
    }
    let themes = totals(&sessions, |session| session.record.subsector.clone());
    let minutes: u32 = sessions.iter().map(|session| session.minutes).sum();
    let mut row = CertificateRow {
        id: CertificateId::fresh(),
        code: String::new(),
        user_id: user,
        holder_name: name.to_owned(),
        side,
        first_on: first.date,
        last_on: last.date,
        minutes: i32::try_from(minutes).unwrap_or(i32::MAX),
        sessions: i32::try_from(sessions.len()).unwrap_or(i32::MAX),
        themes: themes.into_iter().filter_map(|(code, ..)| code).collect(),
        issued_on: now.with_timezone(&zone.tz()).date_naive(),
        issued_at: now,
        revoked_at: None,
    };
    for _ in 0..CODE_ATTEMPTS {
        row.code = certificate_code(random);
        if queries::proof::insert(conn, &row).await? == 1 {
            return Ok(row);
        }
    }
    Err(MentoringError::DocumentsBusy)
}

/// Crockford's base 32: no I, L, O or U to mishear.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Such as `KRY-7F3K-9Q2M`.
fn certificate_code(random: &Random) -> String {
    let letters: String = random
        .bytes()
        .iter()
        .take(8)
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect();
    grouped(&letters)
}

fn grouped(letters: &str) -> String {
    let (one, two) = letters.split_at_checked(4).unwrap_or((letters, ""));
    format!("KRY-{one}-{two}")
}

/// A code as somebody typed it, in its one form: in whatever case, with or without its marks, and with letters for
/// the digits that they look like.
#[must_use]
pub fn read_certificate_code(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .take(60)
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—' | '_' | '.'))
        .flat_map(char::to_uppercase)
        .collect();
    let letters = if letters.len() > 8 {
        letters.strip_prefix("KRY")?
    } else {
        &letters
    };
    let read = |letter: char| {
        let letter = match letter {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        u8::try_from(letter)
            .ok()
            .filter(|byte| ALPHABET.contains(byte))
            .map(char::from)
    };
    let letters: String = letters.chars().map(read).collect::<Option<_>>()?;
    (letters.len() == 8).then(|| grouped(&letters))
}

/// A certificate of `user`.
pub(crate) async fn own_certificate(
    conn: &AsyncPgConnection,
    user: UserId,
    id: CertificateId,
) -> Result<CertificateRow, MentoringError> {
    queries::proof::find_own(conn, user, id)
        .await?
        .ok_or(MentoringError::CertificateNotFound)
}

/// Revokes a certificate of one's own. Once is enough.
pub(crate) async fn revoke_certificate(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: CertificateId,
) -> Result<CertificateRow, MentoringError> {
    own_certificate(conn, user, id).await?;
    queries::proof::revoke(conn, id, now).await?;
    own_certificate(conn, user, id).await
}

/// What a certificate tells whoever holds its code.
#[derive(Debug, Clone)]
pub struct Verified {
    pub code: String,
    pub holder_name: String,
    pub side: Side,
    pub minutes: u32,
    pub sessions: u32,
    pub first_on: NaiveDate,
    pub last_on: NaiveDate,
    /// Codes of subsectors.
    pub themes: Vec<String>,
    pub issued_on: NaiveDate,
    pub issued_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The certificate with a code that somebody typed.
pub async fn verify_certificate(
    conn: &AsyncPgConnection,
    typed: &str,
) -> Result<Verified, MentoringError> {
    let code = read_certificate_code(typed).ok_or(MentoringError::CertificateNotFound)?;
    let row = queries::proof::find_by_code(conn, &code)
        .await?
        .ok_or(MentoringError::CertificateNotFound)?;
    Ok(Verified {
        code: row.code,
        holder_name: row.holder_name,
        side: row.side,
        minutes: u32::try_from(row.minutes).unwrap_or_default(),
        sessions: u32::try_from(row.sessions).unwrap_or_default(),
        first_on: row.first_on,
        last_on: row.last_on,
        themes: row.themes,
        issued_on: row.issued_on,
        issued_at: row.issued_at,
        revoked_at: row.revoked_at,
    })
}

#[cfg(test)]
mod tests {
    use karya_core::Random;

    use super::{certificate_code, read_certificate_code};

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in [
            "KRY-7F3K-9Q2M",
            "kry 7f3k 9q2m",
            "7F3K9Q2M",
            " kry7f3k–9q2m ",
        ] {
            assert_eq!(
                read_certificate_code(typed).as_deref(),
                Some("KRY-7F3K-9Q2M")
            );
        }
        assert_eq!(
            read_certificate_code("KRY-OIL0-1111").as_deref(),
            Some("KRY-0110-1111")
        );
        for other in [
            "",
            "KRY",
            "KRY-7F3K-9Q2",
            "KRY-7F3K-9Q2MM",
            "7F3K9Q2U",
            "7F3K9Q2é",
            "\0",
        ] {
            assert_eq!(read_certificate_code(other), None, "{other:?}");
        }
    }

    #[test]
    fn every_code_reads_as_itself() {
        let random = Random::seeded(7);
        for _ in 0..1000 {
            let code = certificate_code(&random);
            assert_eq!(read_certificate_code(&code), Some(code));
        }
    }
}
