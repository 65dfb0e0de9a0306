//! Peppers: secrets that go into password hashes and are not in the database, so that a dump of it alone lets nobody
//! guess at passwords (NIST SP 800-63B-4, 3.1.1.2; the secret input K of RFC 9106).
//!
//! A hash names its pepper in the `keyid` of its PHC string. So peppers can be changed: the new one comes first, the
//! old ones still verify, and each password is hashed anew when its owner signs in next.

use argon2::KeyId;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use karya_core::sealing::sha256;
use zeroize::Zeroizing;

/// A pepper shorter than this could be guessed along with the password.
const MIN_BYTES: usize = 32;

/// One secret and the name that hashes have for it.
#[derive(Clone)]
pub(crate) struct Pepper {
    pub(crate) id: KeyId,
    pub(crate) secret: Zeroizing<Vec<u8>>,
}

/// The peppers in force: the first for new hashes, all for those that name them. None, and hashes have no pepper.
#[derive(Clone, Default)]
pub struct Peppers(Vec<Pepper>);

/// Why a text is no pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pepper is at least 32 random bytes in base64")]
pub struct BadPepper;

impl Peppers {
    /// Reads them from base64, the one for new hashes first.
    pub fn from_base64<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, BadPepper> {
        texts
            .into_iter()
            .map(|text| {
                let secret =
                    Zeroizing::new(STANDARD.decode(text).map_err(|_not_base64| BadPepper)?);
                if secret.len() < MIN_BYTES {
                    return Err(BadPepper);
                }
                // Derived, so that nobody can give two peppers one name or one pepper two.
                let digest = sha256(&[b"pepper id\0", secret.as_slice()].concat());
                let id = digest.first_chunk::<6>().ok_or(BadPepper)?;
                let id = KeyId::new(id).map_err(|_too_long| BadPepper)?;
                Ok(Pepper { id, secret })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn current(&self) -> Option<&Pepper> {
        self.0.first()
    }

    /// The pepper that a hash names; the outer `None` if it is not among these.
    pub(crate) fn named(&self, id: &[u8]) -> Option<Option<&Pepper>> {
        if id.is_empty() {
            return Some(None);
        }
        self.0
            .iter()
            .find(|pepper| pepper.id.as_bytes() == id)
            .map(Some)
    }
}

/// Names only.
impl std::fmt::Debug for Peppers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = self.0.iter().map(|pepper| pepper.id.as_bytes());
        f.debug_tuple("Peppers")
            .field(&ids.collect::<Vec<_>>())
            .finish()
    }
}
