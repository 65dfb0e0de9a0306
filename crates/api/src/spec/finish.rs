//! What applies to many operations, added to the document in one place.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Content, Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response,
    ResponseBuilder, ServerBuilder, Type,
};

use super::examples::{self, Example};
use super::{KEY_REQUIRED, NOT_IDEMPOTENT_BY_KEY, OPEN_WHILE_CLOSING, UNLIMITED};
use super::{keys, limits, stale};

/// A refusal that many operations share.
struct Shared {
    name: &'static str,
    status: &'static str,
    /// How operations describe it.
    words: &'static str,
    /// How the document does: by its codes.
    codes: &'static str,
}

const SHARED: [Shared; 11] = [
    shared(
        "UnreadableRequest",
        "400",
        "Unreadable request",
        "`request.malformed_json`, `request.invalid_query`, `request.invalid_header`, `cursor.mismatch`",
    ),
    shared(
        "Unauthenticated",
        "401",
        "`auth.unauthenticated`",
        "`auth.unauthenticated`",
    ),
    shared(
        "ScopeRequired",
        "403",
        "`auth.scope_required`, `auth.account_closing`",
        "`auth.scope_required`, `auth.account_closing`",
    ),
    shared(
        "KeyNotAccepted",
        "403",
        "`auth.api_key_not_accepted`, `auth.account_closing`",
        "`auth.api_key_not_accepted`, `auth.account_closing`",
    ),
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    shared(
        "VersionRequired",
        "428",
        "`request.version_required`",
        "`request.version_required`",
    ),
    RATE_LIMITED,
    UPGRADE_REQUIRED,
    shared(
        "InternalError",
        "500",
        "A fault on our side",
        "`service.internal`",
    ),
    shared(
        "Unavailable",
        "503",
        "Busy; try again later",
        "`service.unavailable`, `service.too_slow`",
    ),
];

const ACCOUNT_CLOSING: &str = "`auth.account_closing`";
const BODY_TOO_LARGE: Shared = shared(
    "BodyTooLarge",
    "413",
    "`request.body_too_large`",
    "`request.body_too_large`",
);
const UNSUPPORTED_MEDIA_TYPE: Shared = shared(
    "UnsupportedMediaType",
    "415",
    "`request.unsupported_media_type`",
    "`request.unsupported_media_type`",
);
const UPGRADE_REQUIRED: Shared = shared(
    "UpgradeRequired",
    "426",
    "`app.upgrade_required`",
    "`app.upgrade_required`",
);
const RATE_LIMITED: Shared = shared(
    "TooManyRequests",
    "429",
    "Too many requests",
    "`request.rate_limited`",
);

const fn shared(
    name: &'static str,
    status: &'static str,
    words: &'static str,
    codes: &'static str,
) -> Shared {
    Shared {
        name,
        status,
        words,
        codes,
    }
}

/// Completes the document; returns what is wrong with it.
pub(super) fn finish(
    document: &mut OpenApi,
    mut examples: BTreeMap<String, Example>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let public = ExtensionsBuilder::new().add("x-internal", json!(false));
    document.servers = Some(vec![
        ServerBuilder::new()
            .url("/")
            .description(Some(
                "Production or local: the server that this document comes from",
            ))
            .extensions(Some(public.build()))
            .build(),
    ]);
    let mut components = document.components.take().unwrap_or_default();
    for (name, scheme) in [("bearer", bearer()), ("api_key", keys::scheme())] {
        let scheme = SecurityScheme::Http(scheme);
        components
            .security_schemes
            .insert(name.into(), scheme.into());
    }
    components.headers = headers();
    components.responses = SHARED
        .iter()
        .map(|shared| (shared.name.to_owned(), shared.response()))
        .collect();
    let mut listed = Vec::new();
    for (path, item) in &mut document.paths.paths {
        let is_versioned = path.starts_with("/v1/");
        stale::show_current(item, &mut components);
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                add_parameters(method, operation);
                // Said of each, not left out: nothing at all could as well be forgotten.
                operation.security.get_or_insert_default();
                listed.extend(keys::open_to_keys(operation));
                share_refusals(operation, is_versioned);
                add_headers(method, operation);
                limits::complete_operation(operation);
                examples::add(operation, &mut examples, &mut faults);
            }
        }
    }
    limits::complete_components(&mut components);
    document.components = Some(components);
    faults.extend(keys::unknown(&listed));
    faults.extend(examples.keys().map(|id| format!("{id} is no operation")));
    faults
}

fn bearer() -> Http {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.bearer_format = Some("JWT".into());
    scheme.description = Some(
        "Access token of `POST /v1/auth/login`: a JWT (RFC9068) signed with EdDSA and checked by the rules of \
         RFC8725; it lives 10 minutes."
            .into(),
    );
    scheme
}

