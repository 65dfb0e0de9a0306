use serde_json::{Value, json};

use super::breaking;

fn base() -> Value {
    let reply = |name: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "content": { "application/json": { "schema": schema } } })
    };
    json!({
        "paths": { "/v1/things": {
            "get": {
                "operationId": "list_things", "security": [],
                "parameters": [{
                    "in": "query", "name": "limit",
                    "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 100 },
                }],
                "responses": { "200": reply("Thing") },
            },
            "post": {
                "operationId": "create_thing", "security": [{ "bearer": [] }],
                "requestBody": { "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/CreateThing" } },
                } },
                "responses": { "201": { "$ref": "#/components/responses/Made" }, "409": {} },
            },
        } },
        "components": {
            "responses": { "Made": reply("MadeThing") },
            "schemas": {
                "Thing": {
                    "type": "object", "required": ["id"],
                    "properties": {
                        "id": { "type": "string", "format": "uuid" },
                        "state": { "$ref": "#/components/schemas/State" },
                        "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } },
                    },
                },
                "MadeThing": {
                    "allOf": [
                        { "$ref": "#/components/schemas/Thing" },
                        {
                            "type": "object", "required": ["secret"],
                            "properties": { "secret": { "type": "string" } },
                        },
                    ],
                },
                "CreateThing": {
                    "type": "object", "required": ["name"],
                    "properties": {
                        "name": { "type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[a-z]+$" },
                        "note": { "type": "string" },
                        "tags": { "type": "array", "maxItems": 5, "items": { "type": "string", "maxLength": 9 } },
                    },
                },
                "State": { "type": "string", "enum": ["open", "done"] },
            },
        },
    })
}

const LIST: &str = "/paths/~1v1~1things/get";
const CREATE: &str = "/paths/~1v1~1things/post";
const SENT: &str = "/components/schemas/CreateThing";
const RECEIVED: &str = "/components/schemas/Thing";
const MADE: &str = "/components/schemas/MadeThing/allOf";
const STATE: &str = "/components/schemas/State";

/// The base after setting what is there to a value, or removing it (null).
fn with(parent: &str, member: &str, value: Value) -> Value {
    let mut document = base();
    let parent = document.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(members), Value::Null) => {
            members.remove(member).unwrap();
        }
        (Value::Object(members), value) => {
            members.insert(member.to_owned(), value);
        }
        (Value::Array(items), value) => items.push(value),
        (other, _) => panic!("{other} has no members"),
    }
    document
}

