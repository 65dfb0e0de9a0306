//! What a change of the document takes away from clients that are out there.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// What breaks a client of `old` when it meets a server of `new`; nothing: only additions. Both are OpenAPI documents.
///
/// Enumerations may grow and limits of replies may change: clients are told to expect it. What breaks is whatever a
/// client sends or reads that is gone, has another type, or is newly demanded of it.
#[must_use]
pub fn breaking(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        old,
        new,
        found: Vec::new(),
        seen: HashSet::new(),
    };
    comparison.paths();
    comparison.found
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    /// From client to server.
    Sent,
    /// From server to client.
    Received,
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<String>,
    /// Pairs of named schemas that were compared already; they may refer to themselves.
    seen: HashSet<(String, String, Way)>,
}

impl<'a> Comparison<'a> {
    fn paths(&mut self) {
        let (old, new) = (self.old, self.new);
        for (path, item) in members(&old["paths"]) {
            for (method, before) in members(item) {
                let at = format!("{} {path}", method.to_uppercase());
                match new["paths"].get(path).and_then(|item| item.get(method)) {
                    None => self.found.push(format!("{at} is gone")),
                    Some(after) => self.operation(&at, before, after),
                }
            }
        }
    }

    fn operation(&mut self, at: &str, before: &'a Value, after: &'a Value) {
        if before["operationId"] != after["operationId"] {
            self.say(at, "has another operationId: clients' method names");
        }
        if is_open(before) && !is_open(after) {
            self.say(at, "now needs a token");
        }
        self.parameters(at, before, after);
        self.body(at, &before["requestBody"], &after["requestBody"]);
        for (status, was) in members(&before["responses"]) {
            if !status.starts_with('2') {
                continue;
            }
            let at = format!("{at} {status}");
            match after["responses"].get(status) {
                None => self.say(&at, "is gone"),
                Some(is) => {
                    let (was, is) = (resolve(self.old, was), resolve(self.new, is));
                    self.contents(&at, &was["content"], &is["content"], Way::Received);
                }
            }
        }
    }

    fn parameters(&mut self, at: &str, before: &'a Value, after: &'a Value) {
        let (old, new) = (parameters(self.old, before), parameters(self.new, after));
        for was in &old {
            let at = format!("{at} {} parameter {}", text(&was["in"]), text(&was["name"]));
            match new.iter().find(|is| same_parameter(was, is)) {
                None => self.say(&at, "is gone"),
                Some(is) => {
                    if was["required"] != true && is["required"] == true {
                        self.say(&at, "is now required");
                    }
                    self.schema(&at, &was["schema"], &is["schema"], Way::Sent);
                }
            }
        }
        for is in new {
            if is["required"] == true && !old.iter().any(|was| same_parameter(was, is)) {
                self.say(
                    at,
                    &format!("newly requires parameter {}", text(&is["name"])),
                );
            }
        }
    }

    fn body(&mut self, at: &str, was: &'a Value, is: &'a Value) {
        let at = format!("{at} body");
        if was["required"] != true && is["required"] == true {
            self.say(&at, "is now required");
        }
        if !was.is_null() && is.is_null() {
            self.say(&at, "is gone");
        } else {
            self.contents(&at, &was["content"], &is["content"], Way::Sent);
        }
    }

    fn contents(&mut self, at: &str, was: &'a Value, is: &'a Value, way: Way) {
        for (kind, content) in members(was) {
            match is.get(kind) {
                None => self.say(at, &format!("has no {kind} any more")),
                Some(now) => self.schema(at, &content["schema"], &now["schema"], way),
            }
        }
    }

    fn schema(&mut self, at: &str, was: &'a Value, is: &'a Value, way: Way) {
        if let (Some(before), Some(after)) = (was["$ref"].as_str(), is["$ref"].as_str()) {
            if before != after {
                self.say(at, &format!("has another name: {before}, now {after}"));
            }
            if !self.seen.insert((before.into(), after.into(), way)) {
                return;
            }
        }
        let (was, is) = (resolve(self.old, was), resolve(self.new, is));
        for key in ["type", "format"] {
            if was[key] != is[key] {
                self.say(
                    at,
                    &format!("has another {key}: {}, now {}", was[key], is[key]),
                );
            }
        }
        self.enumeration(at, &was["enum"], &is["enum"], way);
        if way == Way::Sent {
            self.limits(at, was, is);
        }
        self.properties(at, was, is, way);
        for key in ["items", "additionalProperties"] {
            if was[key].is_object() && is[key].is_object() {
                self.schema(&format!("{at}/{key}"), &was[key], &is[key], way);
            }
        }
    }

