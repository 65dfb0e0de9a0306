//! The document, and what it promises.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::harness::{Client, TestApp};

pub(crate) fn document() -> Value {
    serde_json::to_value(karya::spec::document()).unwrap()
}

pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// With ids filled in.
    pub(crate) path: String,
    template: String,
    pub(crate) value: Value,
}

pub(crate) fn operations() -> Vec<Operation> {
    let document = document();
    let mut operations = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, value) in item.as_object().unwrap() {
            let path = template
                .replace("{business_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{time_off_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{feed_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{calendar_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{booking_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{token}", "0199a1b2")
                .replace("{date}", "2026-06-10")
                .replace("{mentor_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{offering_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{session_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{group_session_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{series_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{note_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{mentorship_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{goal_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{action_item_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{certificate_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{block_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{document_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{factor_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{api_key_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{webhook_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{delivery_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{identity_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{passkey_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{request_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{account_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{factor_reset_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{role}", "moderator")
                .replace("{export_id}", "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
                .replace("{document}", "marketing")
                .replace("{slug}", "batik-sari")
                .replace("{code}", "33.75");
            let mut value = value.clone();
            resolve(&document, &mut value);
            operations.push(Operation {
                id: value["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path,
                template: template.clone(),
                value,
            });
        }
    }
    operations
}

/// Puts the responses that operations share in their places.
fn resolve(document: &Value, operation: &mut Value) {
    for response in operation["responses"].as_object_mut().unwrap().values_mut() {
        if let Some(shared) = response["$ref"].as_str() {
            *response = document
                .pointer(shared.trim_start_matches('#'))
                .unwrap()
                .clone();
        }
    }
}

/// Every value in a document, with the path to it.
pub(crate) fn walk(value: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, value)| walk(value, &format!("{path}/{key}"), visit)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, value)| walk(value, &format!("{path}/{at}"), visit)),
        _ => {}
    }
}

#[test]
fn the_committed_documents_are_the_generated_ones() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi");
    for (name, generated) in [
        ("karya.json", karya::spec::json()),
        ("karya-3.0.json", karya::spec::json_3_0()),
        ("karya-webhooks.json", karya::spec::webhooks_json()),
    ] {
        let committed = std::fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
        assert!(
            committed == generated.unwrap(),
            "{name}: run `cargo run -- openapi --output openapi/karya.json` and look at the diff"
        );
    }
}

#[test]
fn the_error_catalogue_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == karya::spec::errors_markdown(),
        "run `cargo run -- openapi --errors docs/errors.md`"
    );
}

