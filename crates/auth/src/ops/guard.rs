//! Slows down who guesses at a password or at a code, without locking the owner out.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::UserId;
use karya_core::sealing::sha256;

use crate::model::Identifier;
use crate::{AuthError, queries};

/// How guessing gets slower.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// So many wrong tries cost nothing.
    pub(crate) free: i32,
    /// How long the first pause is; each next one is twice as long.
    first: Duration,
    /// After so long without a try, counting starts anew; no pause is longer either.
    window: Duration,
}

pub(crate) const PASSWORDS: Pace = Pace {
    free: 10,
    first: Duration::seconds(1),
    window: Duration::minutes(15),
};

/// Codes have six digits, and three of them are good at a time: nine guesses in ten minutes, and then six a day.
pub(crate) const CODES: Pace = Pace {
    free: 5,
    first: Duration::seconds(30),
    window: Duration::hours(4),
};

/// Codes to a number or for an account, while none comes back: the second after a minute, each next after twice as long.
pub(crate) const CODE_WISHES: Pace = Pace {
    free: 1,
    first: Duration::minutes(1),
    window: Duration::hours(12),
};

/// Codes that one network asks for: many people may share its address.
pub(crate) const CODE_WISHES_OF_A_PLACE: Pace = Pace {
    free: 20,
    first: Duration::minutes(1),
    window: Duration::minutes(15),
};

/// Who is counted: strangers at an address or at a number, all together, or one device that signed in before, by
/// itself. Address and number of one account are counted apart: who slows one down must not see it at the other.
pub(crate) fn counter(identifier: &Identifier, known_device: Option<&[u8]>) -> Vec<u8> {
    if let Some(token_hash) = known_device {
        return sha256(&[b"device\0", token_hash].concat());
    }
    match identifier {
        Identifier::Email(email) => {
            let address = email.as_str().to_lowercase();
            sha256(&[b"address\0", address.as_bytes()].concat())
        }
        Identifier::Phone(number) => sha256(&[b"number\0", number.as_str().as_bytes()].concat()),
    }
}

/// Guesses at the second factor of an account: all of them together, in whatever session or sign-in, except those on a
/// known device, which are counted by themselves.
pub(crate) fn code_counter(user: UserId, known_device: Option<&[u8]>) -> Vec<u8> {
    if let Some(token_hash) = known_device {
        sha256(&[b"code-device\0", token_hash].concat())
    } else {
        sha256(&[b"code\0", user.as_uuid().as_bytes().as_slice()].concat())
    }
}

/// Guesses at the password of an account by those who are signed in to it.
pub(crate) fn own_password_counter(user: UserId) -> Vec<u8> {
    sha256(&[b"own-password\0", user.as_uuid().as_bytes().as_slice()].concat())
}

/// Counts a try before its password is looked at, so that of many at once no more get through than may; refuses it
/// while the pause after the last one lasts. Says how many there were in a row, with this one.
pub(crate) async fn admit(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    key: &[u8],
    pace: Pace,
) -> Result<i32, AuthError> {
    conn.transaction(async |conn| {
        let (attempts, last_at, blocked_until) = loop {
            queries::insert_attempts(conn, key, now).await?;
            // Gone again if the owner has just been let off.
            if let Some(counted) = queries::lock_attempts(conn, key).await? {
                break counted;
            }
        };
        if let Some(until) = blocked_until.filter(|until| *until > now) {
            let retry_after = (until - now).to_std().unwrap_or_default();
            return Err(AuthError::TooManyAttempts { retry_after });
        }
        let attempts = if now - last_at >= pace.window {
            1
        } else {
            attempts.saturating_add(1)
        };
        let blocked_until = pause(attempts, pace).map(|pause| now + pause);
        queries::set_attempts(conn, key, (attempts, blocked_until), now).await?;
        Ok(attempts)
    })
    .await
}

/// How long the next try must wait: after the tenth password a second, and then twice as long each time.
pub(crate) fn pause(attempts: i32, pace: Pace) -> Option<Duration> {
    let beyond = u32::try_from(attempts - pace.free).ok()?;
    let seconds = pace.first.num_seconds() << beyond.min(30);
    Some(Duration::seconds(seconds.min(pace.window.num_seconds())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn pauses_grow_from_a_second_to_a_quarter_of_an_hour() {
        let seconds =
            |attempts| super::pause(attempts, super::PASSWORDS).map(|pause| pause.num_seconds());
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

    #[test]
    fn a_number_gets_few_codes() {
        let minutes: Vec<i64> = (1..=12)
            .map(|wishes| super::pause(wishes, super::CODE_WISHES).map_or(0, |p| p.num_minutes()))
            .collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 720]);
    }

    #[test]
    fn nine_codes_in_ten_minutes_and_then_six_a_day() {
        let pauses: Vec<i64> = (1..=16)
            .map(|attempts| super::pause(attempts, super::CODES).map_or(0, |p| p.num_seconds()))
            .collect();
        // The first five come at once.
        let times: Vec<i64> = (0..pauses.len())
            .map(|n| pauses[..n].iter().sum())
            .collect();
        assert_eq!(times.iter().filter(|time| **time < 600).count(), 9);
        assert_eq!(pauses.last(), Some(&(4 * 60 * 60)));
    }
}
