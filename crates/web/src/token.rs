//! Access tokens (RFC 9068 profile of JWT), checked by the rules of RFC 8725.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use karya_core::role::Role;
use karya_core::{Clock, SessionId, UserId};
use serde::{Deserialize, Deserializer, Serialize};

/// The `typ` of our access tokens. Any other JWT, however well signed, is not one.
pub const TOKEN_TYPE: &str = "at+jwt";

/// What an access token says. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    /// The session (device) that the token belongs to.
    pub sid: SessionId,
    pub jti: uuid::Uuid,
    pub iat: i64,
    pub exp: i64,
    /// The account's token epoch at issue: raised epochs end older tokens.
    pub epoch: i32,
    /// When the owner last proved who they are, and how (RFC 8176). For clients: this server asks the session.
    #[serde(default)]
    pub auth_time: i64,
    #[serde(default)]
    pub amr: Vec<String>,
    /// Roles that this release does not know are dropped: another replica may be newer.
    #[serde(deserialize_with = "known_roles")]
    pub roles: Vec<Role>,
}

fn known_roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    let roles = Vec::<String>::deserialize(deserializer)?;
    Ok(roles
        .iter()
        .filter_map(|role| Role::from_text(role))
        .collect())
}

struct Key {
    decoding: DecodingKey,
    validation: Validation,
}

/// Checks tokens against the public keys that are in force. Issuing them is the auth crate's business.
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: Arc<str>,
    clock: Clock,
    keys: Arc<RwLock<HashMap<String, Arc<Key>>>>,
}

