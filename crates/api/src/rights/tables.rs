//! What is stored on a person, table by table. Every table of the database is listed, and a test looks that it is: who
//! adds one decides here whether people get to see what it holds on them, and in `erasures.rs` what becomes of it when their
//! account is erased.

/// Whose rows of a table are whose, or why nobody gets any.
#[derive(Debug)]
pub enum Treatment {
    Export(Rows),
    /// Left out, for this reason.
    Exempt(&'static str),
}

/// Which rows of a table are about a person.
#[derive(Debug)]
pub struct Rows {
    /// SQL: `t` is the table, `$1` the account.
    pub filter: &'static str,
    /// Columns that are left out: secrets, and what the program keeps for itself.
    pub hide: &'static [&'static str],
    /// Columns that name accounts and do not make a row theirs.
    pub others: &'static [&'static str],
}

const fn rows(filter: &'static str) -> Treatment {
    hiding(filter, &[])
}

const fn hiding(filter: &'static str, hide: &'static [&'static str]) -> Treatment {
    Treatment::Export(Rows {
        filter,
        hide,
        others: &[],
    })
}

/// Rows that name other people too, such as members of staff.
const fn beside(filter: &'static str, others: &'static [&'static str]) -> Treatment {
    Treatment::Export(Rows {
        filter,
        hide: &[],
        others,
    })
}

/// Sessions that the person gave or took.
macro_rules! my_bookings {
    () => {
        "(SELECT id FROM bookings WHERE mentor_id = $1 OR mentee_id = $1)"
    };
}

/// Joint work of the person.
macro_rules! my_mentorships {
    () => {
        "(SELECT id FROM mentorships WHERE mentor_id = $1 OR mentee_id = $1)"
    };
}

const NOT_PERSONAL: &str = "holds nothing about people";
const SECRETS: &str =
    "holds hashes of secrets and nothing else; what they open is listed elsewhere";

/// Every table, in the order of their names.
pub const TABLES: &[(&str, Treatment)] = &[
    (
        "account_deletions",
        hiding("t.user_id = $1", &["farewell_sealed"]),
    ),
    (
        "action_items",
        rows(concat!(
            "t.goal_id IN (SELECT id FROM mentorship_goals WHERE mentorship_id IN ",
            my_mentorships!(),
            ")"
        )),
    ),
    (
        "api_key_secrets",
        hiding(
            "t.key_id IN (SELECT id FROM api_keys WHERE user_id = $1)",
            &["hash"],
        ),
    ),
    ("api_keys", rows("t.user_id = $1")),
    (
        "auth_event_checkpoints",
        Treatment::Exempt("hashes that prove the order of the security events"),
    ),
    (
        "auth_event_seals",
        Treatment::Exempt("hashes that prove the order of the security events"),
    ),
    ("auth_events", beside("t.user_id = $1", &["actor_id"])),
    (
        "auth_events_to_seal",
        Treatment::Exempt("says which security events have no seal yet"),
    ),
    (
        "authorization_requests",
        Treatment::Exempt("questions to other providers, random and gone within minutes"),
    ),
    ("availability_overrides", rows("t.user_id = $1")),
    ("availability_schedules", rows("t.user_id = $1")),
    // Who blocked the person is the other one's secret.
    ("blocks", beside("t.blocker_id = $1", &["blocked_id"])),
    (
        "booking_agendas",
        beside(concat!("t.booking_id IN ", my_bookings!()), &["updated_by"]),
    ),
    (
        "booking_cascades",
        Treatment::Exempt(
            "names mentors who were asked one after the other: each of them is a booking",
        ),
    ),
    (
        "booking_disputes",
        beside(
            concat!("t.booking_id IN ", my_bookings!()),
            &["opened_by", "resolved_by"],
        ),
    ),
    (
        "booking_documents",
        // The files themselves are for both sides to download where they are.
        hiding("t.uploader_id = $1", &["object_key"]),
    ),
    (
        "booking_events",
        beside(concat!("t.booking_id IN ", my_bookings!()), &["actor_id"]),
    ),
    (
        "booking_feedback",
        // What others wrote is the mentor's to see once it is revealed, and never before.
        rows(
            "t.author_id = $1 OR (t.mentor_id = $1 AND t.side = 'mentee' AND t.reveal_at <= now())",
        ),
    ),
    (
        "booking_notes",
        rows(concat!(
            "t.author_id = $1 OR (t.visibility = 'shared' AND t.booking_id IN ",
            my_bookings!(),
            ")"
        )),
    ),
    (
        "booking_suspensions",
        rows(concat!("t.booking_id IN ", my_bookings!())),
    ),
    ("bookings", rows("t.mentor_id = $1 OR t.mentee_id = $1")),
    ("business_members", rows("t.user_id = $1")),
    (
        "business_registrations",
        // The identity numbers stand apart, as they were given.
        hiding(
            "t.registered_by = $1",
            &["npwp_sealed", "npwp_hash", "nik_sealed", "nik_hash"],
        ),
    ),
    (
        "business_slugs",
        Treatment::Exempt("addresses of businesses, public and about no person"),
    ),
    (
        "businesses",
        hiding(
            "t.id IN (SELECT business_id FROM business_members WHERE user_id = $1)",
            &["search"],
        ),
    ),
    ("calendar_feeds", hiding("t.user_id = $1", &["token_hash"])),
    ("calendars", rows("t.user_id = $1")),
    ("certificates", rows("t.user_id = $1")),
    ("consents", rows("t.user_id = $1")),
    ("data_exports", hiding("t.user_id = $1", &["object_key"])),
    ("data_requests", beside("t.user_id = $1", &["answered_by"])),
    (
        "email_changes",
        hiding("t.user_id = $1", &["confirm_hash", "undo_hash"]),
    ),
    ("emails", rows("t.user_id = $1")),
    ("external_busy", rows("t.owner_id = $1")),
    (
        "external_calendars",
        hiding("t.owner_id = $1", &["url_sealed"]),
    ),
    (
        "factor_resets",
        beside("t.user_id = $1", &["asked_by", "settled_by"]),
    ),
    ("group_seats", rows("t.mentee_id = $1")),
    ("group_sessions", rows("t.mentor_id = $1")),
    (
        "group_suspensions",
        rows("t.session_id IN (SELECT id FROM group_sessions WHERE mentor_id = $1)"),
    ),
    (
        "idempotency_keys",
        Treatment::Exempt("replies that the person got, kept for a week in case one was lost"),
    ),
    ("identities", rows("t.user_id = $1")),
    ("known_devices", hiding("t.user_id = $1", &["token_hash"])),
    ("legal_documents", Treatment::Exempt(NOT_PERSONAL)),
    ("mentors", beside("t.user_id = $1", &["reviewed_by"])),
    (
        "mentorship_goals",
        rows(concat!("t.mentorship_id IN ", my_mentorships!())),
    ),
    ("mentorships", rows("t.mentor_id = $1 OR t.mentee_id = $1")),
    ("offerings", rows("t.mentor_id = $1")),
    ("one_time_tokens", hiding("t.user_id = $1", &["token_hash"])),
    (
        "passkey_ceremonies",
        Treatment::Exempt("challenges of passkeys, random and gone within minutes"),
    ),
    ("passkeys", hiding("t.user_id = $1", &["credential"])),
    (
        "password_reset_asks",
        Treatment::Exempt("addresses that anybody may have typed, gone within two days"),
    ),
    ("passwords", hiding("t.user_id = $1", &["phc"])),
    ("phone_changes", hiding("t.user_id = $1", &["undo_hash"])),
    (
        "phone_codes",
        hiding("t.user_id = $1", &["code_hash", "tries"]),
    ),
    ("phones", rows("t.user_id = $1")),
    ("recovery_codes", hiding("t.user_id = $1", &["code_hash"])),
    ("reference_datasets", Treatment::Exempt(NOT_PERSONAL)),
    ("refresh_tokens", Treatment::Exempt(SECRETS)),
    ("regions", Treatment::Exempt(NOT_PERSONAL)),
    ("session_alerts", Treatment::Exempt(NOT_PERSONAL)),
    ("sessions", rows("t.user_id = $1")),
    ("sign_in_attempts", Treatment::Exempt(SECRETS)),
    (
        "sign_in_challenges",
        hiding("t.user_id = $1", &["token_hash", "device_hash"]),
    ),
    ("signing_keys", Treatment::Exempt(NOT_PERSONAL)),
    (
        "stored_objects",
        Treatment::Exempt("names of files in the storage; the files are listed where they belong"),
    ),
    ("subsectors", Treatment::Exempt(NOT_PERSONAL)),
    (
        "sync_changes",
        Treatment::Exempt("says when something changed that is listed elsewhere"),
    ),
    ("sync_horizon", Treatment::Exempt(NOT_PERSONAL)),
    ("time_claims", beside("t.owner_id = $1", &["held_by"])),
    ("time_off", rows("t.user_id = $1")),
    (
        "totp_factors",
        hiding("t.user_id = $1", &["secret_sealed", "last_step"]),
    ),
    ("user_roles", beside("t.user_id = $1", &["granted_by"])),
    ("users", beside("t.id = $1", &["state_by"])),
    ("waitlist_entries", rows("t.mentee_id = $1")),
    (
        "webhook_attempts",
        rows(
            "t.delivery_id IN (SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                WHERE w.owner_id = $1)",
        ),
    ),
    (
        "webhook_deliveries",
        rows("t.webhook_id IN (SELECT id FROM webhooks WHERE owner_id = $1)"),
    ),
    (
        "webhooks",
        hiding("t.owner_id = $1", &["secret_sealed", "old_secret_sealed"]),
    ),
];
