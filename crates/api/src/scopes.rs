//! Which operations an API key may do, by scope. The one place that says so: the document and the server follow it.
//!
//! What is not listed, no key may do: signing in and whatever protects the account, keys themselves, consents, copies of
//! one's data, blocks, addresses that are credentials (calendar feeds), and the work of staff.

use actix_web::http::Method;
use karya_core::Scope;
use karya_web::OperationScopes;
use utoipa::openapi::OpenApi;

/// The operations of each scope, by their ids.
pub const SCOPES: [(Scope, &[&str]); 21] = [
    (Scope::ProfileRead, &["get_me"]),
    (Scope::ProfileWrite, &["update_me"]),
    (
        Scope::BusinessesRead,
        &["get_business", "get_business_by_slug", "list_my_businesses"],
    ),
    (
        Scope::BusinessesWrite,
        &["create_business", "update_business", "delete_business"],
    ),
    (
        Scope::MentorsRead,
        &[
            "list_mentors",
            "get_mentor",
            "get_my_mentor",
            "list_mentor_offerings",
            "list_my_offerings",
            "get_offering",
        ],
    ),
    (
        Scope::MentorsWrite,
        &[
            "create_mentor",
            "update_my_mentor",
            "create_offering",
            "update_offering",
            "delete_offering",
        ],
    ),
    (
        Scope::CalendarRead,
        &[
            "get_calendar",
            "list_availability_overrides",
            "list_busy_calendars",
            "list_time_off",
        ],
    ),
    (
        Scope::CalendarWrite,
        &[
            "replace_calendar",
            "set_availability_override",
            "delete_availability_override",
            "create_busy_calendar",
            "delete_busy_calendar",
            "refresh_busy_calendar",
            "create_time_off",
            "delete_time_off",
        ],
    ),
    (
        Scope::BookingsRead,
        &[
            "list_bookings",
            "get_booking",
            "get_booking_series",
            "get_booking_cascade",
            "get_booking_invitation",
            "get_dispute",
            "list_booking_alternatives",
            "list_slots",
            "list_available_days",
            "explain_slot",
        ],
    ),
    (
        Scope::BookingsWrite,
        &[
            "create_booking",
            "create_booking_series",
            "cancel_booking_series",
            "approve_booking",
            "decline_booking",
            "cancel_booking",
            "reschedule_booking",
            "stop_cascade",
            "check_in_to_booking",
            "complete_booking",
            "report_no_show",
            "dispute_no_show",
            "create_slot_hold",
            "delete_slot_hold",
        ],
    ),
    (
        Scope::GroupSessionsRead,
        &[
            "list_group_sessions",
            "get_group_session",
            "list_group_seats",
        ],
    ),
    (
        Scope::GroupSessionsWrite,
        &[
            "create_group_session",
            "update_group_session",
            "cancel_group_session",
            "record_group_attendance",
            "join_group_session",
            "leave_group_session",
            "accept_group_offer",
            "join_group_waitlist",
            "leave_group_waitlist",
        ],
    ),
    (
        Scope::NotesRead,
        &[
            "get_agenda",
            "list_notes",
            "list_booking_documents",
            "get_booking_document",
        ],
    ),
    (
        Scope::NotesWrite,
        &[
            "replace_agenda",
            "create_note",
            "update_note",
            "delete_note",
            "add_booking_document",
            "delete_booking_document",
        ],
    ),
    (
        Scope::FeedbackRead,
        &["get_booking_feedback", "list_mentor_feedback"],
    ),
    (Scope::FeedbackWrite, &["give_feedback"]),
    (
        Scope::MentorshipsRead,
        &[
            "list_mentorships",
            "get_mentorship",
            "list_goals",
            "list_action_items",
        ],
    ),
    (
        Scope::MentorshipsWrite,
        &[
            "propose_mentorship",
            "accept_mentorship",
            "decline_mentorship",
            "end_mentorship",
            "create_goal",
            "update_goal",
            "create_action_item",
            "complete_action_item",
            "reopen_action_item",
        ],
    ),
    (
        Scope::ProofRead,
        &[
            "get_mentoring_hours",
            "list_certificates",
            "get_certificate_document",
        ],
    ),
    (
        Scope::ProofWrite,
        &["create_certificate", "revoke_certificate"],
    ),
    (Scope::SyncRead, &["list_changes"]),
];

/// The scope that an operation takes; none: no key may do it.
#[must_use]
pub fn scope_of(operation: &str) -> Option<Scope> {
    SCOPES
        .iter()
        .find(|(_, operations)| operations.contains(&operation))
        .map(|(scope, _)| *scope)
}

/// The same, for the server.
pub(crate) fn of_operations(document: &OpenApi) -> OperationScopes {
    let operations = document.paths.paths.values().flat_map(|item| {
        [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ]
    });
    OperationScopes::new(operations.filter_map(|(method, operation)| {
        let id = operation.as_ref()?.operation_id.as_deref()?;
        Some((id.to_owned(), method, scope_of(id)?))
    }))
}
