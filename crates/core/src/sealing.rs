//! Secrets at rest: authenticated encryption and keyed hashes, all derived from one master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Leads every sealed value, so that another scheme can live beside this one later.
const VERSION: u8 = 1;

/// A 256-bit key from which every other key is derived (HKDF-SHA-256, RFC 5869), one per purpose.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why a sealed value does not open: another key, another context, or changed bytes.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value does not open with this key and context")]
pub struct Unsealable;

/// The text is not 32 bytes of base64.
#[derive(Debug, thiserror::Error)]
#[error("the master key must be 32 bytes in base64 (44 characters)")]
pub struct BadMasterKey;

impl MasterKey {
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn from_base64(text: &str) -> Result<Self, BadMasterKey> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_error| BadMasterKey)?,
        );
        bytes
            .as_slice()
            .try_into()
            .map(Self::from_bytes)
            .map_err(|_error| BadMasterKey)
    }

    /// A key for one purpose. `purpose` is fixed text that names a column or a protocol.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(self.0.as_ref(), purpose)
    }

    /// AES-256-GCM under a random nonce. `context` ties the value to its row: it does not open elsewhere.
    #[must_use]
    pub fn seal(&self, purpose: &str, context: &[u8], plain: &[u8]) -> Vec<u8> {
        seal_with(&self.derive(purpose), context, plain)
    }

    pub fn open(
        &self,
        purpose: &str,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        open_with(&self.derive(purpose), context, sealed)
    }

    /// HMAC-SHA-256: equal inputs are found again, and a dump of the database does not tell them.
    #[must_use]
    pub fn keyed_hash(&self, purpose: &str, input: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.derive(purpose).as_ref());
        hmac::sign(&key, input).as_ref().to_vec()
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// A key derived from a secret that its holder presents, such as a refresh token.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "32 bytes are a valid HKDF-SHA-256 output length"
)]
pub fn derive(secret: &[u8], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"karya")
        .extract(secret)
        .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(key.as_mut()))
        .expect("a valid length");
    key
}

/// See [`MasterKey::seal`].
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "the key has the cipher's length and the text is far below its limit"
)]
pub fn seal_with(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("a 256-bit key");
    let mut body = plain.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(context), &mut body)
        .expect("a short text");
    [[VERSION].as_slice(), nonce.as_ref(), &body].concat()
}

/// See [`MasterKey::open`].
pub fn open_with(
    key: &[u8; 32],
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
    let (&version, rest) = sealed.split_first().ok_or(Unsealable)?;
    let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
    if version != VERSION {
        return Err(Unsealable);
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_error| Unsealable)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_error| Unsealable)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = key
        .open_in_place(nonce, Aad::from(context), &mut body)
        .map_err(|_error| Unsealable)?
        .len();
    body.truncate(length);
    Ok(body)
}

/// SHA-256, for secrets that are themselves 256 random bits.
#[must_use]
pub fn sha256(input: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, input).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::MasterKey;

    #[test]
    fn opens_only_with_the_same_key_purpose_and_context() {
        let key = MasterKey::from_bytes([7; 32]);
        let sealed = key.seal("npwp", b"row 1", b"013121660091000");
        assert_eq!(
            key.open("npwp", b"row 1", &sealed).unwrap().as_slice(),
            b"013121660091000"
        );
        assert!(key.open("nik", b"row 1", &sealed).is_err());
        assert!(key.open("npwp", b"row 2", &sealed).is_err());
        assert!(
            MasterKey::from_bytes([8; 32])
                .open("npwp", b"row 1", &sealed)
                .is_err()
        );
        assert_ne!(sealed, key.seal("npwp", b"row 1", b"013121660091000"));
        for cut in 0..sealed.len() {
            assert!(key.open("npwp", b"row 1", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn keyed_hashes_are_stable_and_separate() {
        let key = MasterKey::from_bytes([7; 32]);
        assert_eq!(key.keyed_hash("a", b"x"), key.keyed_hash("a", b"x"));
        assert_ne!(key.keyed_hash("a", b"x"), key.keyed_hash("b", b"x"));
    }
}
