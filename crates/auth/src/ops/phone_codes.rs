//! Codes that go to phones: six digits, good for ten minutes, five guesses and one use, and for the one request that
//! asked for them. How often they may be asked for is bounded, because each costs money and somebody's patience.

use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::sha256;
use karya_core::{MasterKey, PhoneNumber, Random, SessionId, UserId};
use karya_web::ClientIp;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::guard::{self, Pace};
use crate::model::{CodePurpose, PhoneCode};
use crate::{AuthError, jobs, queries};

/// How long a code works (ASVS 6.5.5: ten minutes at most).
pub(crate) const CODE_TTL: Duration = Duration::minutes(10);

/// How often a code may be guessed at. A row of the database has no more either.
const TRIES: i16 = 5;

/// How many codes may go to one number within a day, whoever asks.
const A_DAY: i64 = 10;

const DIGITS: usize = 6;

const HASH: &str = "phone-code";

/// Who waits for a code.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker {
    Session(UserId, SessionId),
    /// Somebody who is not signed in.
    Stranger,
}

/// What somebody who asked for a code gets to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeAsked {
    pub(crate) request_id: Uuid,
    pub(crate) expires_at: DateTime<Utc>,
    /// When another one may be asked for.
    pub(crate) resend_at: DateTime<Utc>,
}

/// Notes that somebody waits for a code, unless too many were asked for. The worker makes it, and finds out whether the
/// number is one to send it to: here, known numbers and unknown ones make the same work.
pub(super) async fn ask(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (purpose, asker): (CodePurpose, Asker),
    number: &PhoneNumber,
    place: ClientIp,
) -> Result<CodeAsked, AuthError> {
    let (user, session) = match asker {
        Asker::Session(user, session) => (Some(user), Some(session)),
        Asker::Stranger => (None, None),
    };
    let pause = admit(conn, now, number, user, place).await?;
    let code = PhoneCode {
        id: Uuid::now_v7(),
        purpose,
        number: number.as_str().to_owned(),
        user_id: user,
        session_id: session,
        asked_at: now,
        expires_at: now + CODE_TTL,
        code_hash: None,
        sent_at: None,
        used_at: None,
    };
    queries::insert_phone_code(conn, &code).await?;
    karya_jobs::enqueue(conn, &jobs::SendPhoneCode { code_id: code.id }).await?;
    Ok(CodeAsked {
        request_id: code.id,
        expires_at: code.expires_at,
        resend_at: now + pause,
    })
}

/// Counts a wish for a code: for its number, then for the account, then for the place it comes from, in this order for
/// all. How long the next one has to wait.
async fn admit(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    number: &PhoneNumber,
    user: Option<UserId>,
    place: ClientIp,
) -> Result<Duration, AuthError> {
    let mut counters = vec![(number_counter(number), guard::CODE_WISHES, "number")];
    counters.extend(user.map(|user| (account_counter(user), guard::CODE_WISHES, "account")));
    counters.push((
        place_counter(place),
        guard::CODE_WISHES_OF_A_PLACE,
        "network",
    ));
    let mut pause = Duration::zero();
    for (counter, pace, reason) in counters {
        pause = pause.max(wish(conn, now, &counter, pace, reason).await?);
    }
    // Those of the number wait for each other, so the count is true.
    let day = Duration::days(1);
    let (asked, first) = queries::count_phone_codes(conn, number.as_str(), now - day).await?;
    if asked >= A_DAY {
        let until = first.unwrap_or(now) + day;
        return Err(too_many("day", until - now));
    }
    Ok(pause)
}

async fn wish(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    counter: &[u8],
    pace: Pace,
    reason: &'static str,
) -> Result<Duration, AuthError> {
    match guard::admit(conn, now, counter, pace).await {
        Ok(attempts) => Ok(guard::pause(attempts, pace).unwrap_or_default()),
        Err(AuthError::TooManyAttempts { retry_after }) => Err(too_many(
            reason,
            Duration::from_std(retry_after).unwrap_or_default(),
        )),
        Err(error) => Err(error),
    }
}

fn too_many(reason: &'static str, wait: Duration) -> AuthError {
    metrics::counter!("karya_phone_codes_refused_total", "reason" => reason).increment(1);
    AuthError::TooManyCodes {
        retry_after: wait.to_std().unwrap_or_default(),
    }
}

fn number_counter(number: &PhoneNumber) -> Vec<u8> {
    sha256(&[b"code-to-number\0", number.as_str().as_bytes()].concat())
}

