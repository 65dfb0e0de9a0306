//! What a key looks like: `kry_live_<prefix>_<secret><checksum>`.
//!
//! The fixed beginning and the checksum let scanners of repositories and logs find keys that leaked, without false
//! alarms: `kry_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}`. The prefix finds the key in the database and names it to people;
//! the secret is 256 random bits; the checksum is the CRC-32 of all before it, so that a typing error costs no query.

use karya_core::Random;
use karya_core::sealing::sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How every key begins.
pub const LEAD: &str = "kry_live_";

const PREFIX: usize = 8;
/// 62^43 > 2^256.
const SECRET: usize = 43;
/// 62^6 > 2^32.
const CHECKSUM: usize = 6;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key that was just made: what is shown once, and what is kept.
pub struct NewKey {
    pub prefix: String,
    pub text: Zeroizing<String>,
    /// SHA-256 of the text.
    pub hash: Vec<u8>,
}

impl NewKey {
    #[must_use]
    pub fn make(random: &Random) -> Self {
        let prefix = base62(&random.bytes(), PREFIX);
        let secret = Zeroizing::new(base62(&*Zeroizing::new(random.bytes()), SECRET));
        let mut text = Zeroizing::new(format!("{LEAD}{prefix}_{}", *secret));
        let checksum = checksum(&text);
        text.push_str(&checksum);
        let hash = sha256(text.as_bytes());
        Self { prefix, text, hash }
    }
}

/// A key as somebody sent it, its checksum in order.
pub(crate) struct Presented<'a> {
    pub(crate) prefix: &'a str,
    hash: Vec<u8>,
}

impl Presented<'_> {
    pub(crate) fn is(&self, hash: &[u8]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

/// Reads a key; none if it has a typing error or is none.
pub(crate) fn parse(text: &str) -> Option<Presented<'_>> {
    let (prefix, rest) = text.strip_prefix(LEAD)?.split_once('_')?;
    let is_plain = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let in_form = is_plain(prefix, PREFIX) && is_plain(rest, SECRET + CHECKSUM);
    let (body, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM)?)?;
    (in_form && checksum(body) == sum).then(|| Presented {
        prefix,
        hash: sha256(text.as_bytes()),
    })
}

fn checksum(text: &str) -> String {
    base62(&crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECKSUM)
}

/// A number, most significant byte first, in so many digits; the most significant ones are lost where they are too few.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = Zeroizing::new(bytes.to_vec());
    let mut digits = Vec::with_capacity(length);
    for _ in 0..length {
        let mut rest = 0_u16;
        for byte in number.iter_mut() {
            let part = rest << 8 | u16::from(*byte);
            *byte = u8::try_from(part / 62).unwrap_or_default();
            rest = part % 62;
        }
        let digit = DIGITS.get(usize::from(rest)).copied();
        digits.push(char::from(digit.unwrap_or_default()));
    }
    digits.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use karya_core::Random;

    use super::{LEAD, NewKey, base62, parse};

    #[test]
    fn numbers_in_base_62() {
        assert_eq!(base62(&[0], 3), "000");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&[0xff; 4], 6), "4gfFC3");
        assert_eq!(base62(&[0xff; 32], 44).chars().next(), Some('0'), "43 do");
        assert_ne!(
            base62(&[0xff; 32], 43).chars().next(),
            Some('0'),
            "42 do not"
        );
    }

    #[test]
    fn a_key_is_read_back_and_any_typing_error_is_found() {
        let key = NewKey::make(&Random::System);
        let presented = parse(&key.text).unwrap();
        assert_eq!(presented.prefix, key.prefix);
        assert!(presented.is(&key.hash));
        assert_eq!(key.text.len(), LEAD.len() + 8 + 1 + 49);
        let letters: Vec<char> = key.text.chars().collect();
        for at in 0..letters.len() {
            let mut other = letters.clone();
            other[at] = if other[at] == 'x' { 'y' } else { 'x' };
            let other: String = other.into_iter().collect();
            assert!(parse(&other).is_none(), "{other}");
            let cut: String = letters[..at].iter().collect();
            assert!(parse(&cut).is_none(), "{cut}");
        }
        for swapped in 0..letters.len() - 1 {
            let mut other = letters.clone();
            other.swap(swapped, swapped + 1);
            let other: String = other.into_iter().collect();
            assert!(other == *key.text || parse(&other).is_none(), "{other}");
        }
        for other in [
            "",
            "kry_live_",
            "kry_live__",
            "eyJhbGciOiJFZERTQSJ9.e30.x",
            "kry_live_é",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
        assert!(parse(&format!("{}0", *key.text)).is_none());
    }
}
