//! Bounds of everything in the document that has none from where it is declared.

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, SchemaType};
use utoipa::openapi::{
    Components, Content, KnownFormat, Object, RefOr, Schema, SchemaFormat, Type,
};
use utoipa::{Number, openapi::Response};

/// The longest items of lists of text, whose bounds cannot be written where the lists are declared.
const TEXT_ITEMS: [(&str, usize); 11] = [
    ("answers", 40),
    ("codes", 29),
    ("expertise", 40),
    ("further_subsectors", 40),
    ("languages", 3),
    ("methods", 40),
    ("redirect_uris", 500),
    ("regions", 13),
    ("scopes", 40),
    ("subsectors", 40),
    ("themes", 100),
];

/// The same of lists of numbers.
const NUMBER_ITEMS: [(&str, isize, isize); 1] = [("durations", 5, 480)];

/// Nothing that is sent or received as a file is longer: the limit of uploads.
const MAX_FILE: usize = karya_mentoring_booking::UPLOAD_LIMITS.max_bytes;

/// The largest integer that JavaScript reads exactly.
const MAX_INT64: isize = 9_007_199_254_740_991;

pub(super) fn complete_components(components: &mut Components) {
    components.schemas.values_mut().for_each(schema);
    components.responses.values_mut().for_each(response);
}

pub(super) fn complete_operation(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(Parameter {
            schema: Some(bare), ..
        }) = parameter
        {
            schema(bare);
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.values_mut().for_each(content);
    }
    operation
        .responses
        .responses
        .values_mut()
        .for_each(response);
}

fn response(response: &mut RefOr<Response>) {
    if let RefOr::T(response) = response {
        response.content.values_mut().for_each(content);
    }
}

fn content(content: &mut RefOr<Content>) {
    if let RefOr::T(Content {
        schema: Some(bare), ..
    }) = content
    {
        schema(bare);
        // Whatever is no JSON is a file.
        if let RefOr::T(Schema::Object(object)) = bare
            && object.schema_type == SchemaType::Type(Type::String)
        {
            object.max_length.get_or_insert(MAX_FILE);
        }
    }
}

fn schema(of: &mut RefOr<Schema>) {
    if let RefOr::T(of) = of {
        bare(of);
    }
}

fn bare(of: &mut Schema) {
    match of {
        Schema::Array(array) => items(&mut array.items),
        Schema::Object(object) => match &object.schema_type {
            SchemaType::Type(Type::String) => text(object),
            SchemaType::Type(Type::Integer) => integer(object),
            _ => members(object),
        },
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(schema),
        // A contract test keeps the others out.
        _ => {}
    }
}

fn items(items: &mut ArrayItems) {
    if let ArrayItems::RefOrSchema(items) = items {
        schema(items);
    }
}

fn members(object: &mut Object) {
    for (name, member) in &mut object.properties {
        if let RefOr::T(Schema::Array(array)) = member
            && let ArrayItems::RefOrSchema(items) = &mut array.items
            && let RefOr::T(Schema::Object(item)) = items.as_mut()
        {
            bound_items(name, item);
        }
        schema(member);
    }
    if let Some(names) = &mut object.property_names
        && let Schema::Object(names) = names.as_mut()
    {
        names.max_length.get_or_insert(40);
    }
    if let Some(values) = &mut object.additional_properties
        && let AdditionalProperties::RefOr(values) = values.as_mut()
    {
        schema(values);
    }
}

fn bound_items(list: &str, item: &mut Object) {
    for (_, max) in TEXT_ITEMS.iter().filter(|(name, _)| *name == list) {
        item.max_length.get_or_insert(*max);
    }
    for (_, min, max) in NUMBER_ITEMS.iter().filter(|(name, ..)| *name == list) {
        item.minimum.get_or_insert(Number::Int(*min));
        item.maximum.get_or_insert(Number::Int(*max));
    }
}

fn text(object: &mut Object) {
    let longest = match &object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => 36,
        // 2026-06-10T09:00:00.000+07:00, and more digits in what others send.
        Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => 35,
        Some(SchemaFormat::KnownFormat(KnownFormat::Date)) => 10,
        _ => return,
    };
    object.max_length.get_or_insert(longest);
}

fn integer(object: &mut Object) {
    // A count (`usize`) has no format of its own.
    let format = object
        .format
        .get_or_insert(SchemaFormat::KnownFormat(KnownFormat::Int32));
    let (min, max) = match format {
        SchemaFormat::KnownFormat(KnownFormat::Int64) => (-MAX_INT64, MAX_INT64),
        _ => (-0x8000_0000, 0x7fff_ffff),
    };
    object.minimum.get_or_insert(Number::Int(min));
    object.maximum.get_or_insert(Number::Int(max));
}