/// Why a token is not good; for the log at debug level, never for the caller.
#[derive(Debug, thiserror::Error)]
pub enum BadToken {
    #[error("the token is not a JWT of ours: {0}")]
    Jwt(#[from] jsonwebtoken::errors::Error),
    #[error("the token names no key in force")]
    UnknownKey,
    #[error("the header has a typ or crit that access tokens do not have")]
    WrongHeader,
    #[error("the token is expired or not yet valid")]
    OutOfTime,
}

impl TokenVerifier {
    /// `issuer` is also the audience: this server's tokens are for this server.
    #[must_use]
    pub fn new(issuer: &str, clock: Clock) -> Self {
        Self {
            issuer: issuer.into(),
            clock,
            keys: Arc::default(),
        }
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Replaces the keys in force: key id and raw Ed25519 public key.
    pub fn set_keys<'a>(&self, keys: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
        let fresh = keys
            .into_iter()
            .map(|(kid, public)| {
                // One algorithm per key, and the key decides, not the token.
                let mut validation = Validation::new(Algorithm::EdDSA);
                validation.set_issuer(&[&*self.issuer]);
                validation.set_audience(&[&*self.issuer]);
                validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
                // Checked below against the injected clock, without leeway.
                validation.validate_exp = false;
                validation.validate_nbf = false;
                (
                    kid.to_owned(),
                    Arc::new(Key {
                        decoding: DecodingKey::from_ed_der(public),
                        validation,
                    }),
                )
            })
            .collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    pub fn verify(&self, token: &str) -> Result<Claims, BadToken> {
        let header = decode_header(token)?;
        let typed = header
            .typ
            .as_deref()
            .is_some_and(|typ| typ.eq_ignore_ascii_case(TOKEN_TYPE));
        if !typed || header.crit.is_some() {
            return Err(BadToken::WrongHeader);
        }
        let key = header
            .kid
            .and_then(|kid| {
                self.keys
                    .read()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(&kid)
                    .cloned()
            })
            .ok_or(BadToken::UnknownKey)?;
        let claims = decode::<Claims>(token, &key.decoding, &key.validation)?.claims;
        let now: DateTime<Utc> = self.clock.now();
        // A replica's clock may run a little behind the one that issued.
        if claims.exp <= now.timestamp() || claims.iat > now.timestamp() + 5 {
            return Err(BadToken::OutOfTime);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use karya_core::{Clock, SessionId, UserId};
    use serde_json::{Value, json};

    use super::{TOKEN_TYPE, TokenVerifier};

    struct Forge {
        verifier: TokenVerifier,
        key: EncodingKey,
        public: Vec<u8>,
        now: i64,
    }

    impl Forge {
        fn new() -> Self {
            let pair = Ed25519KeyPair::generate().unwrap();
            let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
            let public = pair.public_key().as_ref().to_vec();
            let clock = Clock::fixed("2026-06-01T05:00:00Z".parse().unwrap());
            let now = clock.now().timestamp();
            let verifier = TokenVerifier::new("https://karya.test", clock);
            verifier.set_keys([("k1", public.as_slice())]);
            Self {
                verifier,
                key: EncodingKey::from_ed_der(der.as_ref()),
                public,
                now,
            }
        }

        fn claims(&self) -> Value {
            json!({
                "iss": "https://karya.test", "aud": "https://karya.test", "sub": UserId::fresh(), "sid": SessionId::fresh(),
                "jti": uuid::Uuid::now_v7(), "iat": self.now, "exp": self.now + 600, "epoch": 0, "roles": [],
            })
        }

        fn header() -> Header {
            let mut header = Header::new(Algorithm::EdDSA);
            header.typ = Some(TOKEN_TYPE.into());
            header.kid = Some("k1".into());
            header
        }

        fn verdict(&self, header: &Header, claims: &Value) -> bool {
            self.verifier
                .verify(&encode(header, claims, &self.key).unwrap())
                .is_ok()
        }

        fn with(&self, name: &str, value: Value) -> bool {
            let mut claims = self.claims();
            claims[name] = value;
            self.verdict(&Self::header(), &claims)
        }
    }

    /// A token of ours with one word of its header other than usual.
    fn with_header(change: impl FnOnce(&mut Header)) -> bool {
        let forge = Forge::new();
        let mut header = Forge::header();
        change(&mut header);
        forge.verdict(&header, &forge.claims())
    }

    #[test]
    fn a_sound_token_passes() {
        let forge = Forge::new();
        assert!(forge.verdict(&Forge::header(), &forge.claims()));
        assert!(forge.with("exp", json!(forge.now + 1)));
        assert!(with_header(|_same| {}));
    }

    /// CVE-2026-25537: other readers take a text for no expiry at all.
    #[test]
    fn jwt_exp_as_string_rejected() {
        let forge = Forge::new();
        let far = forge.now + 600;
        for exp in [json!(far.to_string()), json!("9999999999"), json!("")] {
            assert!(!forge.with("exp", exp.clone()), "{exp}");
        }
    }

    #[test]
    fn jwt_exp_that_is_no_instant_rejected() {
        let forge = Forge::new();
        for exp in [
            json!(9e300),
            json!(1_780_290_600.5),
            json!(9_223_372_036_854_775_808_u64),
            json!(-1),
            json!([]),
            json!([forge.now + 600]),
            json!({}),
            json!(true),
            json!(null),
        ] {
            assert!(!forge.with("exp", exp.clone()), "{exp}");
        }
    }

    #[test]
    fn jwt_expired_1s() {
        let forge = Forge::new();
        assert!(!forge.with("exp", json!(forge.now)), "to the second");
        assert!(!forge.with("exp", json!(forge.now - 1)));
    }

    #[test]
    fn jwt_issued_in_the_future_rejected() {
        let forge = Forge::new();
        assert!(forge.with("iat", json!(forge.now + 5)), "clocks differ");
        assert!(!forge.with("iat", json!(forge.now + 6)));
    }

    /// Whether a token passes without a claim, or with another value of it.
    fn passes_without(name: &str, other: Value) -> bool {
        let forge = Forge::new();
        let mut claims = forge.claims();
        claims.as_object_mut().unwrap().remove(name);
        forge.verdict(&Forge::header(), &claims) || forge.with(name, other)
    }

    #[test]
    fn jwt_missing_iss_rejected() {
        assert!(!passes_without("iss", json!("https://evil.example")));
        assert!(!passes_without(
            "iss",
            json!("https://karya.test.evil.example")
        ));
    }

    #[test]
    fn jwt_missing_aud_rejected() {
        assert!(!passes_without("aud", json!("https://evil.example")));
        assert!(!passes_without("aud", json!(["https://evil.example"])));
    }

    #[test]
    fn jwt_missing_sub_rejected() {
        assert!(!passes_without("sub", json!("not-an-id")));
    }

    #[test]
    fn jwt_missing_exp_sid_or_epoch_rejected() {
        for name in ["exp", "sid", "epoch"] {
            assert!(!passes_without(name, json!("another")), "{name}");
        }
    }

    #[test]
    fn jwt_wrong_typ() {
        for typ in [
            None,
            Some("JWT"),
            Some("id_token"),
            Some("logout+jwt"),
            Some("reset+jwt"),
        ] {
            let with = with_header(|header| header.typ = typ.map(str::to_owned));
            assert!(!with, "{typ:?}");
        }
    }

    #[test]
    fn jwt_crit_rejected() {
        assert!(!with_header(
            |header| header.crit = Some(vec!["exp".to_owned()])
        ));
        assert!(!with_header(|header| header.crit = Some(Vec::new())));
    }

    #[test]
    fn jwt_of_an_unknown_or_another_key_rejected() {
        for kid in [None, Some("k2"), Some("")] {
            let with = with_header(|header| header.kid = kid.map(str::to_owned));
            assert!(!with, "{kid:?}");
        }
        let (forge, other) = (Forge::new(), Forge::new());
        let forged = encode(&Forge::header(), &forge.claims(), &other.key).unwrap();
        assert!(forge.verifier.verify(&forged).is_err());
    }

    /// Where a token says that its key is to be found is nothing to us.
    #[test]
    fn jwt_jku_x5u_jwk_ignored() {
        let (forge, other) = (Forge::new(), Forge::new());
        let mut header = Forge::header();
        header.jku = Some("https://evil.example/jwks.json".to_owned());
        header.x5u = Some("https://evil.example/cert.pem".to_owned());
        let jwk = Jwk::from_encoding_key(&other.key, Algorithm::EdDSA).unwrap();
        header.jwk = Some(jwk);
        let forged = encode(&header, &forge.claims(), &other.key).unwrap();
        assert!(forge.verifier.verify(&forged).is_err());
    }

    /// One algorithm per key: neither `none`, nor our public key taken for an HMAC secret.
    #[test]
    fn jwt_other_alg_rejected() {
        let forge = Forge::new();
        let mut header = Forge::header();
        header.alg = Algorithm::HS256;
        let secret = EncodingKey::from_secret(&forge.public);
        let confused = encode(&header, &forge.claims(), &secret).unwrap();
        assert!(forge.verifier.verify(&confused).is_err());
        let token = encode(&Forge::header(), &forge.claims(), &forge.key).unwrap();
        let (_, body) = token.split_once('.').unwrap();
        for alg in ["none", "None", "nOnE", "HS256", "ES256", "RS256"] {
            let header = json!({ "alg": alg, "typ": TOKEN_TYPE, "kid": "k1" }).to_string();
            let header = URL_SAFE_NO_PAD.encode(header);
            let unsigned = body.rsplit_once('.').unwrap().0;
            for forged in [format!("{header}.{body}"), format!("{header}.{unsigned}.")] {
                assert!(forge.verifier.verify(&forged).is_err(), "{alg}");
            }
        }
    }

    #[test]
    fn jwt_broken_signature_rejected() {
        let forge = Forge::new();
        let token = encode(&Forge::header(), &forge.claims(), &forge.key).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        for broken in [
            format!("{signed}."),
            format!("{signed}.{}", signature.replace('A', "B").replace('a', "b")),
            signed.to_owned(),
            String::new(),
        ] {
            assert!(forge.verifier.verify(&broken).is_err(), "{broken}");
        }
    }
}
