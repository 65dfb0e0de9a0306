//! A provider of accounts at `https://idp.test`, which signs with keys of its own, says whatever it is told, and keeps
//! what it was asked: Google, Apple, Facebook and X at once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use karya_auth::{IdentityProviders, SocialOptions};
use karya_core::Clock;
use karya_core::sealing::sha256;
use karya_fetch::{Fetcher, Policy, Url};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use super::tokens::{Key, encode, merged};
use super::{Client, Reply, TestApp, noon};

pub const FACEBOOK_APP: &str = "4711";
pub const FACEBOOK_SECRET: &str = "rahasia-facebook";
pub const X_CLIENT: &str = "klien-x";
const X_SECRET: &str = "rahasia:x";

/// What the provider answers at the address of its keys.
#[derive(Clone)]
pub struct Keys {
    pub status: &'static str,
    pub headers: String,
    pub body: String,
    pub delay: Duration,
}

/// A code that X gave out.
struct Code {
    challenge: String,
    redirect_uri: String,
    user: Value,
}

struct State {
    keys: Keys,
    asked: Vec<String>,
    codes: HashMap<String, Code>,
    /// By access token of X.
    x_users: HashMap<String, Value>,
    /// By access token of Facebook: what `/debug_token` says, and `/me`.
    facebook: HashMap<String, (Value, Value)>,
    /// That of the application which it is asked by.
    clock: Clock,
}

/// The provider.
#[derive(Clone)]
pub struct Provider {
    port: u16,
    authority: CertificateDer<'static>,
    state: Arc<Mutex<State>>,
    pub key: Key,
}