fn headers() -> BTreeMap<String, RefOr<Header>> {
    let of = |description: &str, example: &str| {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(200))
            .examples([json!(example)]);
        RefOr::T(
            HeaderBuilder::new()
                .schema(Some(text))
                .description(Some(description))
                .build(),
        )
    };
    [
        (
            "ETag",
            of(
                "Of what was read: for `If-None-Match`, and for `If-Match` where an edit takes it.",
                "\"7-3f2a\"",
            ),
        ),
        (
            "RateLimit",
            of(
                "How many requests are left (`r`) and when they are more again (`t`, seconds); `RateLimit-Policy` has \
                 the limit. By draft-ietf-httpapi-ratelimit-headers-10.",
                "\"general\";r=299;t=60",
            ),
        ),
        (
            "Retry-After",
            of("How many seconds to wait before the next try.", "12"),
        ),
    ]
    .map(|(name, header)| (name.to_owned(), header))
    .into()
}

fn shared_header(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// Refers to the components for what is described alike everywhere, and for what the middleware and extractors answer.
fn share_refusals(operation: &mut Operation, is_versioned: bool) {
    let unlimited = is_one_of(operation, &UNLIMITED);
    let takes_json = matches!(
        &operation.request_body,
        Some(RefOr::T(body)) if body.content.contains_key("application/json")
    );
    let wants_token = operation
        .security
        .as_ref()
        .is_some_and(|any| !any.is_empty());
    let shuts = wants_token && !is_one_of(operation, &OPEN_WHILE_CLOSING);
    let responses = &mut operation.responses.responses;
    // What the operation and keys are refused for is another reason for the same status, and every one has such.
    if let Some(RefOr::T(own)) = responses.get_mut("403").filter(|_| shuts) {
        own.description += ", ";
        own.description += ACCOUNT_CLOSING;
    }
    for shared in &SHARED {
        if matches!(responses.get(shared.status), Some(RefOr::T(own)) if own.description == shared.words)
        {
            responses.insert(shared.status.into(), shared.reference());
        }
    }
    let added = [
        (takes_json, BODY_TOO_LARGE),
        (takes_json, UNSUPPORTED_MEDIA_TYPE),
        (!unlimited, RATE_LIMITED),
        (is_versioned, UPGRADE_REQUIRED),
    ];
    for (_, shared) in added.iter().filter(|(applies, _)| *applies) {
        responses
            .entry(shared.status.into())
            .or_insert_with(|| shared.reference());
    }
}

impl Shared {
    fn reference(&self) -> RefOr<Response> {
        RefOr::Ref(Ref::new(format!("#/components/responses/{}", self.name)))
    }

    fn response(&self) -> RefOr<Response> {
        let mut response = problem(self.codes);
        add_response_headers(self.status, false, &mut response);
        RefOr::T(response)
    }
}

/// A refusal, described by its codes.
pub(super) fn problem(codes: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name("ProblemBody")));
    ResponseBuilder::new()
        .description(codes)
        .content("application/problem+json", body)
        .build()
}

fn is_one_of(operation: &Operation, ids: &[&str]) -> bool {
    operation
        .operation_id
        .as_deref()
        .is_some_and(|id| ids.contains(&id))
}

fn add_headers(method: &str, operation: &mut Operation) {
    let unlimited = is_one_of(operation, &UNLIMITED);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && !unlimited
        {
            add_response_headers(status, method == "get", response);
        }
    }
}

fn add_response_headers(status: &str, read: bool, response: &mut Response) {
    let mut add = |name: &str| {
        let headers = &mut response.headers;
        headers.insert(name.into(), shared_header(name));
    };
    if status.starts_with(['2', '4']) {
        add("RateLimit");
    }
    if matches!(status, "429" | "503") {
        add("Retry-After");
    }
    if read && status == "200" {
        add("ETag");
    }
}

fn add_parameters(method: &str, operation: &mut Operation) {
    let mut parameters = vec![header(
        "Accept-Language",
        Required::False,
        "`id` (default) or `en`",
        100,
    )];
    // What can find its resource changed (412) takes the header, and what contends for it (428) demands it.
    let has = |status| operation.responses.responses.contains_key(status);
    if has("428") {
        parameters.push(header(
            "If-Match",
            Required::True,
            "The `ETag` of the version that you edit.",
            100,
        ));
    } else if has("412") {
        parameters.push(header(
            "If-Match",
            Required::False,
            "The `ETag` of the version that you have seen: 412 if it changed since.",
            100,
        ));
    }
    if method == "post" && !is_one_of(operation, &NOT_IDEMPOTENT_BY_KEY) {
        let required = if is_one_of(operation, &KEY_REQUIRED) {
            Required::True
        } else {
            Required::False
        };
        parameters.push(header(
            "Idempotency-Key",
            required,
            "Make a UUID per intent and send the same one when you repeat the request: it takes effect once, and the \
             reply says `Idempotency-Replayed: true`.",
            255,
        ));
    }
    if method == "patch" {
        parameters.push(
            ParameterBuilder::new()
                .name("update_mask")
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(
                    "Comma-separated members; one that is listed here and absent from the body is cleared. For \
                     clients that cannot send `null`.",
                ))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(1000))))
                .build(),
        );
    }
    operation
        .parameters
        .get_or_insert_default()
        .extend(parameters.into_iter().map(RefOr::T));
}

fn header(name: &str, required: Required, description: &str, max_length: usize) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .max_length(Some(max_length)),
        ))
        .build()
}
