use std::collections::BTreeMap;

use karya::spec::examples::Example;
use serde_json::{Value, json};

use super::schemas::Schemas;
use super::{Look, Story, is_writing, stage};
use crate::contract::document;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/api/src/spec/examples.json"
);
/// As much of a list as shows what is in it.
const SHOWN: usize = 2;

#[actix_web::test]
async fn the_examples_are_what_is_sent_and_answered() {
    let stage = stage().await;
    let mut story = Story::tell(&stage, Look::Nothing).await;
    let before = karya::spec::examples::all().unwrap();
    let mut now = BTreeMap::new();
    for (id, told) in std::mem::take(&mut story.told) {
        let old = before.get(&id).cloned().unwrap_or_default();
        let response = told
            .response
            .filter(|_| id != "get_openapi")
            .map(|answer| shortened(&story.as_example(&answer)))
            .map(|answer| match old.response {
                // Ids and times differ from run to run; what it looks like does not.
                Some(old) if shape(&old) == shape(&answer) => old,
                _ => answer,
            });
        let request = told.request.or(old.request);
        now.insert(id, Example { request, response });
    }
    if before == now {
        return;
    }
    if is_writing() {
        let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
        std::fs::write(FILE, text).unwrap();
        return;
    }
    let changed: Vec<&String> = now
        .iter()
        .filter(|(id, example)| before.get(*id) != Some(*example))
        .map(|(id, _)| id)
        .collect();
    panic!(
        "{changed:?} look different: run `KARYA_WRITE=1 cargo test -p karya-tests story::examples` \
         and look at the diff of examples.json"
    );
}

#[test]
fn every_example_follows_its_schema() {
    let document = document();
    let schemas = Schemas::new(&document);
    let mut count = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            let bodies = operation["responses"].as_object().unwrap().values();
            for body in bodies.chain([&operation["requestBody"]]) {
                let content = &body["content"]["application/json"];
                if !content["example"].is_null() {
                    schemas.validate(id, &content["schema"], &content["example"]);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn a_document_without_an_example_is_not_published() {
    assert!(karya::spec::json().is_ok());
    let faults = karya::spec::faults_without(&["create_booking", "get_booking"]);
    assert_eq!(
        faults,
        [
            "create_booking lacks an example of its request body",
            "create_booking lacks an example of its reply",
            "get_booking lacks an example of its reply",
        ]
    );
}

/// What something is made of: names and types, without the values.
fn shape(of: &Value) -> Value {
    match of {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!(0),
        other => other.clone(),
    }
}

fn shortened(of: &Value) -> Value {
    match of {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match name.as_str() {
                // It would look like a credential that leaked.
                "access_token" => (
                    name.clone(),
                    json!("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTk5ZTVhMCJ9.c2lnbmF0dXJl"),
                ),
                "secret"
                    if value
                        .as_str()
                        .is_some_and(|secret| secret.starts_with("whsec_")) =>
                {
                    (name.clone(), json!("whsec_…"))
                }
                "key"
                    if value
                        .as_str()
                        .is_some_and(|key| key.starts_with("kry_live_")) =>
                {
                    (name.clone(), json!("kry_live_4fK9Xb2Q_…"))
                }
                _ => (name.clone(), shortened(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().take(SHOWN).map(shortened).collect(),
        other => other.clone(),
    }
}
