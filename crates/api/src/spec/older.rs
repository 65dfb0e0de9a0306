//! The document in OpenAPI 3.0.3, for generators that read nothing newer.

use serde_json::{Map, Value, json};

/// What 3.0 has no word for, and where it stands.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("OpenAPI 3.0 cannot say this: {0}")]
pub struct Untranslatable(String);

/// Keywords of schemas that both versions know and mean alike.
const ALIKE: [&str; 22] = [
    "allOf",
    "additionalProperties",
    "default",
    "deprecated",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "readOnly",
    "required",
    "title",
    "type",
    "writeOnly",
];

/// Translates an OpenAPI 3.1 document that keeps our rules: no unions, no null.
pub fn v3_0(document: &Value) -> Result<Value, Untranslatable> {
    let mut document = document.clone();
    node(&mut document, "")?;
    if let Some(members) = document.as_object_mut() {
        members.insert("openapi".into(), json!("3.0.3"));
    }
    let license = document.pointer_mut("/info/license");
    if let Some(license) = license.and_then(Value::as_object_mut)
        && let Some(Value::String(id)) = license.remove("identifier")
    {
        let url = format!("https://spdx.org/licenses/{id}.html");
        license.insert("url".into(), url.into());
    }
    Ok(document)
}

/// Whatever is no schema itself.
fn node(value: &mut Value, at: &str) -> Result<(), Untranslatable> {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{name}");
                match name.as_str() {
                    "example" | "examples" => {}
                    "schema" => schema(member, &at)?,
                    "schemas" => each(member, &at)?,
                    "security" => without_roles(member),
                    _ => node(member, &at)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| node(item, at)),
        _ => Ok(()),
    }
}

/// Roles are of 3.1; what they are is in the description of the scheme and of the refusal.
fn without_roles(requirements: &mut Value) {
    let all = requirements.as_array_mut().into_iter().flatten();
    for requirement in all.filter_map(Value::as_object_mut) {
        requirement
            .values_mut()
            .for_each(|roles| *roles = json!([]));
    }
}

/// Schemas by name.
fn each(members: &mut Value, at: &str) -> Result<(), Untranslatable> {
    let members = members.as_object_mut().into_iter().flatten();
    for (name, member) in members {
        schema(member, &format!("{at}/{name}"))?;
    }
    Ok(())
}

fn schema(value: &mut Value, at: &str) -> Result<(), Untranslatable> {
    let Value::Object(members) = value else {
        return Ok(());
    };
    if members.contains_key("$ref") {
        refer(members);
        return Ok(());
    }
    // It says what the keys of a map are like; without it they are any text.
    members.remove("propertyNames");
    if let Some(Value::Array(mut examples)) = members.remove("examples")
        && !examples.is_empty()
    {
        members.insert("example".into(), examples.swap_remove(0));
    }
    if let Some(only) = members.remove("const") {
        members.insert("enum".into(), json!([only]));
    }
    for (strict, bound) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if let Some(limit) = members.remove(strict) {
            members.insert(bound.into(), limit);
            members.insert(strict.into(), json!(true));
        }
    }
    for (name, member) in members.iter_mut() {
        let at = format!("{at}/{name}");
        match name.as_str() {
            "items" | "additionalProperties" => schema(member, &at)?,
            "properties" => each(member, &at)?,
            "allOf" => {
                let mut parts = member.as_array_mut().into_iter().flatten();
                parts.try_for_each(|part| schema(part, &at))?;
            }
            "type" if !member.is_string() => return Err(Untranslatable(at)),
            "exclusiveMinimum" | "exclusiveMaximum" => {}
            known if ALIKE.contains(&known) || known.starts_with("x-") => {}
            _ => return Err(Untranslatable(at)),
        }
    }
    Ok(())
}

/// Beside a reference nothing counts in 3.0, so what stands there is put around it.
fn refer(members: &mut Map<String, Value>) {
    if members.len() > 1
        && let Some(reference) = members.remove("$ref")
    {
        members.insert("allOf".into(), json!([{ "$ref": reference }]));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::v3_0;

    fn schema(schema: &Value) -> Result<Value, super::Untranslatable> {
        let document = json!({ "components": { "schemas": { "A": schema } } });
        v3_0(&document).map(|document| document["components"]["schemas"]["A"].clone())
    }

    #[test]
    fn what_3_0_says_otherwise_is_said_otherwise() {
        for (new, old) in [
            (
                json!({ "type": "string", "examples": ["a", "b"] }),
                json!({ "type": "string", "example": "a" }),
            ),
            (json!({ "const": "a" }), json!({ "enum": ["a"] })),
            (
                json!({ "type": "integer", "exclusiveMinimum": 0 }),
                json!({ "type": "integer", "minimum": 0, "exclusiveMinimum": true }),
            ),
            (
                json!({ "properties": { "examples": { "$ref": "#/x", "description": "y" } } }),
                json!({ "properties": { "examples": { "allOf": [{ "$ref": "#/x" }], "description": "y" } } }),
            ),
            (
                json!({ "type": "object", "propertyNames": { "maxLength": 40 } }),
                json!({ "type": "object" }),
            ),
            (json!({ "$ref": "#/x" }), json!({ "$ref": "#/x" })),
        ] {
            assert_eq!(schema(&new), Ok(old));
        }
    }

    #[test]
    fn what_3_0_cannot_say_is_refused() {
        for new in [
            json!({ "type": ["string", "null"] }),
            json!({ "oneOf": [] }),
            json!({ "items": { "prefixItems": [] } }),
        ] {
            assert!(schema(&new).is_err(), "{new}");
        }
    }

    #[test]
    fn a_scheme_is_named_without_roles() {
        let of = |roles| json!({ "get": { "security": [{ "api_key": roles }] } });
        assert_eq!(
            v3_0(&json!({ "paths": of(json!(["a:read"])) })).unwrap()["paths"],
            of(json!([]))
        );
    }

    #[test]
    fn the_licence_has_an_address_instead_of_an_identifier() {
        let license = json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" });
        let document = v3_0(&json!({ "openapi": "3.1.0", "info": { "license": license } }));
        assert_eq!(
            document,
            Ok(json!({
                "openapi": "3.0.3",
                "info": { "license": { "name": "Apache-2.0", "url": "https://spdx.org/licenses/Apache-2.0.html" } },
            }))
        );
    }
}
