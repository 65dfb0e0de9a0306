//! Codes of authenticator apps: TOTP (RFC 6238) over HMAC-SHA-1, six digits, thirty seconds, which is what every app
//! can do. Pure.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// 160 bits, as long as the hash (RFC 4226 §4).
pub const SECRET: usize = 20;

const SECONDS: i64 = 30;
const DIGITS: usize = 6;

/// The code of a time step.
#[must_use]
pub fn code(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // Dynamic truncation (RFC 4226 §5.3).
    let at = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
    let four = tag.get(at..).and_then(<[u8]>::first_chunk::<4>);
    let number = four.map_or(0, |bytes| u32::from_be_bytes(*bytes)) & 0x7fff_ffff;
    number % 10_u32.pow(6)
}

/// The time step that `now` is in.
#[must_use]
pub fn step(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(SECONDS)
}

/// The step whose code this is, of the present one and its neighbours: clocks of phones are wrong, and people are
/// slow. `after`: steps up to this one are used up. The time it takes tells nothing about the code.
///
/// ASVS 6.5.5 wants codes to live 30 seconds; with the neighbours it is 90, as RFC 6238 §5.2 allows.
#[must_use]
pub fn matching(secret: &[u8], typed: &str, now: DateTime<Utc>, after: i64) -> Option<i64> {
    let typed = parse(typed)?;
    let present = step(now);
    let (mut found, mut matched) = (Choice::from(0), 0_i64);
    for candidate in present - 1..=present + 1 {
        let fits =
            code(secret, candidate).ct_eq(&typed) & Choice::from(u8::from(candidate > after));
        matched.conditional_assign(&candidate, fits);
        found |= fits;
    }
    bool::from(found).then_some(matched)
}

/// Six digits, with whatever blanks people put between them.
fn parse(typed: &str) -> Option<u32> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let six = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    six.then(|| digits.parse().ok()).flatten()
}

/// What an app scans or opens: the key URI that Google Authenticator introduced and all others read.
#[must_use]
pub fn uri(secret: &[u8], account: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
    let secret = base32(secret);
    format!(
        "otpauth://totp/Karya:{account}?secret={secret}&issuer=Karya&algorithm=SHA1&digits={DIGITS}&period={SECONDS}"
    )
}

/// For people who type the secret (RFC 4648 §6, without padding).
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(secret)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{base32, code, matching, step, uri};

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, whose eight digits end in our six; and RFC 4226, appendix D.
    #[test]
    fn the_vectors_of_the_standards_hold() {
        for (seconds, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(code(SECRET, step(now)), expected, "{seconds}");
        }
        let hotp: Vec<u32> = (0..10).map(|counter| code(SECRET, counter)).collect();
        assert_eq!(
            hotp,
            [
                755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871,
                520_489
            ]
        );
    }

    #[test]
    fn a_code_is_good_in_its_step_and_the_neighbours_and_not_before_the_last_one() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        // Step 1 is from 30 to 59.
        for (seconds, expected) in [
            (-1, None),
            (0, Some(1)),
            (59, Some(1)),
            (89, Some(1)),
            (90, None),
        ] {
            assert_eq!(
                matching(SECRET, "287082", at(seconds), -5),
                expected,
                "{seconds}"
            );
        }
        assert_eq!(matching(SECRET, " 287 082 ", at(59), 0), Some(1));
        assert_eq!(matching(SECRET, "287082", at(59), 1), None, "used up");
        for bad in [
            "",
            "28708",
            "2870822",
            "287083",
            "+28708",
            "２８７０８２",
            "28708a",
            "-287082",
        ] {
            assert_eq!(matching(SECRET, bad, at(59), 0), None, "{bad}");
        }
        // Leading zeros count.
        let now = at(1_111_111_109);
        assert_eq!(matching(SECRET, "081804", now, 0), Some(step(now)));
        assert_eq!(matching(SECRET, "81804", now, 0), None);
    }

    #[test]
    fn apps_can_read_the_secret() {
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            uri(SECRET, "sari+1@contoh.id"),
            "otpauth://totp/Karya:sari%2B1%40contoh%2Eid?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Karya&algorithm=SHA1&digits=6&period=30"
        );
    }
}
