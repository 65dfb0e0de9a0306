//! The schemas of the document, closed: what is not in them must not be answered.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::contract::walk;

pub(super) struct Schemas {
    components: Value,
    compiled: RefCell<BTreeMap<String, Validator>>,
}

impl Schemas {
    pub(super) fn new(document: &Value) -> Self {
        let mut components = json!({ "schemas": document["components"]["schemas"] });
        let mut parts = Vec::new();
        walk(&components, "", &mut |path, value| {
            if let Some(part) = value["$ref"].as_str().filter(|_| path.contains("/allOf/")) {
                parts.push(part.trim_start_matches("#/components/schemas/").to_owned());
            }
        });
        for (name, schema) in components["schemas"].as_object_mut().unwrap() {
            let (whole, composed) = (!parts.contains(name), schema["allOf"].is_array());
            if whole && (composed || schema["properties"].is_object()) {
                schema["unevaluatedProperties"] = json!(false);
            }
        }
        Self {
            components,
            compiled: RefCell::default(),
        }
    }

    /// That a reply is as the document says.
    pub(super) fn check(&self, id: &str, operation: &Value, status: u16, answer: Option<&Value>) {
        let response = &operation["responses"][status.to_string()];
        assert!(
            response.is_object(),
            "{id}: {status} is not in the document"
        );
        let schema = &response["content"]["application/json"]["schema"];
        let Some(answer) = answer else { return };
        assert!(schema.is_object(), "{id} {status}: no JSON in the document");
        self.validate(&format!("{id} {status}"), schema, answer);
    }

    pub(super) fn validate(&self, what: &str, schema: &Value, instance: &Value) {
        let mut compiled = self.compiled.borrow_mut();
        let validator = compiled.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = schema.clone();
            whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            whole["components"] = self.components.clone();
            jsonschema::options()
                .should_validate_formats(true)
                .build(&whole)
                .unwrap_or_else(|error| panic!("{what}: {error}"))
        });
        let faults: Vec<String> = validator
            .iter_errors(instance)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{what}: {faults:?}\n{instance:#}");
    }
}
