//! Keys of a provider of accounts, and tokens of all kinds, the forged ones too.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What a key signs with.
enum Secret {
    Ec(EcdsaKeyPair),
    Rsa(Box<rsa::KeyPair>),
}

/// A key of the provider.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    secret: Arc<Secret>,
}

impl Key {
    pub fn ec(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::new(kid, Secret::Ec(pair))
    }

    pub fn rsa(kid: &str) -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        Self::new(kid, Secret::Rsa(Box::new(pair)))
    }

    fn new(kid: &str, secret: Secret) -> Self {
        Self {
            kid: kid.to_owned(),
            secret: Arc::new(secret),
        }
    }

    pub fn algorithm(&self) -> &'static str {
        match &*self.secret {
            Secret::Ec(_) => "ES256",
            Secret::Rsa(_) => "RS256",
        }
    }

    /// The public half, as a set publishes it.
    pub fn jwk(&self) -> Value {
        let common = json!({ "kid": self.kid, "use": "sig", "alg": self.algorithm() });
        let own = match &*self.secret {
            Secret::Ec(pair) => {
                // An uncompressed point: 4, x, y.
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) })
            }
            Secret::Rsa(pair) => {
                // SEQUENCE { INTEGER n, INTEGER 65537 }, with 2048 bits of n.
                let der = pair.public_key().as_ref();
                json!({ "kty": "RSA", "n": encode(&der[9..265]), "e": "AQAB" })
            }
        };
        merged(common, &own)
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &*self.secret {
            Secret::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// A token with this header, signed with this key, whatever the header says.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        format!("{message}.{}", encode(&self.sign(message.as_bytes())))
    }
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// A token that is signed with a secret: HS256.
pub fn hmac_token(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(tag.as_ref()))
}

/// A token with nothing for a signature.
pub fn unsigned_token(header: &Value, claims: &Value) -> String {
    format!("{}.", message(header, claims))
}

/// The members of both; null takes one away.
pub fn merged(mut value: Value, other: &Value) -> Value {
    for (name, member) in other.as_object().unwrap() {
        if member.is_null() {
            value.as_object_mut().unwrap().remove(name);
        } else {
            value[name] = member.clone();
        }
    }
    value
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