    fn enumeration(&mut self, at: &str, was: &Value, is: &Value, way: Way) {
        let Some(allowed) = is.as_array() else { return };
        if was.is_null() && way == Way::Sent {
            self.say(at, "takes listed values only");
        }
        for value in was.as_array().into_iter().flatten() {
            if !allowed.contains(value) {
                self.say(at, &format!("has lost the value {value}"));
            }
        }
    }

    fn limits(&mut self, at: &str, was: &Value, is: &Value) {
        let narrower_above = |was: f64, is: f64| is < was;
        let narrower_below = |was: f64, is: f64| is > was;
        for key in ["maxLength", "maxItems", "maximum", "exclusiveMaximum"] {
            self.limit(at, key, was, is, narrower_above);
        }
        for key in ["minLength", "minItems", "minimum", "exclusiveMinimum"] {
            self.limit(at, key, was, is, narrower_below);
        }
        if !is["pattern"].is_null() && was["pattern"] != is["pattern"] {
            self.say(at, &format!("has another pattern: {}", is["pattern"]));
        }
    }

    fn limit(
        &mut self,
        at: &str,
        key: &str,
        was: &Value,
        is: &Value,
        narrower: fn(f64, f64) -> bool,
    ) {
        let Some(now) = is[key].as_f64() else { return };
        if was[key].as_f64().is_none_or(|before| narrower(before, now)) {
            self.say(at, &format!("is narrower: {key} {}, now {now}", was[key]));
        }
    }

    fn properties(&mut self, at: &str, was: &'a Value, is: &'a Value, way: Way) {
        let (was, is) = (parts(self.old, was), parts(self.new, is));
        for (name, before) in was.iter().flat_map(|part| members(&part["properties"])) {
            let at = format!("{at}/{name}");
            let Some(after) = is.iter().find_map(|part| part["properties"].get(name)) else {
                self.say(&at, "is gone");
                continue;
            };
            if way == Way::Received && demand(&was, name) && !demand(&is, name) {
                self.say(&at, "may now be absent");
            }
            self.schema(&at, before, after, way);
        }
        for (name, _) in is.iter().flat_map(|part| members(&part["properties"])) {
            if way == Way::Sent && demand(&is, name) && !demand(&was, name) {
                self.say(&format!("{at}/{name}"), "is now required");
            }
        }
    }

    fn say(&mut self, at: &str, what: &str) {
        self.found.push(format!("{at} {what}"));
    }
}

fn members(of: &Value) -> impl Iterator<Item = (&String, &Value)> {
    of.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What a reference stands for; anything else as it is.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .and_then(|location| document.pointer(location.trim_start_matches('#')))
        .unwrap_or(value)
}

/// A schema and all that it is made of (`allOf`).
fn parts<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let composed = schema["allOf"].as_array().into_iter().flatten();
    let mut all = vec![schema];
    all.extend(composed.flat_map(|part| parts(document, resolve(document, part))));
    all
}

/// Whether one of the parts requires the member.
fn demand(parts: &[&Value], name: &str) -> bool {
    parts
        .iter()
        .filter_map(|part| part["required"].as_array())
        .flatten()
        .any(|one| one == name)
}

fn parameters<'a>(document: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
    let all = operation["parameters"].as_array();
    all.into_iter()
        .flatten()
        .map(|one| resolve(document, one))
        .collect()
}

fn same_parameter(one: &Value, other: &Value) -> bool {
    one["in"] == other["in"] && one["name"] == other["name"]
}

/// Whether nobody needs to say who they are.
fn is_open(operation: &Value) -> bool {
    let choices = operation["security"].as_array();
    choices.is_none_or(|choices| {
        choices.is_empty()
            || choices
                .iter()
                .any(|choice| members(choice).next().is_none())
    })
}

#[cfg(test)]
mod tests;