#[test]
fn the_document_holds_nothing_that_breaks_generators() {
    let mut faults = Vec::new();
    walk(&document(), "", &mut |path, value| {
        if let Value::Object(members) = value {
            for key in ["oneOf", "anyOf", "discriminator"] {
                if members.contains_key(key) {
                    faults.push(format!("{path} has {key}"));
                }
            }
            let null = |kind: &Value| {
                kind.as_array()
                    .is_some_and(|kinds| kinds.contains(&json!("null")))
            };
            if members.get("type").is_some_and(null) {
                faults.push(format!("{path} is a nullable union"));
            }
            let parameters = members.get("parameters").and_then(Value::as_array);
            let mut seen = std::collections::HashSet::new();
            for parameter in parameters.into_iter().flatten() {
                if !seen.insert((&parameter["in"], &parameter["name"])) {
                    faults.push(format!("{path} names {} twice", parameter["name"]));
                }
            }
        }
    });
    let document = document();
    assert!(
        !document["info"]["license"]["identifier"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        if name.contains('_') || name.contains('<') {
            faults.push(format!("schema {name} looks generic"));
        }
    }
    assert_eq!(faults, [] as [String; 0]);
}

#[test]
fn every_operation_is_described() {
    let mut faults = Vec::new();
    let mut ids = BTreeMap::new();
    for operation in operations() {
        let Operation {
            id,
            value,
            template,
            ..
        } = &operation;
        *ids.entry(id.clone()).or_insert(0) += 1;
        for key in ["summary", "tags"] {
            if value[key].is_null() {
                faults.push(format!("{id} has no {key}"));
            }
        }
        let documented = value["parameters"]
            .as_array()
            .map_or(0, |all| all.iter().filter(|p| p["in"] == "path").count());
        if documented != template.matches('{').count() {
            faults.push(format!("{id} does not describe its path parameters"));
        }
        for (status, response) in value["responses"].as_object().unwrap() {
            let kinds: Vec<&str> = response["content"]
                .as_object()
                .map(|c| c.keys().map(String::as_str).collect())
                .unwrap_or_default();
            let is_problem = status.starts_with(['4', '5']) && !id.starts_with("get_readiness");
            if is_problem && kinds != ["application/problem+json"] {
                faults.push(format!("{id} {status} is {kinds:?}"));
            }
        }
    }
    faults.extend(
        ids.into_iter()
            .filter(|(_, count)| *count > 1)
            .map(|(id, _)| format!("{id} is not unique")),
    );
    assert_eq!(faults, [] as [String; 0]);
}

#[test]
fn codes_are_unique_and_speak_both_languages() {
    let codes = karya::error_codes();
    let unique: BTreeSet<&str> = codes.iter().map(|code| code.code).collect();
    assert_eq!(unique.len(), codes.len());
    for code in codes {
        assert!(
            code.code.split('.').count() == 2
                && code
                    .code
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'_' | b'.')),
            "{}",
            code.code
        );
        for words in [code.title, code.fix] {
            assert!(
                !words.id.is_empty() && !words.en.is_empty() && words.id != words.en,
                "{}",
                code.code
            );
        }
    }
}

/// The codes that the descriptions of the responses name.
#[test]
fn every_code_in_the_document_exists() {
    let known: BTreeSet<&str> = karya::error_codes().iter().map(|code| code.code).collect();
    for operation in operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            for code in response["description"]
                .as_str()
                .unwrap()
                .split('`')
                .skip(1)
                .step_by(2)
            {
                let kind = karya::error_codes()
                    .into_iter()
                    .find(|known| known.code == code)
                    .map(|code| code.kind);
                let expected =
                    kind.map(|kind| karya_web::problem::status_of(kind).as_u16().to_string());
                assert!(
                    known.contains(code) && expected.as_deref() == Some(status),
                    "{} {status} {code}",
                    operation.id
                );
            }
        }
    }
}

pub(crate) async fn call(client: &Client<'_>, operation: &Operation) -> crate::harness::Reply {
    let has_body = !operation.value["requestBody"].is_null();
    let content_type = has_body.then_some("application/json");
    client
        .send(
            operation.method.clone(),
            &operation.path,
            content_type,
            b"{}".to_vec(),
        )
        .await
}

#[actix_web::test]
async fn only_listed_operations_serve_strangers() {
    let app = TestApp::new().await;
    let known: BTreeSet<String> = operations()
        .iter()
        .map(|operation| operation.id.clone())
        .collect();
    for listed in karya::spec::PUBLIC {
        assert!(
            known.contains(listed),
            "{listed} is listed as public and does not exist"
        );
    }
    for operation in operations() {
        let reply = call(&app.anon(), &operation).await;
        let public = karya::spec::PUBLIC.contains(&operation.id.as_str());
        if public {
            let expected_401 = operation.id == "refresh_tokens" || operation.id == "login";
            assert!(reply.status != 401 || expected_401, "{}", operation.id);
        } else {
            reply.refused(401, "auth.unauthenticated");
            let ways = operation.value["security"].as_array().unwrap();
            assert!(
                ways.contains(&json!({ "bearer": [] })) && !ways.contains(&json!({})),
                "{}",
                operation.id
            );
        }
        // A bad token is refused even where none is needed, if the operation looks at it.
        let forged = call(
            &app.anon().with_token("eyJhbGciOiJub25lIn0.e30."),
            &operation,
        )
        .await;
        assert!(forged.status.as_u16() < 500, "{}", operation.id);
    }
}

