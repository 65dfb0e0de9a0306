//! Secrets and signatures, as Standard Webhooks has them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use karya_core::{MasterKey, Random};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::WebhookError;
use crate::model::WebhookRow;

const PURPOSE: &str = "webhooks.secret";

/// A secret of 256 random bits.
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub(crate) fn make(random: &Random) -> Self {
        Self(Zeroizing::new(Zeroizing::new(random.bytes()).to_vec()))
    }

    /// As it is shown, once.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(&*self.0)))
    }

    pub(crate) fn seal(&self, key: &MasterKey, webhook: Uuid) -> Vec<u8> {
        key.seal(PURPOSE, webhook.as_bytes(), &self.0)
    }

    fn open(key: &MasterKey, webhook: Uuid, sealed: &[u8]) -> Result<Self, WebhookError> {
        let opened = key.open(PURPOSE, webhook.as_bytes(), sealed);
        opened.map(Self).map_err(|_error| WebhookError::Unsealable)
    }

    fn sign(&self, content: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, content)))
    }
}

/// The header `webhook-signature`: by the secret, and by the one before it while both are good.
pub(crate) fn signature(
    key: &MasterKey,
    webhook: &WebhookRow,
    now: DateTime<Utc>,
    (id, body): (Uuid, &str),
) -> Result<String, WebhookError> {
    let content = format!("{id}.{}.{body}", now.timestamp());
    let mut signatures =
        Secret::open(key, webhook.id, &webhook.secret_sealed)?.sign(content.as_bytes());
    let old = webhook.old_secret_sealed.as_ref();
    let is_good = webhook.old_secret_until.is_some_and(|until| until > now);
    if let Some(old) = old.filter(|_| is_good) {
        let second = Secret::open(key, webhook.id, old)?.sign(content.as_bytes());
        signatures = format!("{signatures} {second}");
    }
    Ok(signatures)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use zeroize::Zeroizing;

    use super::Secret;

    /// The example of the specification's reference libraries.
    #[test]
    fn signs_as_the_reference_does() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = Secret(Zeroizing::new(secret));
        let content = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(
            secret.sign(content),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(&*secret.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
