//! What a 412 shows: the problem, and what the thing is now.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{Components, Content, ObjectBuilder, Ref, RefOr, Response, Schema, Type};

/// Gives the 412s of a path a schema of their own, with a member `current` of the type that the operation answers with,
/// or, where it answers with nothing, the others of the path do.
pub(super) fn show_current(item: &mut PathItem, components: &mut Components) {
    let mut operations = [
        &mut item.get,
        &mut item.patch,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
    ];
    let of_path = operations
        .iter()
        .filter_map(|operation| operation.as_ref())
        .find_map(view);
    for operation in operations.iter_mut().filter_map(|one| one.as_mut()) {
        let Some(view) = view(operation).or_else(|| of_path.clone()) else {
            continue;
        };
        if let Some(RefOr::T(refusal)) = operation.responses.responses.get_mut("412") {
            let name = format!("Stale{}", view.trim_end_matches("View"));
            components
                .schemas
                .entry(name.clone())
                .or_insert_with(|| RefOr::T(stale(&view)));
            for content in refusal.content.values_mut() {
                *content = RefOr::T(Content::new(Some(Ref::from_schema_name(&name))));
            }
        }
    }
}

/// The name of what an operation answers with.
fn view(operation: &Operation) -> Option<String> {
    let answers = ["200", "201"]
        .iter()
        .filter_map(|status| operation.responses.responses.get(*status));
    answers
        .filter_map(|answer| match answer {
            RefOr::T(Response { content, .. }) => content.get("application/json"),
            RefOr::Ref(_) => None,
        })
        .find_map(|content| match content {
            RefOr::T(Content {
                schema: Some(RefOr::Ref(schema)),
                ..
            }) => schema.ref_location.rsplit('/').next().map(str::to_owned),
            _ => None,
        })
}

fn stale(view: &str) -> Schema {
    let mut current = Ref::from_schema_name(view);
    current.description =
        "What it is now, with its `version`: merge, and try again with that. Absent if it has gone."
            .into();
    AllOfBuilder::new()
        .item(Ref::from_schema_name("ProblemBody"))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .property("current", current),
        )
        .description(Some(
            "Somebody was faster: the problem, and what they made of it.",
        ))
        .into()
}