#[actix_web::test]
async fn whose_account_closes_may_look_and_take_it_back_and_no_more() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await.with("if-match", "\"1\"");
    sari.post("/v1/me/deletion", json!({})).await.ok(202);
    let open = karya::spec::OPEN_WHILE_CLOSING;
    for listed in open {
        assert!(
            operations().iter().any(|operation| operation.id == listed),
            "{listed}"
        );
    }
    for operation in operations() {
        if karya::spec::PUBLIC.contains(&operation.id.as_str()) {
            continue;
        }
        if !open.contains(&operation.id.as_str()) {
            let reply = call(&sari, &operation).await;
            reply.refused(403, "auth.account_closing");
            let told = operation.value["responses"]["403"]["description"].as_str();
            assert!(
                told.unwrap().contains("auth.account_closing"),
                "{}",
                operation.id
            );
        } else if operation.method == Method::GET {
            let reply = call(&sari, &operation).await;
            assert!(
                [200, 404].contains(&reply.status.as_u16()),
                "{}",
                operation.id
            );
        }
    }
}

#[actix_web::test]
async fn no_garbage_makes_an_operation_fail() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await.with("if-match", "\"1\"");
    let bodies: [&[u8]; 8] = [
        b"{}",
        b"[]",
        b"null",
        b"\"x\"",
        b"{",
        b"\xff",
        br#"{"name":{"name":{}}}"#,
        br#"{"email":"\u0000","password":"\ud800"}"#,
    ];
    for operation in operations() {
        for body in bodies {
            for content_type in [Some("application/json"), Some("text/plain"), None] {
                let reply = sari
                    .send(
                        operation.method.clone(),
                        &operation.path,
                        content_type,
                        body.to_vec(),
                    )
                    .await;
                assert!(
                    reply.status.as_u16() < 500,
                    "{} {:?} {}",
                    operation.id,
                    String::from_utf8_lossy(body),
                    reply.text()
                );
                if reply.status.is_client_error() {
                    assert_eq!(
                        reply.header("content-type"),
                        Some("application/problem+json"),
                        "{}",
                        operation.id
                    );
                }
            }
        }
        for query in ["?limit=x", "?cursor=%00", "?x=%ff%fe", "?update_mask=%00"] {
            let reply = sari
                .send(
                    operation.method.clone(),
                    &format!("{}{query}", operation.path),
                    None,
                    Vec::new(),
                )
                .await;
            assert!(
                reply.status.as_u16() < 500,
                "{} {query} {}",
                operation.id,
                reply.text()
            );
        }
    }
}

#[actix_web::test]
async fn what_is_no_page_size_is_refused_by_every_list() {
    let app = TestApp::new().await;
    // Staff may read the lists of staff.
    let admin = app.staff("admin", karya_core::Role::Admin).await;
    let mut lists = 0;
    for operation in operations() {
        let mut parameters = operation.value["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        let Some(limit) = parameters.find(|one| one["in"] == "query" && one["name"] == "limit")
        else {
            continue;
        };
        let most = limit["schema"]["maximum"].as_u64().unwrap();
        lists += 1;
        for limit in [
            "0",
            "-1",
            "-0",
            &(most + 1).to_string(),
            "2147483648",
            "9223372036854775808",
            "NaN",
            "1e1",
            "1.5",
            "",
            "%00",
            "0x10",
            "%F0%9D%9F%93",
        ] {
            let path = format!("{}?limit={limit}", operation.path);
            let reply = admin
                .send(operation.method.clone(), &path, None, Vec::new())
                .await;
            reply.refused(400, "request.invalid_query");
        }
    }
    assert!(lists >= 18, "{lists}");
}
