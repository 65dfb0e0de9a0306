//! What the document says of every value, and that it takes nothing from clients of the last release. The linters of
//! `openapi/check.sh` say more; what generators stumble over is here, where no tool needs to be installed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contract::{document, walk};

/// What `fault` finds in the schemas of the document, of which examples are no part.
fn faults(fault: impl Fn(&str, &Value) -> Option<&'static str>) -> Vec<String> {
    let mut found = Vec::new();
    walk(&document(), "", &mut |path, value| {
        let in_example = path.contains("/example");
        if let Some(what) = Some(value)
            .filter(|_| !in_example)
            .and_then(|value| fault(path, value))
        {
            found.push(format!("{path} {what}"));
        }
    });
    found
}

const NONE: [String; 0] = [];

#[test]
fn the_last_release_is_kept() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/released.json");
    let released = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(
        karya::spec::changes::breaking(&released, &document()),
        NONE,
        "apps in people's pockets break: add instead, see CONTRIBUTING.md"
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let found = faults(|_, value| {
        let location = value["$ref"].as_str()?;
        let target = document.pointer(location.strip_prefix('#')?);
        target.is_none().then_some("is not there")
    });
    assert_eq!(found, NONE);
}

#[test]
fn every_value_has_bounds() {
    let found = faults(|_, value| {
        let has = |key: &str| !value[key].is_null();
        match value["type"].as_str()? {
            "string" if !has("maxLength") && !has("enum") => Some("has no maxLength"),
            "array" if !has("maxItems") => Some("has no maxItems"),
            "integer" if !has("format") => Some("has no format"),
            "integer" if !has("minimum") || !has("maximum") => Some("has no minimum and maximum"),
            _ => None,
        }
    });
    assert_eq!(found, NONE);
}

#[test]
fn every_object_has_a_name_of_its_own() {
    let found = faults(|path, value| {
        let named = path
            .strip_prefix("/components/schemas/")
            .is_some_and(|name| !name.contains('/') || name.contains("/allOf/"));
        (value["properties"].is_object() && value["type"] == "object" && !named)
            .then_some("is an object without a name")
    });
    assert_eq!(found, NONE);
}

#[test]
fn enumerations_are_written_as_they_are_sent() {
    // The name of a currency and those of time zones are of other standards; a scope and the type of
    // an event have two parts.
    let foreign = [
        "/components/schemas/Currency",
        "/components/schemas/Scope",
        "/components/schemas/EventType",
        "/components/schemas/Timezone",
    ];
    let found = faults(|path, value| {
        let values = value["enum"].as_array()?;
        let snake = |value: &Value| {
            value.as_str().is_some_and(|text| {
                text.bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            })
        };
        (!foreign.contains(&path) && !values.iter().all(snake)).then_some("is not lower_snake")
    });
    assert_eq!(found, NONE);
}

#[test]
fn everything_is_explained() {
    let document = document();
    let tags: Vec<&Value> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|tag| tag["description"].is_string())
        .map(|tag| &tag["name"])
        .collect();
    let found = faults(|path, value| {
        let place: Vec<&str> = path.rsplit('/').collect();
        let told = value["description"].is_string();
        match place.as_slice() {
            [_, "parameters", ..] if value["in"].is_string() && !told => Some("is not explained"),
            [_, _, "paths", ""] if value["operationId"].is_string() => {
                let listed = value["tags"]
                    .as_array()
                    .is_some_and(|named| named.iter().all(|tag| tags.contains(&tag)));
                (!told || !listed || !value["security"].is_array()).then_some(
                    "has no description, an unknown tag, or does not say who may call it",
                )
            }
            _ => None,
        }
    });
    assert_eq!(found, NONE);
}

/// Codes that no operation lists: answers to what is no operation. This list only shrinks.
const UNLISTED: [&str; 1] = ["request.method_not_allowed"];

#[test]
fn every_code_stands_where_it_can_happen() {
    let mut listed = BTreeSet::new();
    walk(&document(), "", &mut |path, value| {
        if let Some(words) = value.as_str().filter(|_| path.contains("/responses/")) {
            listed.extend(words.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    });
    let missing: Vec<&str> = karya::error_codes()
        .into_iter()
        .map(|code| code.code)
        .filter(|code| !listed.contains(*code))
        .collect();
    assert_eq!(missing, UNLISTED);
}

#[test]
fn what_has_a_next_page_takes_a_cursor() {
    let document = document();
    let mut lists = 0;
    for item in document["paths"].as_object().unwrap().values() {
        let operation = &item["get"];
        let id = operation["operationId"].as_str().unwrap_or_default();
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let Some(location) = schema["$ref"].as_str() else {
            continue;
        };
        let page = document.pointer(location.trim_start_matches('#')).unwrap();
        if page["properties"]["next_cursor"].is_null() {
            continue;
        }
        lists += 1;
        for name in ["limit", "cursor"] {
            let mut all = operation["parameters"].as_array().unwrap().iter();
            assert!(all.any(|one| one["name"] == name), "{id} has no {name}");
        }
    }
    assert!(lists >= 18, "{lists}");
}
