//! What becomes of everything that is stored on a person when their account is erased, table by table and column by
//! column. Every table is listed, and a test looks that every column is accounted for that could name a person or hold
//! what one wrote: who adds one decides here.
//!
//! What others or the books need stays, under the id of an account that says nothing any more: a pseudonym without a key.

/// What becomes of a table.
#[derive(Debug)]
pub struct Erasure {
    /// In this order.
    pub steps: &'static [Step],
    /// Columns that stay as they are, and why.
    pub kept: &'static [(&'static str, &'static str)],
    /// Why nothing of the table is about a person.
    pub impersonal: Option<&'static str>,
}

/// One statement. In the SQL, `t` is the table, `$1` the account, `$2` the time.
#[derive(Debug)]
pub enum Step {
    /// These rows go.
    Delete(&'static str),
    /// Of these rows, these columns get these values.
    Set(&'static str, &'static [(&'static str, &'static str)]),
}

type Kept = &'static [(&'static str, &'static str)];

const fn delete(steps: &'static [Step]) -> Erasure {
    delete_but(steps, &[])
}

const fn delete_but(steps: &'static [Step], kept: Kept) -> Erasure {
    Erasure {
        steps,
        kept,
        impersonal: None,
    }
}

const fn keep(kept: Kept) -> Erasure {
    delete_but(&[], kept)
}

const fn impersonal(reason: &'static str) -> Erasure {
    Erasure {
        steps: &[],
        kept: &[],
        impersonal: Some(reason),
    }
}

/// Rows of one account.
macro_rules! own {
    ($column:literal) => {
        &[Step::Delete(concat!("t.", $column, " = $1"))]
    };
}

/// Sessions that the person gave or took.
macro_rules! my_bookings {
    () => {
        "(SELECT id FROM bookings WHERE mentor_id = $1 OR mentee_id = $1)"
    };
}

/// Mentorships in which the person was the mentee.
macro_rules! my_plans {
    () => {
        "(SELECT id FROM mentorships WHERE mentee_id = $1)"
    };
}

/// Businesses in which nobody else is left.
macro_rules! my_businesses {
    () => {
        "(SELECT m.business_id FROM business_members m WHERE m.user_id = $1 AND NOT EXISTS
            (SELECT FROM business_members o WHERE o.business_id = m.business_id AND o.user_id <> $1))"
    };
}

const PSEUDONYM: &str = "the id of an account that says nothing any more";
const CODES: &str = "codes of the program, and nothing that anybody wrote";
const RANDOM: &str = "made at random";
const PROOF: &str =
    "kept until the security events are old enough to go, as proof of what happened to the account";

