//! What is sent and answered, as it looks: the examples of the document, all of them in `examples.json`.
//!
//! A test sends every request to the demo and looks whether the replies still look like this.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, RefOr, Response};

const FILE: &str = include_str!("examples.json");

/// Operations whose reply is no example of anything but itself.
const SELF_EXPLANATORY: [&str; 1] = ["get_openapi"];

/// One use of an operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The body that is sent, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// The body that is answered, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

/// The examples by `operationId`.
pub fn all() -> Result<BTreeMap<String, Example>, serde_json::Error> {
    serde_json::from_str(FILE)
}

/// Puts the examples of an operation, which it takes out of `examples`, into its place; says what is missing.
pub(super) fn add(
    operation: &mut Operation,
    examples: &mut BTreeMap<String, Example>,
    faults: &mut Vec<String>,
) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let Example { request, response } = examples.remove(&id).unwrap_or_default();
    let mut place = |what: &str, example: Option<Value>, contents: Vec<&mut Content>| {
        if contents.is_empty() != example.is_none() && !SELF_EXPLANATORY.contains(&id.as_str()) {
            let fault = if example.is_none() { "lacks" } else { "has no" };
            faults.push(format!("{id} {fault} {what}"));
        }
        for content in contents {
            content.example.clone_from(&example);
        }
    };
    let asked = match &mut operation.request_body {
        Some(RefOr::T(body)) => json(&mut body.content),
        _ => Vec::new(),
    };
    place("an example of its request body", request, asked);
    let responses = &mut operation.responses.responses;
    let answered = responses
        .iter_mut()
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| match response {
            RefOr::T(Response { content, .. }) => Some(content),
            RefOr::Ref(_) => None,
        })
        .flat_map(json)
        .collect();
    place("an example of its reply", response, answered);
}

/// The JSON among some contents. Files show nothing that one could read.
fn json<'a>(
    contents: impl IntoIterator<Item = (&'a String, &'a mut RefOr<Content>)>,
) -> Vec<&'a mut Content> {
    contents
        .into_iter()
        .filter(|(kind, _)| kind.ends_with("json"))
        .filter_map(|(_, content)| match content {
            RefOr::T(content) => Some(content),
            RefOr::Ref(_) => None,
        })
        .collect()
}
