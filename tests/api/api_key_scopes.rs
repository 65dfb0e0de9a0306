//! What keys may do: exactly what the table of scopes says, tried with every scope on every operation.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::Duration;
use karya::scopes::SCOPES;
use karya_core::Scope;
use serde_json::json;

use crate::contract::{Operation, call, operations};
use crate::harness::{Client, Reply, TestApp, noon};

/// A program with one scope, or with none.
async fn program<'a>(app: &'a TestApp, name: &str, scope: Option<Scope>) -> Client<'a> {
    let owner = app.user(name).await;
    let scopes = [scope.map_or("profile:read", Scope::as_str)];
    let expires_at = (noon() + Duration::days(1)).to_rfc3339();
    let body = json!({ "name": "Uji", "scopes": scopes, "expires_at": expires_at });
    let made = owner.post("/v1/me/api-keys", body).await.ok(201);
    if scope.is_none() {
        let id = made["api_key"]["id"].as_str().unwrap();
        let empty = format!("UPDATE api_keys SET scopes = '{{}}' WHERE id = '{id}'");
        app.db.sql().await.batch_execute(&empty).await.unwrap();
    }
    let program = app.anon().with_token(made["key"].as_str().unwrap());
    // From now on the standing is known, so that nothing else is looked at before it.
    program.get("/v1/me").await;
    program
}

/// What a key needs for an operation, as the document says; none: no key may do it.
fn declared(operation: &Operation) -> Option<String> {
    let ways = operation.value["security"].as_array().unwrap();
    let scope = ways.iter().find_map(|way| way["api_key"][0].as_str());
    scope.map(str::to_owned)
}

fn takes_a_token(operation: &Operation) -> bool {
    let ways = operation.value["security"].as_array().unwrap();
    ways.contains(&json!({ "bearer": [] }))
}

fn code(reply: &Reply) -> String {
    if reply.status.is_success() || reply.body.is_empty() {
        return String::new();
    }
    reply.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn each_scope_opens_what_the_document_says_and_nothing_else() {
    let app = TestApp::new().await;
    let mut programs = vec![(None, program(&app, "none", None).await)];
    for (at, scope) in Scope::ALL.iter().enumerate() {
        let program = program(&app, &format!("program{at}"), Some(*scope)).await;
        programs.push((Some(scope.to_string()), program));
    }
    let mut faults = Vec::new();
    for operation in operations().iter().filter(|one| takes_a_token(one)) {
        let needed = declared(operation);
        for (scope, program) in &programs {
            let reply = call(program, operation).await;
            let code = code(&reply);
            let expected = match &needed {
                None => "auth.api_key_not_accepted",
                Some(_) if *scope != needed => "auth.scope_required",
                Some(_) => "",
            };
            let as_declared = match expected {
                "" => !matches!(
                    code.as_str(),
                    "auth.unauthenticated" | "auth.scope_required" | "auth.api_key_not_accepted"
                ),
                _ => reply.status == 403 && code == expected,
            };
            if !as_declared {
                faults.push(format!("{} with {scope:?}: {code}", operation.id));
            }
            if let ("auth.scope_required", Some(needed)) = (expected, &needed) {
                let names_it = reply.text().contains(&format!("`{needed}`"))
                    && reply.header("www-authenticate").is_some_and(|challenge| {
                        challenge
                            .ends_with(&format!(r#"error="insufficient_scope", scope="{needed}""#))
                    });
                if !names_it {
                    faults.push(format!("{} does not name {needed}", operation.id));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[actix_web::test]
async fn what_needs_no_token_is_open_to_a_key_without_scopes() {
    let app = TestApp::new().await;
    let program = program(&app, "sari", None).await;
    for operation in operations().iter().filter(|one| !takes_a_token(one)) {
        let reply = call(&program, operation).await;
        let code = code(&reply);
        assert!(
            !code.starts_with("auth.scope") && code != "auth.api_key_not_accepted",
            "{} {code}",
            operation.id
        );
    }
}

/// The table is the document: every operation in it once, reads under `:read`, everything else under `:write`.
#[test]
fn the_vocabulary_follows_from_the_operations() {
    let mut scopes = BTreeMap::new();
    for (scope, operations) in SCOPES {
        for id in operations {
            assert!(scopes.insert(*id, scope).is_none(), "{id} twice");
        }
    }
    let listed: Vec<Scope> = SCOPES.iter().map(|(scope, _)| *scope).collect();
    assert_eq!(listed, Scope::ALL);
    for operation in operations() {
        let scope = scopes.remove(operation.id.as_str());
        assert_eq!(
            declared(&operation),
            scope.map(|scope| scope.to_string()),
            "{}",
            operation.id
        );
        if let Some(scope) = scope {
            let reads = scope.as_str().ends_with(":read");
            assert_eq!(reads, operation.method == Method::GET, "{}", operation.id);
        }
    }
    assert!(scopes.is_empty(), "{scopes:?}");
}

/// Whatever is listed here is never for programs, whoever adds to the table.
#[test]
fn no_scope_opens_what_protects_the_account() {
    let guarded = [
        "/v1/auth/",
        "/v1/me/api-keys",
        "/v1/me/consents",
        "/v1/me/data-exports",
        "/v1/me/email-change",
        "/v1/me/factors",
        "/v1/me/passkeys",
        "/v1/me/password",
        "/v1/me/recovery-codes",
        "/v1/me/security-events",
        "/v1/me/sessions",
        "/v1/blocks",
        "/v1/mentor-applications",
        "/v1/booking-disputes",
        "/v1/webhooks",
    ];
    for operation in operations() {
        let asks_again = operation.value["responses"]["403"]["description"]
            .as_str()
            .is_some_and(|codes| codes.contains("auth.step_up_required"));
        let is_guarded = guarded
            .iter()
            .any(|start| operation.path.starts_with(start));
        if asks_again || is_guarded {
            assert_eq!(declared(&operation), None, "{}", operation.id);
        }
    }
}
