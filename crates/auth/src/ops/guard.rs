//! Slows down who guesses at a password, without locking its owner out.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::sha256;
use karya_core::{EmailAddress, UserId};

use crate::{AuthError, queries};

/// So many wrong passwords cost nothing.
pub(crate) const FREE: i32 = 10;

/// After so long without a try, counting starts anew; no pause is longer either.
const WINDOW: Duration = Duration::minutes(15);

/// Who is counted: strangers at an address, all together, or one device that signed in before, by itself.
pub(crate) fn counter(email: &EmailAddress, known_device: Option<&[u8]>) -> Vec<u8> {
    if let Some(token_hash) = known_device {
        sha256(&[b"device\0", token_hash].concat())
    } else {
        let address = email.as_str().to_lowercase();
        sha256(&[b"address\0", address.as_bytes()].concat())
    }
}

/// Who is counted that proves once more who they are.
pub(crate) fn account_counter(user: UserId) -> Vec<u8> {
    sha256(&[b"account\0", user.as_uuid().as_bytes().as_slice()].concat())
}

/// Counts a try before its password is looked at, so that of many at once no more get through than may; refuses it
/// while the pause after the last one lasts.
pub(crate) async fn admit(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    key: &[u8],
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        queries::insert_attempts(conn, key, now).await?;
        let (attempts, last_at, blocked_until) = queries::lock_attempts(conn, key).await?;
        if let Some(until) = blocked_until.filter(|until| *until > now) {
            let retry_after = (until - now).to_std().unwrap_or_default();
            return Err(AuthError::TooManyAttempts { retry_after });
        }
        let attempts = if now - last_at >= WINDOW {
            1
        } else {
            attempts.saturating_add(1)
        };
        let blocked_until = pause(attempts).map(|pause| now + pause);
        queries::set_attempts(conn, key, (attempts, blocked_until), now).await?;
        Ok(())
    })
    .await
}

/// How long the next try must wait: a second after the tenth, and then twice as long each time.
fn pause(attempts: i32) -> Option<Duration> {
    let beyond = u32::try_from(attempts - FREE).ok()?;
    let seconds = 1_i64.checked_shl(beyond.min(30)).unwrap_or(i64::MAX);
    Some(Duration::seconds(seconds.min(WINDOW.num_seconds())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn pauses_grow_from_a_second_to_a_quarter_of_an_hour() {
        let seconds = |attempts| super::pause(attempts).map(|pause| pause.num_seconds());
        for (attempts, expected) in [
            (1, None),
            (9, None),
            (10, Some(1)),
            (11, Some(2)),
            (19, Some(512)),
            (20, Some(900)),
            (i32::MAX, Some(900)),
        ] {
            assert_eq!(seconds(attempts), expected, "{attempts}");
        }
    }
}
