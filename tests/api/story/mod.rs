//! One story in which every operation of the document is used once as it is meant, with the examples of the document,
//! by the people of the demo. What it proves: the examples are true (`examples`), and who may do what (`permissions`).

mod conflicts;
mod erasure;
mod examples;
mod hostile;
mod paging;
mod permissions;
mod schemas;
mod script;
mod secrets;
mod security;

use std::cell::RefCell;
use std::collections::BTreeMap;

use actix_web::http::Method;
use karya::spec::examples::Example;
use serde_json::Value;
use uuid::Uuid;

use crate::contract::document;
use crate::harness::{Client, Provider, Reply, TestApp};
use crate::mentoring::Mentor;

/// What things are called in paths and in the examples, where they have ids of their own.
const THINGS: [(&str, &str); 13] = [
    ("sari", "0199e5a0-0000-7000-8000-000000000001"),
    ("budi", "0199e5a0-0000-7000-8000-000000000002"),
    ("made", "0199e5a0-0000-7000-8000-000000000003"),
    ("ratna", "0199e5a0-0000-7000-8000-000000000004"),
    ("offering_id", "0199e5a0-0000-7000-8000-000000000011"),
    ("asked_offering", "0199e5a0-0000-7000-8000-000000000012"),
    ("business_id", "0199e5a0-0000-7000-8000-000000000021"),
    ("booking_id", "0199e5a0-0000-7000-8000-000000000031"),
    (
        "verification",
        "pL3hQd0cJ8sVY2nXw5rT7uK1bM4aZ6eG9fC0iO3jS8k",
    ),
    ("reset", "Zk8sVQ1dT4yN7wB2mH5xR9cF3gL6pJ0aE8uS2vK4tQw"),
    ("refresh", "Qm4tX8bN1zR6kW3vH9yC5sJ2dL7fP0gA4eU8oT1iY6w"),
    ("token", "Hd6wB1xK8mS3qZ9vN4cR7tJ2yL5fP0gA"),
    ("code", "KRY-CERT-2026"),
];

/// Who calls: what they are to the thing, and who they are in the story.
const CALLERS: [(&str, &str); 9] = [
    ("anonymous", "nobody"),
    ("stranger", "buyer"),
    ("owner", "owner"),
    ("mentor", "mentor"),
    ("other mentor", "Komang"),
    ("verifier", "verifier"),
    ("moderator", "moderator"),
    ("alert operator", "alert_operator"),
    ("admin", "admin"),
];

/// An operation as the document describes it.
struct Operation {
    method: Method,
    template: String,
    value: Value,
}

impl Operation {
    fn body_type(&self) -> Option<&str> {
        let kinds = self.value["requestBody"]["content"].as_object()?;
        kinds.keys().next().map(String::as_str)
    }

    fn takes(&self, header: &str) -> bool {
        let mut all = self.value["parameters"].as_array().into_iter().flatten();
        all.any(|one| one["name"] == header)
    }

    fn needs(&self, header: &str) -> bool {
        let mut all = self.value["parameters"].as_array().into_iter().flatten();
        all.any(|one| one["name"] == header && one["required"] == true)
    }
}

/// What the story leaves behind of one operation.
struct Told {
    request: Option<Value>,
    response: Option<Value>,
    /// What was looked for, by caller.
    outcomes: Vec<&'static str>,
}

struct Story<'a> {
    app: &'a TestApp,
    provider: &'a Provider,
    operations: BTreeMap<String, Operation>,
    examples: BTreeMap<String, Example>,
    /// What is called so, as it is in this database.
    things: BTreeMap<String, String>,
    tokens: RefCell<BTreeMap<String, (chrono::DateTime<chrono::Utc>, String)>>,
    look: Look,
    schemas: schemas::Schemas,
    told: BTreeMap<String, Told>,
    /// Steps that did not succeed.
    faults: Vec<String>,
}

/// What is looked at before each step is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Nothing,
    /// What happens to every kind of caller.
    Permissions,
    /// What a caller gets who has an older version.
    Conflicts,
}

