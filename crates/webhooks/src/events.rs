//! What is sent, and the document that says so.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::model::{DeliveryRow, EventType};

/// The body of every request.
#[derive(Serialize)]
pub(crate) struct Payload<'a> {
    #[serde(rename = "type")]
    kind: EventType,
    #[serde(with = "karya_core::instant")]
    timestamp: DateTime<Utc>,
    data: &'a Value,
}

impl<'a> Payload<'a> {
    pub(crate) fn of(delivery: &'a DeliveryRow) -> Self {
        Self {
            kind: delivery.event_type,
            timestamp: delivery.occurred_at,
            data: &delivery.data,
        }
    }
}

/// What a `booking` event is about. The database writes it: see `announce_booking`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct BookingEventData {
    /// `GET /v1/bookings/{booking_id}` has more.
    booking_id: Uuid,
    /// As it was then.
    #[schema(max_length = 20, example = "confirmed")]
    state: String,
    mentor_id: Uuid,
    mentee_id: Uuid,
    #[schema(nullable = false)]
    business_id: Option<Uuid>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// What a `business` event is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct BusinessEventData {
    /// `GET /v1/businesses/{business_id}` has more, unless it is deleted.
    business_id: Uuid,
}

/// What a test is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct TestEventData {
    webhook_id: Uuid,
}

fn data_of(event: EventType) -> &'static str {
    match event.as_str().split_once('.') {
        Some(("booking", _)) => "BookingEventData",
        Some(("business", _)) => "BusinessEventData",
        _ => "TestEventData",
    }
}

fn summary_of(event: EventType) -> &'static str {
    match event {
        EventType::BookingRequested => "A mentee asks for a session",
        EventType::BookingConfirmed => "A session is agreed",
        EventType::BookingDeclined => "The mentor declined a request",
        EventType::BookingExpired => "The mentor did not answer a request in time",
        EventType::BookingCancelled => "A session was cancelled",
        EventType::BookingRescheduled => "A session has another time",
        EventType::BookingSuspended => "A disaster alert holds a session up",
        EventType::BookingCompleted => "A session took place",
        EventType::BookingNoShow => "One side did not come",
        EventType::BusinessUpdated => "A business was changed",
        EventType::BusinessVerified => "The identity numbers of a business are proved",
        EventType::BusinessDeleted => "A business was deleted",
        EventType::WebhookTest => "Somebody tries whether it gets through",
    }
}

fn operation(event: EventType) -> Value {
    let header = |name: &str, about: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": about, "example": example,
            "schema": { "type": "string", "maxLength": 300 },
        })
    };
    let id = "0199e5a0-0000-7000-8000-000000000041";
    json!({ "post": {
        "operationId": format!("on_{}", event.as_str().replace('.', "_")),
        "summary": summary_of(event),
        "tags": [event.as_str().split('.').next()],
        "parameters": [
            header("webhook-id", "The event. The same in every attempt: by it you know repetitions.", id),
            header("webhook-timestamp", "When this attempt was made, in seconds since the epoch. Refuse what is older than five minutes.", "1780282800"),
            header("webhook-signature", "One signature, or two separated by a blank while the secret is rotated: `v1,` and the base64 of the HMAC-SHA-256 of `id.timestamp.body` under the bytes of the secret after `whsec_`.", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": { "const": event.as_str() },
                "timestamp": { "type": "string", "format": "date-time", "maxLength": 24, "description": "When it happened." },
                "data": { "$ref": format!("#/components/schemas/{}", data_of(event)) },
            },
        } } } },
        "responses": {
            "2XX": { "description": "Got it. The body is of no interest." },
            "410": { "description": "Never again: the webhook is disabled at once." },
            "default": { "description": "Tried again after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours. Redirects are not followed." },
        },
    } })
}

/// The OpenAPI document of what is sent, as `openapi/karya-webhooks.json` holds it.
#[must_use]
pub fn document() -> Value {
    let webhooks: Map<String, Value> = EventType::ALL
        .iter()
        .map(|event| (event.as_str().to_owned(), operation(*event)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Karya webhooks",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "What Karya sends to the addresses of `POST /v1/webhooks`, by Standard Webhooks (https://www.standardwebhooks.com). Events say what happened to which thing; for what it is now, ask the API. They come at least once and in no order. There may be more types: answer 2xx to those that you do not know.",
        },
        "tags": [
            { "name": "booking", "description": "Mentoring sessions, for both sides" },
            { "name": "business", "description": "Businesses, for their members and for their own webhooks" },
            { "name": "webhook", "description": "The webhook itself" },
        ],
        "webhooks": webhooks,
        "components": { "schemas": {
            "BookingEventData": BookingEventData::schema(),
            "BusinessEventData": BusinessEventData::schema(),
            "TestEventData": TestEventData::schema(),
        } },
    })
}