impl Provider {
    pub async fn start() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["idp.test".to_owned()]).unwrap();
        let secret = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let authority = cert.der().clone();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![authority.clone()], secret.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = Key::ec("satu");
        let state = State {
            keys: Keys {
                status: "200 OK",
                headers: "cache-control: public, max-age=3600\r\n".into(),
                body: json!({ "keys": [key.jwk()] }).to_string(),
                delay: Duration::ZERO,
            },
            asked: Vec::new(),
            codes: HashMap::new(),
            x_users: HashMap::new(),
            facebook: HashMap::new(),
            clock: Clock::fixed(noon()),
        };
        let provider = Self {
            port: listener.local_addr().unwrap().port(),
            authority,
            state: Arc::new(Mutex::new(state)),
            key,
        };
        let own = provider.clone();
        actix_web::rt::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, own) = (acceptor.clone(), own.clone());
                actix_web::rt::spawn(async move {
                    if let Ok(socket) = acceptor.accept(socket).await {
                        own.serve(socket).await;
                    }
                });
            }
        });
        provider
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn serve(&self, mut socket: TlsStream<TcpStream>) {
        let request = read(&mut socket).await;
        let (status, headers, body) = self.answer(&request);
        let delay = self.state().keys.delay;
        if request.path == "/keys" && !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        let _ = socket.write_all(answer.as_bytes()).await;
        let _ = socket.shutdown().await;
    }

    fn answer(&self, request: &Request) -> (&'static str, String, String) {
        let mut state = self.state();
        state
            .asked
            .push(format!("{} {}", request.method, request.path));
        let ok = |body: Value| ("200 OK", String::new(), body.to_string());
        let no = |error: &str| {
            (
                "400 Bad Request",
                String::new(),
                json!({ "error": error }).to_string(),
            )
        };
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/keys") => {
                let keys = state.keys.clone();
                (keys.status, keys.headers, keys.body)
            }
            ("POST", "/token") => {
                let form = &request.form;
                let pair = STANDARD.encode(format!("{X_CLIENT}:rahasia%3Ax"));
                if request.authorization != format!("Basic {pair}") {
                    return no("invalid_client");
                }
                // A code works once, however it is used.
                let Some(code) = form.get("code").and_then(|code| state.codes.remove(code)) else {
                    return no("invalid_grant");
                };
                let verifier = form.get("code_verifier").cloned().unwrap_or_default();
                if encode(&sha256(verifier.as_bytes())) != code.challenge
                    || form.get("redirect_uri") != Some(&code.redirect_uri)
                    || form.get("client_id").map(String::as_str) != Some(X_CLIENT)
                    || form.get("grant_type").map(String::as_str) != Some("authorization_code")
                {
                    return no("invalid_grant");
                }
                let token = format!("x-{}", state.x_users.len());
                state.x_users.insert(token.clone(), code.user);
                ok(
                    json!({ "token_type": "bearer", "access_token": token, "expires_in": 7200, "scope": "users.read" }),
                )
            }
            ("GET", "/user") => {
                let token = request.authorization.trim_start_matches("Bearer ");
                match state.x_users.get(token) {
                    Some(user) => ok(json!({ "data": user })),
                    None => no("unauthorized"),
                }
            }
            ("GET", "/graph/debug_token") => {
                let app_token = format!("{FACEBOOK_APP}|{FACEBOOK_SECRET}");
                if request.form.get("access_token") != Some(&app_token) {
                    return no("app");
                }
                let token = request.form.get("input_token").cloned();
                let found = token.and_then(|token| state.facebook.get(&token));
                ok(
                    json!({ "data": found.map_or(json!({ "is_valid": false }), |(data, _)| data.clone()) }),
                )
            }
            ("GET", "/graph/me") => {
                let token = request
                    .form
                    .get("access_token")
                    .cloned()
                    .unwrap_or_default();
                let key = hmac::Key::new(hmac::HMAC_SHA256, FACEBOOK_SECRET.as_bytes());
                let tag = hmac::sign(&key, token.as_bytes());
                let proof: String = tag
                    .as_ref()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                match state.facebook.get(&token) {
                    Some((_, me)) if request.form.get("appsecret_proof") == Some(&proof) => {
                        ok(me.clone())
                    }
                    _ => no("token"),
                }
            }
            _ => ("404 Not Found", String::new(), String::new()),
        }
    }

    /// How often something was asked for, such as `GET /keys`.
    pub fn asked(&self, what: &str) -> usize {
        let state = self.state();
        state.asked.iter().filter(|asked| *asked == what).count()
    }

    pub fn keys(&self, change: impl FnOnce(&mut Keys)) {
        change(&mut self.state().keys);
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.keys(|all| all.body = json!({ "keys": keys }).to_string());
    }

    fn url(&self, path: &str) -> String {
        format!("https://idp.test:{}/{path}", self.port)
    }

    /// `iss` of its tokens for a provider that it stands for.
    pub fn issuer(&self, provider: &str) -> String {
        self.url(provider)
    }

    pub fn options(&self) -> SocialOptions {
        let mut options = SocialOptions::default();
        options.google.client_id_web = "google-web".into();
        options.google.client_id_android = "google-android".into();
        options.google.issuer = self.issuer("google");
        options.google.jwks_url = self.url("keys");
        options.apple.client_id_ios = "id.karya".into();
        options.apple.issuer = self.issuer("apple");
        options.apple.jwks_url = self.url("keys");
        options.facebook.app_id = FACEBOOK_APP.into();
        options.facebook.app_secret = FACEBOOK_SECRET.into();
        options.facebook.issuer = self.issuer("facebook");
        options.facebook.jwks_url = self.url("keys");
        options.facebook.graph_url = self.url("graph");
        options.x.client_id = X_CLIENT.into();
        options.x.client_secret = X_SECRET.into();
        options.x.redirect_uris = vec!["id.karya:/masuk".into(), "https://karya.test/masuk".into()];
        options.x.token_url = self.url("token");
        options.x.user_url = self.url("user");
        options
    }

    /// An application that reaches this provider, and nothing else.
    pub async fn app(&self) -> TestApp {
        self.app_with(|_| {}).await
    }

    pub async fn app_with(&self, change: impl Fn(&mut SocialOptions)) -> TestApp {
        let app = TestApp::with(|parts| {
            let policy = Policy {
                address: |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST),
                port: |port| port != 80,
                authorities: vec![self.authority.clone()],
                hosts: [("idp.test".to_owned(), vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])].into(),
                timeout: Duration::from_secs(2),
                ..IdentityProviders::policy()
            };
            let mut options = self.options();
            change(&mut options);
            parts.identity_providers = IdentityProviders::new(options, Fetcher::new(policy));
        })
        .await;
        self.state().clock = app.clock.clone();
        app
    }

    /// What it says of somebody to Google's app: a proved address, made from the name.
    pub fn claims(&self, name: &str, nonce: &Value) -> Value {
        let now = self.state().clock.now().timestamp();
        json!({
            "iss": self.issuer("google"), "aud": "google-web", "azp": "google-android", "sub": format!("sub-{name}"),
            "nonce": nonce, "iat": now, "exp": now + 3600, "name": format!("{name} di Google"),
            "email": super::email(name), "email_verified": true,
        })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let key = &self.key;
        key.token(
            &json!({ "alg": key.algorithm(), "kid": key.kid, "typ": "JWT" }),
            claims,
        )
    }

    /// Somebody whom X sends back: the code.
    pub fn authorize(
        &self,
        authorization_url: &str,
        user: &Value,
    ) -> (String, HashMap<String, String>) {
        let url = Url::parse(authorization_url).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let mut state = self.state();
        let code = format!("kode-{}-{}", state.codes.len(), user["id"]);
        state.codes.insert(
            code.clone(),
            Code {
                challenge: query["code_challenge"].clone(),
                redirect_uri: query["redirect_uri"].clone(),
                user: user.clone(),
            },
        );
        (code, query)
    }

    /// An access token of Facebook: what is said about it, and whose it is.
    pub fn access_token(&self, inspection: &Value, me: &Value) -> String {
        let mut state = self.state();
        let token = format!("EAA{}", state.facebook.len());
        let entry = (inspection.clone(), me.clone());
        state.facebook.insert(token.clone(), entry);
        token
    }
}