/// A call to be made.
struct Step<'s, 'a> {
    story: &'s mut Story<'a>,
    id: &'static str,
    by: &'static str,
    owner: &'static str,
    at: Vec<(&'static str, &'static str)>,
    query: &'static str,
    body: Option<Value>,
    bytes: Option<&'static [u8]>,
    silent: bool,
}

/// An application, and the provider that people of the story have accounts at.
async fn stage() -> (TestApp, Provider) {
    let provider = Provider::start().await;
    (provider.app().await, provider)
}

impl<'a> Story<'a> {
    /// Tells it to its end.
    async fn tell((app, provider): &'a (TestApp, Provider), look: Look) -> Self {
        let document = document();
        let mut operations = BTreeMap::new();
        for (template, item) in document["paths"].as_object().unwrap() {
            for (method, value) in item.as_object().unwrap() {
                let operation = Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    template: template.clone(),
                    value: value.clone(),
                };
                let id = value["operationId"].as_str().unwrap().to_owned();
                operations.insert(id, operation);
            }
        }
        karya::demo::seed(&app.parts).await.unwrap();
        Mentor::new(app, "Komang").await;
        for name in ["Ratna", "Joko", "Wayan"] {
            app.user(name).await;
        }
        if look == Look::Permissions {
            permissions::guard(app).await;
        }
        let mut story = Self {
            app,
            provider,
            operations,
            examples: karya::spec::examples::all().unwrap(),
            things: BTreeMap::new(),
            tokens: RefCell::default(),
            look,
            schemas: schemas::Schemas::new(&document),
            told: BTreeMap::new(),
            faults: Vec::new(),
        };
        script::tell(&mut story).await;
        assert!(story.faults.is_empty(), "{:#?}", story.faults);
        let untold: Vec<&String> = story
            .operations
            .keys()
            .filter(|id| !story.told.contains_key(*id))
            .collect();
        assert!(untold.is_empty(), "the story does not use {untold:?}");
        story
    }

    fn step(&mut self, id: &'static str) -> Step<'_, 'a> {
        assert!(self.operations.contains_key(id), "{id}");
        Step {
            story: self,
            id,
            by: "owner",
            owner: "owner",
            at: Vec::new(),
            query: "",
            body: None,
            bytes: None,
            silent: false,
        }
    }

    /// Remembers what a thing is called in this database.
    fn name(&mut self, name: &str, value: &Value) {
        // Where there is none, a step has failed, and the fault says so.
        let value = value.as_str().unwrap_or("nothing");
        self.things.insert(name.to_owned(), value.to_owned());
    }

    /// Somebody, signed in lately enough.
    async fn who(&self, who: &str) -> Client<'a> {
        if who == "nobody" {
            return self.app.anon();
        }
        let now = self.app.clock.now();
        let known = self.tokens.borrow().get(who).cloned();
        if let Some((_, token)) = known.filter(|(at, _)| *at == now) {
            return self.app.anon().with_token(&token);
        }
        let demo = karya::demo::ACCOUNTS
            .iter()
            .find(|account| account.label == who);
        let Some(account) = demo else {
            return self.app.sign_in(who).await;
        };
        let token = karya::demo::access_token(&self.app.parts, account)
            .await
            .unwrap();
        let entry = (now, token.clone());
        self.tokens.borrow_mut().insert(who.to_owned(), entry);
        self.app.anon().with_token(&token)
    }

    /// Signs somebody in who keeps that session while the clock stands.
    async fn hold(&self, who: &str) {
        let reply = self.app.login(who, None).await.ok(200);
        let token = reply["access_token"].as_str().unwrap().to_owned();
        let entry = (self.app.clock.now(), token);
        self.tokens.borrow_mut().insert(who.to_owned(), entry);
    }

    /// Sessions have ended: everybody signs in again.
    fn sign_in_again(&self) {
        self.tokens.borrow_mut().clear();
    }

    /// The words of the examples, as they are in this database.
    fn real(&self, example: &Value) -> Value {
        self.reworded(example, |text, word, real| text.replace(word, real))
    }

    /// The other way round.
    fn as_example(&self, real: &Value) -> Value {
        self.reworded(real, |text, word, real| text.replace(real, word))
    }

    fn reworded(&self, value: &Value, put: fn(&str, &str, &str) -> String) -> Value {
        let known = THINGS
            .iter()
            .filter_map(|(name, word)| Some((word, self.things.get(*name)?)));
        let text = known.fold(value.to_string(), |text, (word, real)| {
            put(&text, word, real)
        });
        serde_json::from_str(&text).unwrap()
    }

    fn path(&self, id: &str, at: &[(&str, &str)], query: &str) -> String {
        let mut path = String::new();
        for (number, part) in self.operations[id].template.split(['{', '}']).enumerate() {
            if number % 2 == 0 {
                path += part;
                continue;
            }
            let name = at.iter().find(|(name, _)| *name == part);
            let name = name.map_or(part, |(_, thing)| thing);
            // What is no thing stands for itself: dates, codes of regions.
            path += self.things.get(name).map_or(name, String::as_str);
        }
        format!("{path}{query}")
    }
}

