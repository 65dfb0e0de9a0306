use actix_web::http::StatusCode;
use karya_auth::totp;
use serde_json::{Value, json};

use super::{Client, PASSWORD, Reply, TestApp, email};

/// An authenticator app that was enrolled.
pub struct Authenticator<'a> {
    app: &'a TestApp,
    pub factor: String,
    /// As it was shown.
    pub secret: String,
    bytes: Vec<u8>,
}

impl<'a> Authenticator<'a> {
    /// Enrols an app and does not confirm it.
    pub async fn begin(app: &'a TestApp, owner: &Client<'_>) -> Self {
        let label = json!({ "label": "HP Sari" });
        let begun = owner.post("/v1/me/factors/totp", label).await.ok(201);
        Self::of(app, &begun)
    }

    /// What an app makes of the reply to an enrolment.
    pub fn of(app: &'a TestApp, begun: &Value) -> Self {
        let secret = begun["secret"].as_str().unwrap().to_owned();
        Self {
            app,
            factor: begun["factor_id"].as_str().unwrap().to_owned(),
            bytes: base32(&secret),
            secret,
        }
    }

    /// Enrols one, and lets time go on to its next code.
    pub async fn enrol(app: &'a TestApp, owner: &Client<'_>) -> Self {
        let authenticator = Self::begin(app, owner).await;
        let reply = authenticator.confirm(owner, &authenticator.code()).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        authenticator.next();
        authenticator
    }

    pub async fn confirm(&self, owner: &Client<'_>, code: &str) -> Reply {
        let path = format!("/v1/me/factors/{}/confirm", self.factor);
        owner.post(&path, json!({ "code": code })).await
    }

    /// Lets time go on to the next code.
    pub fn next(&self) {
        self.app.clock.advance(chrono::Duration::seconds(30));
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.code_after(0)
    }

    /// What it shows so many steps later.
    pub fn code_after(&self, steps: i64) -> String {
        let step = totp::step(self.app.clock.now()) + steps;
        format!("{:06}", totp::code(&self.bytes, step))
    }

    /// Some six digits that are none of its codes now.
    pub fn wrong(&self) -> String {
        let good: Vec<String> = (-1..=1).map(|steps| self.code_after(steps)).collect();
        let mut all = (0..).map(|number: u32| format!("{number:06}"));
        all.find(|code| !good.contains(code)).unwrap()
    }
}

fn base32(text: &str) -> Vec<u8> {
    let bits: String = text
        .bytes()
        .map(|letter| {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                _ => panic!("{text} is not base32"),
            };
            format!("{value:05b}")
        })
        .collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
        .collect()
}

impl TestApp {
    /// The first half of a sign-in.
    pub async fn login(&self, name: &str, device_token: Option<&str>) -> Reply {
        let mut body = json!({ "email": email(name), "password": PASSWORD });
        if let Some(token) = device_token {
            body["device_token"] = token.into();
        }
        self.anon().post("/v1/auth/login", body).await
    }

    /// The token of the challenge that the first half is answered with.
    pub async fn challenge(&self, name: &str, device_token: Option<&str>) -> String {
        let reply = self.login(name, device_token).await;
        let body = reply.refused(401, "auth.factor_required");
        body["challenge"]["token"].as_str().unwrap().to_owned()
    }

    /// The second half.
    pub async fn answer(&self, challenge: &str, method: &str, code: &str) -> Reply {
        let body = json!({ "challenge_token": challenge, "method": method, "code": code });
        self.anon().post("/v1/auth/login/verify-factor", body).await
    }

    /// A caller with the access token of a sign-in.
    pub fn with_tokens(&self, tokens: &Value) -> Client<'_> {
        self.anon()
            .with_token(tokens["access_token"].as_str().unwrap())
    }

    /// Everything that the tables hold, as text.
    pub async fn dump(&self) -> String {
        let sql = self.db.sql().await;
        let list = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')";
        let mut dump = String::new();
        for table in sql.query(list, &[]).await.unwrap() {
            let rows = format!("SELECT t::text FROM {} t", table.get::<_, String>(0));
            let rows = sql.query(&rows, &[]).await.unwrap();
            rows.iter().for_each(|row| dump.push_str(row.get(0)));
        }
        dump
    }

    /// What one statement finds.
    pub async fn count(&self, query: &str) -> i64 {
        let sql = self.db.sql().await;
        sql.query_one(query, &[]).await.unwrap().get(0)
    }
}
