//! Codes for when the second factor is lost. Each stands in for it, once.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{MasterKey, Random, UserId};
use karya_notifications::FactorNotice;

use crate::audit::{self, Event, EventKind};
use crate::jobs::NotifyFactor;
use crate::{AuthError, queries};

/// How many there are.
pub(crate) const CODES: usize = 10;

/// 120 random bits: enough to be found by a keyed hash, without a slow one (ASVS 6.5.2).
const BYTES: usize = 15;
const LETTERS: usize = 24;

const PURPOSE: &str = "recovery-code";

/// Makes new codes; the old ones are good for nothing from now on. They are shown this once.
pub(crate) async fn regenerate(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (master_key, random): (&MasterKey, &Random),
    user: UserId,
) -> Result<Vec<String>, AuthError> {
    let codes: Vec<String> = (0..CODES).map(|_| fresh(random)).collect();
    let hashes = codes.iter().map(|code| hash(master_key, user, code));
    let hashes: Vec<Vec<u8>> = hashes.collect();
    conn.transaction(async |conn| {
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::AccountGone)?;
        if !queries::has_factors(conn, user).await? {
            return Err(AuthError::NoFactor);
        }
        queries::delete_recovery_codes(conn, user).await?;
        queries::insert_recovery_codes(conn, user, hashes, now).await?;
        audit::record(conn, now, Event::of(EventKind::RecoveryCodesMade, user)).await?;
        NotifyFactor::enqueue(conn, user, now, FactorNotice::CodesMade).await
    })
    .await?;
    Ok(codes.iter().map(|code| grouped(code)).collect())
}

/// Uses a code up, and says whether it was good. Its owner gets a mail.
pub(super) async fn redeem(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    user: UserId,
    typed: &str,
) -> Result<bool, AuthError> {
    let Some(code) = parse(typed) else {
        return Ok(false);
    };
    let hash = hash(master_key, user, &code);
    if queries::use_recovery_code(conn, (user, &hash), now).await? == 0 {
        return Ok(false);
    }
    audit::record(conn, now, Event::of(EventKind::RecoveryCodeUsed, user)).await?;
    let left = queries::count_recovery_codes(conn, user).await?;
    NotifyFactor::enqueue(conn, user, now, FactorNotice::CodeUsed { left }).await?;
    Ok(true)
}

fn hash(master_key: &MasterKey, user: UserId, code: &str) -> Vec<u8> {
    let input = [user.as_uuid().as_bytes().as_slice(), code.as_bytes()].concat();
    master_key.keyed_hash(PURPOSE, &input)
}

fn fresh(random: &Random) -> String {
    let bytes = random.bytes();
    data_encoding::BASE32_NOPAD.encode(bytes.first_chunk::<BYTES>().unwrap_or(&[0; BYTES]))
}

/// In groups of four, as people copy them.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups = letters.chunks(4).map(String::from_iter);
    groups.collect::<Vec<_>>().join("-")
}

/// As it was made, however it was typed: case, blanks and dashes do not matter, nor do the digits that look like letters
/// and that no code has.
fn parse(typed: &str) -> Option<String> {
    let mut code = String::with_capacity(LETTERS);
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        code.push(match c.to_ascii_uppercase() {
            '0' => 'O',
            '1' => 'I',
            '8' => 'B',
            c @ ('A'..='Z' | '2'..='7') => c,
            _ => return None,
        });
        if code.len() > LETTERS {
            return None;
        }
    }
    (code.len() == LETTERS).then_some(code)
}

#[cfg(test)]
mod tests {
    use karya_core::{MasterKey, Random, UserId};

    use super::{fresh, grouped, hash, parse};

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = fresh(&Random::seeded(7));
        let shown = grouped(&code);
        assert_eq!((shown.len(), shown.matches('-').count()), (29, 5));
        for typed in [
            &shown,
            &code,
            &shown.to_lowercase(),
            &shown.replace('-', " "),
            &format!(" {shown}\n"),
        ] {
            assert_eq!(parse(typed).as_ref(), Some(&code), "{typed}");
        }
        let lookalike = "O0I1-B8AA-AAAA-AAAA-AAAA-AAAA";
        assert_eq!(
            parse(lookalike).as_deref(),
            Some("OOIIBBAAAAAAAAAAAAAAAAAA")
        );
        for bad in [
            "",
            &code[..23],
            &format!("{code}A"),
            "!!!!",
            &"é".repeat(24),
            &"-".repeat(500),
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_code_is_of_one_account() {
        let key = MasterKey::from_bytes([7; 32]);
        let (one, two) = (UserId::fresh(), UserId::fresh());
        assert_ne!(hash(&key, one, "A"), hash(&key, two, "A"));
        assert_eq!(hash(&key, one, "A"), hash(&key, one, "A"));
    }
}