/// Every table, in the order in which it is seen to: what others are found by goes last.
pub const ERASURES: &[(&str, Erasure)] = &[
    (
        "account_deletions",
        keep(&[
            ("user_id", PSEUDONYM),
            ("paused_businesses", "ids of businesses"),
            (
                "farewell_sealed",
                "sealed, and gone as soon as the last mail is sent, after two days at the latest",
            ),
        ]),
    ),
    (
        "action_items",
        delete(&[Step::Delete(concat!(
            "t.goal_id IN (SELECT id FROM mentorship_goals WHERE mentorship_id IN ",
            my_plans!(),
            ")"
        ))]),
    ),
    (
        "api_key_secrets",
        delete(&[Step::Delete(
            "t.key_id IN (SELECT id FROM api_keys WHERE user_id = $1)",
        )]),
    ),
    ("api_keys", delete(own!("user_id"))),
    (
        "auth_event_checkpoints",
        impersonal("hashes that prove the order of the security events"),
    ),
    (
        "auth_event_seals",
        impersonal("hashes that prove the order of the security events"),
    ),
    (
        "auth_events",
        keep(&[
            ("user_id", PROOF),
            ("session_id", PROOF),
            ("actor_id", PROOF),
            ("reason", CODES),
            ("ip_prefix", PROOF),
            ("request_id", PROOF),
        ]),
    ),
    (
        "auth_events_to_seal",
        impersonal("says which security events have no seal yet"),
    ),
    ("authorization_requests", delete(own!("user_id"))),
    ("availability_overrides", delete(own!("user_id"))),
    ("availability_schedules", delete(own!("user_id"))),
    (
        "blocks",
        delete(&[Step::Delete("t.blocker_id = $1 OR t.blocked_id = $1")]),
    ),
    (
        // Lines of both sides, without their writers; nobody needs a plan after the session.
        "booking_agendas",
        delete(&[Step::Delete(concat!(
            "t.updated_by = $1 OR t.booking_id IN ",
            my_bookings!()
        ))]),
    ),
    ("booking_cascades", keep(&[("asked", PSEUDONYM)])),
    (
        "booking_disputes",
        delete_but(
            &[
                Step::Set(
                    "t.opened_by = $1",
                    &[("statement", "'Dihapus bersama akunnya.'")],
                ),
                Step::Set(
                    concat!("t.booking_id IN ", my_bookings!()),
                    &[("note", "NULL")],
                ),
            ],
            &[("opened_by", PSEUDONYM), ("resolved_by", PSEUDONYM)],
        ),
    ),
    // What the other side uploaded is the other side's.
    ("booking_documents", delete(own!("uploader_id"))),
    (
        "booking_events",
        keep(&[
            ("actor_id", PSEUDONYM),
            ("from_state", CODES),
            ("to_state", CODES),
            ("reason_code", CODES),
        ]),
    ),
    (
        "booking_feedback",
        // The stars count on; what was written by or about the person goes.
        delete_but(
            &[Step::Set(
                concat!("t.booking_id IN ", my_bookings!()),
                &[("body", "NULL")],
            )],
            &[
                ("mentor_id", PSEUDONYM),
                ("author_id", PSEUDONYM),
                ("tags", CODES),
            ],
        ),
    ),
    // Notes of the other side are the other side's.
    ("booking_notes", delete(own!("author_id"))),
    (
        "booking_suspensions",
        impersonal("says which alerts hold up which sessions"),
    ),
    (
        "bookings",
        delete_but(
            &[
                Step::Set(
                    "t.mentee_id = $1",
                    &[("topic", "NULL"), ("answers", "'[]'")],
                ),
                Step::Set("t.mentor_id = $1", &[("place", "NULL")]),
            ],
            &[
                ("mentor_id", PSEUDONYM),
                ("mentee_id", PSEUDONYM),
                ("code", RANDOM),
                ("zone", "of the mentor's calendar, one of three"),
                ("region_code", CODES),
                ("reason_code", CODES),
                ("series_id", RANDOM),
            ],
        ),
    ),
    (
        "business_registrations",
        delete_but(
            &[
                Step::Delete(concat!("t.business_id IN ", my_businesses!())),
                // The numbers of the person, not those of the business.
                Step::Set(
                    "t.registered_by = $1",
                    &[
                        ("nik_sealed", "NULL"),
                        ("nik_hash", "NULL"),
                        ("nik_last4", "NULL"),
                        (
                            "npwp_sealed",
                            "CASE WHEN t.npwp_is_entity THEN t.npwp_sealed END",
                        ),
                        (
                            "npwp_hash",
                            "CASE WHEN t.npwp_is_entity THEN t.npwp_hash END",
                        ),
                        (
                            "npwp_last4",
                            "CASE WHEN t.npwp_is_entity THEN t.npwp_last4 END",
                        ),
                        ("npwp_is_entity", "CASE WHEN t.npwp_is_entity THEN true END"),
                    ],
                ),
            ],
            &[
                ("registered_by", PSEUDONYM),
                (
                    "legal_name",
                    "the business's, whose other members go on with it",
                ),
                ("nib", "the business's, whose other members go on with it"),
            ],
        ),
    ),
    (
        "businesses",
        delete_but(
            &[Step::Set(
                concat!("t.id IN ", my_businesses!()),
                &[
                    ("deleted_at", "coalesce(t.deleted_at, $2)"),
                    ("updated_at", "$2"),
                    ("version", "t.version + 1"),
                    ("name", "'Usaha terhapus'"),
                    ("description_id", "NULL"),
                    ("description_en", "NULL"),
                    ("phone", "NULL"),
                    ("email", "NULL"),
                    ("website", "NULL"),
                    ("social_links", "'{}'"),
                    ("street", "'Terhapus'"),
                    ("landmark", "NULL"),
                    ("latitude", "NULL"),
                    ("longitude", "NULL"),
                    ("opening_hours", "'[]'"),
                ],
            )],
            &[
                (
                    "slug",
                    "was public, and must never lead from an old link to a stranger",
                ),
                ("further_subsectors", CODES),
                ("kbli", CODES),
                ("postal_code", CODES),
            ],
        ),
    ),
    (
        "business_slugs",
        keep(&[(
            "slug",
            "was public, and must never lead from an old link to a stranger",
        )]),
    ),
    ("business_members", delete(own!("user_id"))),
    ("calendar_feeds", delete(own!("user_id"))),
    (
        "certificates",
        // Whoever was shown one finds that it counts no more, and no name.
        delete_but(
            &[Step::Set(
                "t.user_id = $1",
                &[
                    ("holder_name", "'Akun terhapus'"),
                    ("revoked_at", "coalesce(t.revoked_at, $2)"),
                ],
            )],
            &[("user_id", PSEUDONYM), ("code", RANDOM), ("themes", CODES)],
        ),
    ),
    (
        "consents",
        delete_but(
            &[Step::Set("t.user_id = $1", &[("ip_prefix", "NULL")])],
            &[(
                "user_id",
                "the proof of a consent, which whoever relied on it must be able to give (UU 27/2022 art. 24)",
            )],
        ),
    ),
    // Triggers give the files up.
    ("data_exports", delete(own!("user_id"))),
    (
        "data_requests",
        delete_but(
            &[Step::Set(
                "t.user_id = $1",
                &[("detail", "NULL"), ("answer", "NULL")],
            )],
            &[("user_id", PSEUDONYM), ("answered_by", PSEUDONYM)],
        ),
    ),
    ("email_changes", delete(own!("user_id"))),
    (
        "password_reset_asks",
        delete(&[Step::Delete(
            "t.address IN (SELECT address FROM emails WHERE user_id = $1)",
        )]),
    ),
    ("emails", delete(own!("user_id"))),
    ("external_busy", delete(own!("owner_id"))),
    ("external_calendars", delete(own!("owner_id"))),
    (
        "factor_resets",
        delete_but(
            own!("user_id"),
            &[("asked_by", PSEUDONYM), ("settled_by", PSEUDONYM)],
        ),
    ),
    ("group_seats", keep(&[("mentee_id", PSEUDONYM)])),
    (
        "group_sessions",
        delete_but(
            &[Step::Set(
                "t.mentor_id = $1",
                &[
                    ("title", "'Sesi kelompok'"),
                    ("description", "NULL"),
                    ("place", "CASE WHEN t.place IS NOT NULL THEN '-' END"),
                    ("meeting_url", "NULL"),
                ],
            )],
            &[("mentor_id", PSEUDONYM)],
        ),
    ),
    (
        "group_suspensions",
        impersonal("says which alerts hold up which sessions"),
    ),
    // Replies to others, which may name the person, are gone within a week like all of them.
    ("idempotency_keys", delete(own!("actor"))),
    ("identities", delete(own!("user_id"))),
    ("known_devices", delete(own!("user_id"))),
    ("legal_documents", impersonal("versions of documents")),
    (
        "mentors",
        delete_but(
            &[Step::Set(
                "t.user_id = $1",
                &[
                    ("state", "'suspended'"),
                    ("headline", "'Akun terhapus'"),
                    ("about", "NULL"),
                    ("expertise", "ARRAY['lainnya']"),
                    ("languages", "ARRAY['id']"),
                    ("regions", "'{}'"),
                    ("review_note", "NULL"),
                ],
            )],
            &[
                ("user_id", PSEUDONYM),
                ("reviewed_by", PSEUDONYM),
                ("subsectors", CODES),
            ],
        ),
    ),
    (
        // With a mentor gone, the plan is still the mentee's.
        "mentorship_goals",
        delete(&[Step::Delete(concat!("t.mentorship_id IN ", my_plans!()))]),
    ),
    (
        "mentorships",
        delete_but(
            &[Step::Set(
                "t.mentee_id = $1 OR (t.mentor_id = $1 AND t.proposed_by = 'mentor')",
                &[("focus", "'Terhapus'")],
            )],
            &[("mentor_id", PSEUDONYM), ("mentee_id", PSEUDONYM)],
        ),
    ),
    (
        "offerings",
        delete_but(
            &[Step::Set(
                "t.mentor_id = $1",
                &[
                    ("title", "'Sesi mentoring'"),
                    ("description", "NULL"),
                    ("meeting_url", "NULL"),
                    ("place", "CASE WHEN t.place IS NOT NULL THEN '-' END"),
                    ("questions", "'[]'"),
                    ("active", "false"),
                ],
            )],
            &[("mentor_id", PSEUDONYM)],
        ),
    ),
    ("one_time_tokens", delete(own!("user_id"))),
    ("passkey_ceremonies", delete(own!("user_id"))),
    ("passkeys", delete(own!("user_id"))),
    ("passwords", delete(own!("user_id"))),
    // What was sent to their number, whoever asked.
    (
        "phone_codes",
        delete(&[Step::Delete(
            "t.user_id = $1 OR t.number IN (SELECT number FROM phones WHERE user_id = $1)",
        )]),
    ),
    ("phone_changes", delete(own!("user_id"))),
    ("phones", delete(own!("user_id"))),
    ("recovery_codes", delete(own!("user_id"))),
    ("reference_datasets", impersonal("editions of data sets")),
    (
        "refresh_tokens",
        delete(&[Step::Delete(
            "t.session_id IN (SELECT id FROM sessions WHERE user_id = $1)",
        )]),
    ),
    ("regions", impersonal("the regions of the country")),
    ("session_alerts", impersonal("alerts of disasters")),
    ("sessions", delete(own!("user_id"))),
    (
        "sign_in_attempts",
        keep(&[("key", "hashes of addresses and devices, gone within a day")]),
    ),
    ("sign_in_challenges", delete(own!("user_id"))),
    ("signing_keys", impersonal("keys of the program")),
    (
        "stored_objects",
        impersonal("names of files, made at random; the files go with the rows that name them"),
    ),
    (
        "subsectors",
        impersonal("the subsectors of the creative economy"),
    ),
    (
        "sync_changes",
        delete_but(
            &[Step::Delete("t.scope = $1")],
            &[("id", "ids of bookings and businesses")],
        ),
    ),
    ("sync_horizon", impersonal("a number of a transaction")),
    (
        "time_claims",
        delete_but(
            &[Step::Delete("t.owner_id = $1 OR t.held_by = $1")],
            &[("ref_id", "ids of bookings and holds")],
        ),
    ),
    ("time_off", delete(own!("user_id"))),
    // All that hangs from the calendar is gone by now.
    ("calendars", delete(own!("user_id"))),
    ("totp_factors", delete(own!("user_id"))),
    (
        "user_roles",
        delete_but(own!("user_id"), &[("granted_by", PSEUDONYM)]),
    ),
    ("waitlist_entries", delete(own!("mentee_id"))),
    (
        "webhook_attempts",
        delete(&[Step::Delete(
            "t.delivery_id IN (SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                WHERE w.owner_id = $1)",
        )]),
    ),
    (
        "webhook_deliveries",
        delete_but(
            &[Step::Delete(
                "t.webhook_id IN (SELECT id FROM webhooks WHERE owner_id = $1)",
            )],
            &[("event_id", "of the event, which is nobody's")],
        ),
    ),
    ("webhooks", delete(own!("owner_id"))),
    (
        "users",
        delete_but(
            &[Step::Set(
                "t.id = $1",
                &[
                    ("display_name", "'Akun terhapus'"),
                    ("locale", "'id'"),
                    ("timezone", "'Asia/Jakarta'"),
                    ("lock_note", "NULL"),
                ],
            )],
            &[("id", "the pseudonym itself"), ("state_by", PSEUDONYM)],
        ),
    ),
];