#[test]
fn finds_everything_that_breaks_clients() {
    let name = format!("{SENT}/properties/name");
    let limit = format!("{LIST}/parameters/0/schema");
    let parts = format!("{RECEIVED}/properties/parts");
    let cases = [
        (
            with("/paths", "/v1/things", Value::Null),
            "GET /v1/things is gone",
        ),
        (
            with("/paths/~1v1~1things", "post", Value::Null),
            "POST /v1/things is gone",
        ),
        (
            with(LIST, "operationId", json!("things")),
            "another operationId",
        ),
        (
            with(LIST, "security", json!([{ "bearer": [] }])),
            "now needs a token",
        ),
        (
            with(LIST, "parameters", json!([])),
            "query parameter limit is gone",
        ),
        (
            with(
                &format!("{LIST}/parameters"),
                "",
                json!({ "in": "query", "name": "q", "required": true }),
            ),
            "newly requires parameter q",
        ),
        (
            with(&format!("{LIST}/parameters/0"), "required", json!(true)),
            "limit is now required",
        ),
        (
            with(&limit, "maximum", json!(50)),
            "narrower: maximum 100, now 50",
        ),
        (
            with(&limit, "minimum", json!(2)),
            "narrower: minimum 1, now 2",
        ),
        (with(&limit, "format", json!("int64")), "another format"),
        (with(CREATE, "requestBody", Value::Null), "body is gone"),
        (
            with(&format!("{CREATE}/requestBody"), "required", json!(true)),
            "body is now required",
        ),
        (
            with(
                &format!("{CREATE}/requestBody/content"),
                "application/json",
                Value::Null,
            ),
            "has no application/json any more",
        ),
        (
            with(&format!("{CREATE}/responses"), "201", Value::Null),
            "201 is gone",
        ),
        (
            with(
                "/components/responses/Made/content/application~1json",
                "schema",
                json!({ "$ref": SENT_REF }),
            ),
            "has another name",
        ),
        (
            with(SENT, "required", json!(["name", "note"])),
            "/note is now required",
        ),
        (
            with(&format!("{SENT}/properties"), "note", Value::Null),
            "/note is gone",
        ),
        (
            with(&name, "maxLength", json!(79)),
            "narrower: maxLength 80, now 79",
        ),
        (
            with(&name, "minLength", json!(2)),
            "narrower: minLength 1, now 2",
        ),
        (with(&name, "pattern", json!("^[a-f]+$")), "another pattern"),
        (
            with(&name, "enum", json!(["a"])),
            "takes listed values only",
        ),
        (with(&name, "type", json!("integer")), "another type"),
        (
            with(&format!("{SENT}/properties/note"), "maxLength", json!(9)),
            "narrower: maxLength null, now 9",
        ),
        (
            with(&format!("{SENT}/properties/tags"), "maxItems", json!(4)),
            "narrower: maxItems",
        ),
        (
            with(
                &format!("{SENT}/properties/tags/items"),
                "maxLength",
                json!(8),
            ),
            "tags/items is narrower",
        ),
        (
            with(&format!("{RECEIVED}/properties"), "state", Value::Null),
            "/state is gone",
        ),
        (
            with(RECEIVED, "required", json!([])),
            "/id may now be absent",
        ),
        (
            with(&format!("{RECEIVED}/properties/id"), "format", Value::Null),
            "another format",
        ),
        (
            with(&parts, "items", json!({ "type": "string" })),
            "parts/items has another type",
        ),
        (
            with(&format!("{MADE}/1/properties"), "secret", Value::Null),
            "POST /v1/things 201/secret is gone",
        ),
        (
            with(&format!("{MADE}/1"), "required", json!([])),
            "/secret may now be absent",
        ),
        (
            with(STATE, "enum", json!(["open"])),
            "/state has lost the value \"done\"",
        ),
    ];
    for (new, expected) in cases {
        let found = breaking(&base(), &new);
        assert!(
            found.iter().any(|one| one.contains(expected)),
            "{expected}: {found:?}"
        );
    }
}

const SENT_REF: &str = "#/components/schemas/CreateThing";

#[test]
fn lets_additions_pass() {
    let name = format!("{SENT}/properties/name");
    let cases = [
        base(),
        with(
            "/paths",
            "/v1/others",
            json!({ "get": { "operationId": "list_others" } }),
        ),
        with(
            "/paths/~1v1~1things",
            "delete",
            json!({ "operationId": "delete_things" }),
        ),
        with(
            &format!("{LIST}/parameters"),
            "",
            json!({ "in": "query", "name": "q" }),
        ),
        with(CREATE, "security", json!([])),
        with(&format!("{CREATE}/responses"), "409", Value::Null),
        with(&format!("{CREATE}/responses"), "422", json!({})),
        with(
            &format!("{SENT}/properties"),
            "more",
            json!({ "type": "string", "maxLength": 9 }),
        ),
        with(SENT, "required", json!([])),
        with(&name, "maxLength", json!(81)),
        with(&name, "maxLength", Value::Null),
        with(&name, "minLength", json!(0)),
        with(&name, "pattern", Value::Null),
        with(&name, "description", json!("Its name")),
        with(
            &format!("{RECEIVED}/properties"),
            "more",
            json!({ "type": "string" }),
        ),
        with(RECEIVED, "required", json!(["id", "state"])),
        with(&format!("{RECEIVED}/properties/id"), "maxLength", json!(36)),
        with(STATE, "enum", json!(["open", "done", "gone"])),
    ];
    for new in cases {
        assert_eq!(breaking(&base(), &new), [] as [String; 0], "{new}");
    }
}