impl Step<'_, '_> {
    /// Who does it; Sari unless told.
    fn by(mut self, who: &'static str) -> Self {
        self.by = who;
        self
    }

    /// Whose the thing is; Sari's unless told.
    fn of(mut self, who: &'static str) -> Self {
        self.owner = who;
        self
    }

    /// What a parameter of the path stands for, where it has another name.
    fn at(mut self, parameter: &'static str, thing: &'static str) -> Self {
        self.at.push((parameter, thing));
        self
    }

    fn query(mut self, query: &'static str) -> Self {
        self.query = query;
        self
    }

    /// Instead of the example.
    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    fn bytes(mut self, bytes: &'static [u8]) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Of no interest in itself.
    fn silently(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Makes the call, which must succeed: if not, the story goes on to find more faults.
    async fn done(self) -> Value {
        let id = self.id;
        let example = self.story.examples.get(id).and_then(|e| e.request.clone());
        let request = self.body.clone().or(example);
        let body = match (&request, self.bytes) {
            (_, Some(bytes)) => bytes.to_vec(),
            (Some(body), None) => self.story.real(body).to_string().into_bytes(),
            (None, None) => Vec::new(),
        };
        let path = self.story.path(id, &self.at, self.query);
        let mut outcomes = Vec::new();
        match self.story.look {
            _ if self.silent => {}
            Look::Nothing => {}
            Look::Permissions => outcomes = permissions::probe(&self, &path, &body).await,
            Look::Conflicts => outcomes = conflicts::probe(&self, &path, &body).await,
        }
        let client = self.story.who(self.by).await;
        let reply = self.story.send(&client, id, &path, &body, "*").await;
        let status = reply.status.as_u16();
        if !reply.status.is_success() {
            let fault = format!("{id} {path} {status}: {}", reply.text());
            eprintln!("{fault}");
            self.story.faults.push(fault);
            return Value::Null;
        }
        let is_json = reply
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        let answer = (is_json && !reply.body.is_empty()).then(|| reply.json());
        let value = &self.story.operations[id].value;
        self.story.schemas.check(id, value, status, answer.as_ref());
        let story = self.story;
        if !self.silent {
            let told = Told {
                request: self.body.is_none().then_some(request).flatten(),
                response: answer.clone(),
                outcomes,
            };
            assert!(
                story.told.insert(id.to_owned(), told).is_none(),
                "{id} twice"
            );
        }
        answer.unwrap_or_default()
    }
}

impl Story<'_> {
    async fn send(
        &self,
        client: &Client<'_>,
        id: &str,
        path: &str,
        body: &[u8],
        version: &str,
    ) -> Reply {
        let operation = &self.operations[id];
        let mut client = client.clone();
        if operation.takes("If-Match") {
            client = client.with("if-match", version);
        }
        if operation.needs("Idempotency-Key") {
            client = client.with("idempotency-key", &Uuid::now_v7().to_string());
        }
        let kind = operation.body_type();
        client
            .send(operation.method.clone(), path, kind, body.to_vec())
            .await
    }
}

/// What a test rewrites when it is told to: `KARYA_WRITE=1`.
fn is_writing() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the person at the keyboard wants"
    )]
    let write = std::env::var("KARYA_WRITE");
    write.is_ok()
}
