//! The keys that sign access tokens. They live in the database, sealed, so that every replica has the same ones.

mod rotation;

pub use rotation::{KeyInfo, Rotation};

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use karya_core::{MasterKey, SessionId, UserId};
use karya_web::TokenVerifier;
use karya_web::actor::{Claims, TOKEN_TYPE};
use uuid::Uuid;

use crate::model::{KeyState, SigningKey};
use crate::queries::signing_keys as queries;

const PURPOSE: &str = "signing-key";

/// The signing keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("signing keys: {0}")]
    Db(#[from] diesel::result::Error),
    #[error("signing key {0} does not open: is secrets.master_key the one it was made with?")]
    Sealed(String),
    #[error("there is no active signing key")]
    NoActive,
    #[error("signing keys: {0}")]
    Crypto(String),
    #[error("a token that was just signed does not pass: {0}")]
    SelfTest(String),
}

struct Active {
    kid: String,
    key: EncodingKey,
}

/// A public key, as the JSON Web Key Set shows it.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey {
    pub(crate) kid: String,
    /// Raw Ed25519 key in base64url.
    pub(crate) x: String,
}

/// Signs access tokens. Cheap to clone; all clones follow a rotation.
#[derive(Clone)]
pub struct Issuer {
    master_key: MasterKey,
    verifier: TokenVerifier,
    active: Arc<RwLock<Active>>,
    public: Arc<RwLock<Vec<PublicKey>>>,
}

impl Issuer {
    /// Reads the keys, making the first one if there is none, and puts them in force at `verifier`.
    pub async fn load(
        conn: &mut AsyncPgConnection,
        master_key: &MasterKey,
        verifier: TokenVerifier,
        now: DateTime<Utc>,
    ) -> Result<Self, KeyError> {
        let keys = load_or_create(conn, master_key, now).await?;
        let issuer = Self {
            active: Arc::new(RwLock::new(active(&keys, master_key)?)),
            public: Arc::new(RwLock::new(public(&keys))),
            master_key: master_key.clone(),
            verifier,
        };
        issuer.publish(&keys);
        issuer.prove(now)?;
        Ok(issuer)
    }

    /// Signs a token and checks it: what cannot do that must say so before it serves.
    fn prove(&self, now: DateTime<Utc>) -> Result<(), KeyError> {
        let claims = Claims {
            iss: self.name().to_owned(),
            aud: self.name().to_owned(),
            sub: UserId::fresh(),
            sid: SessionId::fresh(),
            jti: Uuid::now_v7(),
            iat: now.timestamp(),
            exp: now.timestamp() + 60,
            epoch: 0,
            auth_time: now.timestamp(),
            amr: Vec::new(),
            roles: Vec::new(),
        };
        match self.verifier.verify(&self.sign(&claims)?) {
            Ok(read) if read == claims => Ok(()),
            Ok(_other) => Err(KeyError::SelfTest("it says something else".into())),
            Err(refused) => Err(KeyError::SelfTest(refused.to_string())),
        }
    }

    /// Reads the keys again, to follow a rotation.
    pub async fn reload(&self, conn: &mut AsyncPgConnection) -> Result<(), KeyError> {
        let keys = queries::signing_keys(conn).await?;
        let active = active(&keys, &self.master_key)?;
        self.publish(&keys);
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = active;
        *self.public.write().unwrap_or_else(PoisonError::into_inner) = public(&keys);
        Ok(())
    }

    fn publish(&self, keys: &[SigningKey]) {
        self.verifier.set_keys(
            keys.iter()
                .map(|key| (key.kid.as_str(), key.public_key.as_slice())),
        );
    }

    /// Who the tokens say issued them, and whom they are for.
    pub(crate) fn name(&self) -> &str {
        self.verifier.issuer()
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(active.kid.clone());
        encode(&header, claims, &active.key).map_err(|error| KeyError::Crypto(error.to_string()))
    }

    pub(crate) fn public_keys(&self) -> Vec<PublicKey> {
        self.public
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn active(keys: &[SigningKey], master_key: &MasterKey) -> Result<Active, KeyError> {
    let key = keys
        .iter()
        .find(|key| key.state == KeyState::Active)
        .ok_or(KeyError::NoActive)?;
    let der = master_key
        .open(PURPOSE, key.kid.as_bytes(), &key.private_key_sealed)
        .map_err(|_unsealable| KeyError::Sealed(key.kid.clone()))?;
    Ok(Active {
        kid: key.kid.clone(),
        key: EncodingKey::from_ed_der(&der),
    })
}

fn public(keys: &[SigningKey]) -> Vec<PublicKey> {
    keys.iter()
        .map(|key| PublicKey {
            kid: key.kid.clone(),
            x: URL_SAFE_NO_PAD.encode(&key.public_key),
        })
        .collect()
}

async fn load_or_create(
    conn: &mut AsyncPgConnection,
    master_key: &MasterKey,
    now: DateTime<Utc>,
) -> Result<Vec<SigningKey>, KeyError> {
    let keys = queries::signing_keys(conn).await?;
    if keys.iter().any(|key| key.state == KeyState::Active) {
        return Ok(keys);
    }
    let fresh = generate(master_key, KeyState::Active, now)?;
    conn.transaction(async |conn| {
        // The constraint lets one active key in; a replica that came second takes the winner's.
        queries::insert_signing_key(conn, &fresh).await?;
        queries::signing_keys(conn).await.map_err(KeyError::from)
    })
    .await
}

fn generate(
    master_key: &MasterKey,
    state: KeyState,
    now: DateTime<Utc>,
) -> Result<SigningKey, KeyError> {
    let crypto = |error: aws_lc_rs::error::Unspecified| KeyError::Crypto(error.to_string());
    let pair = Ed25519KeyPair::generate().map_err(crypto)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(crypto)?;
    let public_key = pair.public_key().as_ref().to_vec();
    let kid = URL_SAFE_NO_PAD.encode(
        karya_core::sealing::sha256(&public_key)
            .get(..9)
            .unwrap_or_default(),
    );
    Ok(SigningKey {
        private_key_sealed: master_key.seal(PURPOSE, kid.as_bytes(), der.as_ref()),
        kid,
        state,
        public_key,
        created_at: now,
        state_since: now,
    })
}
