use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use karya_core::sealing::sha256;
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
/// Its key is kept in the owner's cloud, and is there now.
const SYNCED: u8 = 0x18;
const HAS_KEY: u8 = 0x40;

/// An authenticator with one passkey.
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    pub credential_id: Vec<u8>,
    user_handle: Vec<u8>,
}

/// What is other than it should be, in an answer.
#[derive(Clone)]
pub struct Forgery {
    pub origin: String,
    pub rp_id: String,
    pub kind: &'static str,
    pub verified: bool,
    pub counter: u32,
    /// Instead of the owner's.
    pub user_handle: Option<Vec<u8>>,
    pub spoil_signature: bool,
    pub cross_origin: bool,
}

impl Default for Forgery {
    fn default() -> Self {
        Self {
            origin: "https://karya.test".into(),
            rp_id: "karya.test".into(),
            kind: "webauthn.get",
            verified: true,
            counter: 0,
            user_handle: None,
            spoil_signature: false,
            cross_origin: false,
        }
    }
}

impl Forgery {
    fn authenticator_data(&self, more: u8) -> Vec<u8> {
        let verified = if self.verified { VERIFIED } else { 0 };
        let mut data = sha256(self.rp_id.as_bytes());
        data.push(PRESENT | SYNCED | verified | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": self.kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": self.cross_origin,
        });
        data.to_string().into_bytes()
    }
}

impl SoftPasskey {
    /// Makes a key for what the server asks, and the answer.
    pub fn make(options_json: &str) -> (Self, String) {
        let forgery = Forgery {
            kind: "webauthn.create",
            ..Forgery::default()
        };
        Self::make_forged(options_json, &forgery, &karya_core::Random::System.bytes())
    }

    pub fn make_forged(options_json: &str, forgery: &Forgery, id: &[u8]) -> (Self, String) {
        let options: Value = serde_json::from_str(options_json).unwrap();
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        // An uncompressed point: 4, x, y.
        let point = key.public_key().as_ref().to_vec();
        let cose = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat();
        let mut data = forgery.authenticator_data(HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(id);
        data.extend(cose);
        let length = u8::try_from(data.len()).unwrap();
        let object = [
            b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".as_slice(),
            &[length],
            &data,
        ]
        .concat();
        let answer = json!({
            "id": encode(id), "rawId": encode(id), "type": "public-key",
            "response": { "attestationObject": encode(&object), "clientDataJSON": encode(&forgery.client_data(&options)) },
            "clientExtensionResults": {},
        });
        let passkey = Self {
            key,
            credential_id: id.to_vec(),
            user_handle: decode(options["user"]["id"].as_str().unwrap()),
        };
        (passkey, answer.to_string())
    }

    /// The answer to the challenge of a sign-in.
    pub fn sign(&self, options_json: &str) -> String {
        self.forge(options_json, &Forgery::default())
    }

    pub fn forge(&self, options_json: &str, forgery: &Forgery) -> String {
        let options: Value = serde_json::from_str(options_json).unwrap();
        let data = forgery.authenticator_data(0);
        let client_data = forgery.client_data(&options);
        let message = [data.as_slice(), &sha256(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        let mut signature = signature.as_ref().to_vec();
        if forgery.spoil_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        let handle = forgery.user_handle.as_ref().unwrap_or(&self.user_handle);
        json!({
            "id": encode(&self.credential_id), "rawId": encode(&self.credential_id), "type": "public-key",
            "response": {
                "authenticatorData": encode(&data), "clientDataJSON": encode(&client_data),
                "signature": encode(&signature), "userHandle": encode(handle),
            },
            "clientExtensionResults": {},
        })
        .to_string()
    }

    pub fn user_handle(&self) -> &[u8] {
        &self.user_handle
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