/// Begins, as nobody or as somebody who is signed in, and gives what the provider is to be asked with.
pub async fn begin(client: &Client<'_>, path: &str, provider: &str) -> Value {
    let reply = client.post(path, json!({ "provider": provider })).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.ok(201)
}

pub const SIGN_IN: &str = "/v1/auth/social/begin";
pub const MINE: &str = "/v1/me/identities/begin";

impl Provider {
    /// A proof of somebody's account at Google, with other claims than usual.
    pub async fn proof(&self, client: &Client<'_>, path: &str, name: &str, other: Value) -> Value {
        let begun = begin(client, path, "google").await;
        let claims = merged(self.claims(name, &begun["nonce"]), &other);
        json!({ "state": begun["state"], "id_token": self.sign(&claims) })
    }

    /// Signs somebody in with Google.
    pub async fn sign_in(&self, app: &TestApp, name: &str) -> Reply {
        let proof = self.proof(&app.anon(), SIGN_IN, name, json!({})).await;
        verify(app, proof).await
    }
}

pub async fn verify(app: &TestApp, proof: Value) -> Reply {
    let body = json!({ "proof": proof });
    app.anon().post("/v1/auth/social/verify", body).await
}

struct Request {
    method: String,
    path: String,
    authorization: String,
    /// What the query and the body say.
    form: HashMap<String, String>,
}

async fn read(socket: &mut TlsStream<TcpStream>) -> Request {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let head = loop {
        let read = socket.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..read]);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end.or((read == 0).then_some(bytes.len())) {
            break end;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let header = |name: &str| {
        let mut lines = text
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let length: usize = header("content-length").parse().unwrap_or(0);
    let mut body = bytes.split_off((head + 4).min(bytes.len()));
    while body.len() < length {
        let read = socket.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            break;
        }
        body.extend_from_slice(&chunk[..read]);
    }
    let mut parts = text.split(' ');
    let method = parts.next().unwrap_or_default().to_owned();
    let target = parts.next().unwrap_or_default().to_owned();
    let url = Url::parse(&format!("https://idp.test{target}")).unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    let posted = Url::parse(&format!("https://idp.test/?{body}")).unwrap();
    Request {
        method,
        path: url.path().to_owned(),
        authorization: header("authorization"),
        form: [&url, &posted]
            .iter()
            .flat_map(|url| url.query_pairs().into_owned())
            .collect(),
    }
}
