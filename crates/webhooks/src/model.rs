use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{BusinessId, UserId};
use karya_db::TextList;
use karya_db::schema::{webhook_attempts, webhook_deliveries, webhooks};
use karya_fetch::FetchError;
use serde_json::Value;
use uuid::Uuid;

karya_core::text_enum! {
    /// What happened. There may be more: ignore those that you do not know.
    pub enum EventType {
        BookingRequested = "booking.requested",
        BookingConfirmed = "booking.confirmed",
        BookingDeclined = "booking.declined",
        /// The mentor did not answer in time.
        BookingExpired = "booking.expired",
        BookingCancelled = "booking.cancelled",
        /// It has another time.
        BookingRescheduled = "booking.rescheduled",
        /// A disaster alert holds it up.
        BookingSuspended = "booking.suspended",
        BookingCompleted = "booking.completed",
        BookingNoShow = "booking.no_show",
        BusinessUpdated = "business.updated",
        /// Its identity numbers are proved.
        BusinessVerified = "business.verified",
        BusinessDeleted = "business.deleted",
        /// Nothing happened: somebody tries whether it gets through.
        WebhookTest = "webhook.test",
    }
}

karya_core::text_enum! {
    /// Whether a webhook gets events.
    pub enum WebhookState {
        Active = "active",
        /// Its owner wants none for a while; those of that time are not made up for.
        Paused = "paused",
        /// This server gave up; make it active again once it can be reached.
        Disabled = "disabled",
    }
}

karya_core::text_enum! {
    /// Why this server gave up.
    pub enum DisabledReason {
        /// It answered 410.
        Gone = "gone",
        /// Nothing got through for five days.
        Failing = "failing",
    }
}

karya_core::text_enum! {
    /// How far a delivery is.
    pub enum DeliveryState {
        /// It will be tried, or tried again.
        Pending = "pending",
        Delivered = "delivered",
        /// Every attempt failed.
        Failed = "failed",
        /// The webhook was not active any more.
        Dropped = "dropped",
    }
}

karya_core::text_enum! {
    /// Why there was no answer.
    pub enum AttemptError {
        BadAddress = "bad_address",
        /// The name leads to an address that is not public.
        RefusedAddress = "refused_address",
        Unresolvable = "unresolvable",
        Unreachable = "unreachable",
        Tls = "tls",
        Protocol = "protocol",
        TooLarge = "too_large",
        Timeout = "timeout",
    }
}

impl From<FetchError> for AttemptError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::BadAddress => Self::BadAddress,
            FetchError::RefusedAddress => Self::RefusedAddress,
            FetchError::Unresolvable => Self::Unresolvable,
            FetchError::Unreachable => Self::Unreachable,
            FetchError::Tls => Self::Tls,
            FetchError::Protocol | FetchError::Redirects | FetchError::Status(_) => Self::Protocol,
            FetchError::TooLarge => Self::TooLarge,
            FetchError::Timeout => Self::Timeout,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct WebhookRow {
    pub(crate) id: Uuid,
    pub(crate) owner_id: UserId,
    pub(crate) business_id: Option<BusinessId>,
    pub(crate) url: String,
    pub(crate) description: Option<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) event_types: Vec<String>,
    pub(crate) state: WebhookState,
    pub(crate) disabled_reason: Option<DisabledReason>,
    pub(crate) secret_sealed: Vec<u8>,
    pub(crate) old_secret_sealed: Option<Vec<u8>>,
    pub(crate) old_secret_until: Option<DateTime<Utc>>,
    pub(crate) failing_since: Option<DateTime<Utc>>,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl WebhookRow {
    /// What it wants to know, as far as this release knows it.
    pub(crate) fn event_types(&self) -> Vec<EventType> {
        let known = self.event_types.iter();
        known
            .filter_map(|kind| EventType::from_text(kind))
            .collect()
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_deliveries, check_for_backend(Pg))]
pub(crate) struct DeliveryRow {
    pub(crate) id: Uuid,
    pub(crate) webhook_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: EventType,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) data: Value,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: i32,
    pub(crate) round_start: i32,
    pub(crate) claimed_until: Option<DateTime<Utc>>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts, check_for_backend(Pg))]
pub(crate) struct AttemptRow {
    pub(crate) delivery_id: Uuid,
    pub(crate) number: i32,
    pub(crate) at: DateTime<Utc>,
    pub(crate) duration_ms: i32,
    pub(crate) status: Option<i32>,
    pub(crate) error: Option<AttemptError>,
    pub(crate) answer: Option<String>,
}