fn account_counter(user: UserId) -> Vec<u8> {
    sha256(&[b"code-of-account\0", user.as_uuid().as_bytes().as_slice()].concat())
}

fn place_counter(place: ClientIp) -> Vec<u8> {
    let family = if matches!(place.0, IpAddr::V4(_)) {
        b'4'
    } else {
        b'6'
    };
    sha256(&[b"code-from-place\0".as_slice(), &[family], &place.bucket()].concat())
}

/// A code came back: whoever asked has the phone, and the next wish need not wait.
pub(super) async fn forgive(
    conn: &mut AsyncPgConnection,
    code: &PhoneCode,
) -> Result<(), AuthError> {
    if let Some(user) = code.user_id {
        queries::forget_attempts(conn, &account_counter(user)).await?;
    }
    if let Ok(number) = PhoneNumber::parse(&code.number) {
        queries::forget_attempts(conn, &number_counter(&number)).await?;
    }
    Ok(())
}

/// Looks at the code that somebody typed in the session that asked for it. Each look counts, whatever comes of it.
pub(crate) async fn look_in_session(
    conn: &mut AsyncPgConnection,
    master_key: &MasterKey,
    now: DateTime<Utc>,
    session: (UserId, SessionId),
    typed: &str,
) -> Result<PhoneCode, AuthError> {
    // In a transaction, whose end is waited for: a guess that was not counted must not be looked at.
    let tried = conn
        .transaction(async |conn| queries::try_session_code(conn, session, (TRIES, now)).await)
        .await?;
    judge(master_key, tried, typed).map_err(|_whose| AuthError::PhoneCodeInvalid)
}

/// The same for a request of somebody who is not signed in. Refused: whose code it was, if anybody's.
pub(super) async fn look_at_request(
    conn: &mut AsyncPgConnection,
    master_key: &MasterKey,
    now: DateTime<Utc>,
    request: (Uuid, CodePurpose),
    typed: &str,
) -> Result<Result<PhoneCode, Option<UserId>>, AuthError> {
    let tried = conn
        .transaction(async |conn| queries::try_request_code(conn, request, (TRIES, now)).await)
        .await?;
    Ok(judge(master_key, tried, typed))
}

fn judge(
    master_key: &MasterKey,
    tried: Option<PhoneCode>,
    typed: &str,
) -> Result<PhoneCode, Option<UserId>> {
    let Some(code) = tried else {
        return Err(None);
    };
    let digits: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let hash = hash(master_key, (code.id, code.purpose), &digits);
    // A code that was not sent is like none.
    let wanted = code.code_hash.as_deref().unwrap_or(&[0; 32]);
    if code.code_hash.is_some() & bool::from(hash.ct_eq(wanted)) {
        Ok(code)
    } else {
        Err(code.user_id)
    }
}

/// Makes a code for a request, and what is stored of it. Six digits are few: only a keyed hash keeps them (ASVS 6.5.2).
pub(crate) fn make(
    master_key: &MasterKey,
    random: &Random,
    request: (Uuid, CodePurpose),
) -> (String, Vec<u8>) {
    let bytes = random.bytes();
    let number = u64::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default());
    // 2^64 is no multiple of a million: some codes are likelier by one part in 10^13.
    let code = format!("{:0DIGITS$}", number % 1_000_000);
    let hash = hash(master_key, request, &code);
    (code, hash)
}

fn hash(master_key: &MasterKey, (id, purpose): (Uuid, CodePurpose), digits: &str) -> Vec<u8> {
    let input = [
        id.as_bytes().as_slice(),
        purpose.as_str().as_bytes(),
        b"\0",
        digits.as_bytes(),
    ];
    master_key.keyed_hash(HASH, &input.concat())
}

#[cfg(test)]
mod tests {
    use karya_core::{MasterKey, Random};
    use uuid::Uuid;

    use super::{CodePurpose, hash, make};

    #[test]
    fn a_code_is_six_digits_of_one_request_and_one_purpose() {
        let (key, random) = (MasterKey::from_bytes([7; 32]), Random::seeded(7));
        let request = (Uuid::now_v7(), CodePurpose::VerifyPhone);
        for _ in 0..1000 {
            let (code, stored) = make(&key, &random, request);
            assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
            assert_eq!(stored, hash(&key, request, &code));
            assert_ne!(stored, hash(&key, (Uuid::now_v7(), request.1), &code));
            assert_ne!(
                stored,
                hash(&key, (request.0, CodePurpose::ResetPassword), &code)
            );
        }
    }
}
