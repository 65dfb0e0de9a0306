//! The schema itself.

use karya_db::migrations;

use crate::harness::TestDb;

const DUMP: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p
      WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'extension ' || extname FROM pg_extension) AS lines";

async fn dump(db: &TestDb) -> String {
    db.sql()
        .await
        .query_one(DUMP, &[])
        .await
        .unwrap()
        .get::<_, Option<String>>(0)
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_goes_up_down_and_up_again() {
    let db = TestDb::empty().await;
    let all = migrations::up(&db.url()).await.unwrap().len();
    // Of two with one number, one would be left out without a word.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let folders = std::fs::read_dir(folder).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(
        all,
        folders.count(),
        "each migration has a number of its own"
    );
    let full = dump(&db).await;
    assert_eq!(migrations::down(&db.url(), all).await.unwrap().len(), all);
    let rest: String = dump(&db)
        .await
        .lines()
        .filter(|line| !line.contains("__diesel_schema_migrations") && *line != "extension plpgsql")
        .collect();
    assert_eq!(rest, "", "down leaves nothing behind");
    for _ in 0..2 {
        migrations::up(&db.url()).await.unwrap();
        assert_eq!(dump(&db).await, full);
        migrations::down(&db.url(), 1).await.unwrap();
    }
    let status = migrations::status(&db.url()).await.unwrap();
    assert_eq!(
        status.iter().filter(|migration| !migration.applied).count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_migrate_at_once() {
    let db = TestDb::empty().await;
    let url = db.url();
    let (one, two) = tokio::join!(
        karya::database::prepare(&url),
        karya::database::prepare(&url)
    );
    let ran = one.unwrap().migrations.len() + two.unwrap().migrations.len();
    assert_eq!(ran, migrations::status(&url).await.unwrap().len());
}

#[actix_web::test]
async fn every_foreign_key_has_an_index() {
    let db = TestDb::new().await;
    let query = "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint c
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
              AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)";
    let missing: Vec<String> = db
        .sql()
        .await
        .query(query, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(missing, [] as [String; 0]);
}

#[actix_web::test]
async fn tables_stay_narrow() {
    let db = TestDb::new().await;
    let query = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1 HAVING count(*) > 32";
    let wide: Vec<String> = db
        .sql()
        .await
        .query(query, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(
        wide,
        [] as [String; 0],
        "diesel's 64-column feature costs a minute of build"
    );
}

#[actix_web::test]
async fn enumerations_agree_with_the_database() {
    use karya_auth::{FactorMethod, FirstFactor, KeyState};
    use karya_business_profile::model::{
        BusinessState, LegalForm, MemberRole, RegistrationStatus, SizeClass,
    };
    use karya_mentoring_booking::model::{
        BookingState, ClaimKind, DisputeOutcome, GoalStatus, GroupState, HolidayPolicy,
        MentorState, MentorshipState, NoShowParty, NoteVisibility, Party, SeatState, SessionMode,
        Side, WaitlistState,
    };
    let db = TestDb::new().await;
    let sql = db.sql().await;
    macro_rules! texts {
        ($kind:ty) => {
            <$kind>::ALL
                .iter()
                .map(|value| value.as_str())
                .collect::<Vec<_>>()
        };
    }
    for (table, column, values) in [
        ("signing_keys", "state", texts!(KeyState)),
        ("businesses", "state", texts!(BusinessState)),
        ("businesses", "legal_form", texts!(LegalForm)),
        ("businesses", "size_class", texts!(SizeClass)),
        ("business_members", "role", texts!(MemberRole)),
        (
            "business_registrations",
            "status",
            texts!(RegistrationStatus),
        ),
        ("group_sessions", "state", texts!(GroupState)),
        ("group_sessions", "mode", texts!(SessionMode)),
        ("group_seats", "state", texts!(SeatState)),
        ("waitlist_entries", "state", texts!(WaitlistState)),
        ("booking_feedback", "side", texts!(Side)),
        ("booking_notes", "visibility", texts!(NoteVisibility)),
        (
            "booking_documents",
            "kind",
            texts!(karya_mentoring_booking::model::DocumentKind),
        ),
        ("booking_disputes", "accused", texts!(Side)),
        ("booking_disputes", "outcome", texts!(DisputeOutcome)),
        ("mentorships", "proposed_by", texts!(Side)),
        ("mentorships", "state", texts!(MentorshipState)),
        ("mentorships", "ended_by", texts!(Party)),
        ("mentorship_goals", "status", texts!(GoalStatus)),
        ("action_items", "assignee", texts!(Side)),
        ("certificates", "side", texts!(Side)),
        ("api_keys", "scopes", texts!(karya_core::Scope)),
        ("auth_events", "kind", texts!(karya_auth::audit::EventKind)),
        ("phone_codes", "purpose", texts!(karya_auth::CodePurpose)),
        ("data_exports", "state", texts!(karya::rights::ExportState)),
        (
            "data_requests",
            "kind",
            texts!(karya::rights::DataRequestKind),
        ),
        (
            "data_requests",
            "outcome",
            texts!(karya::rights::RequestOutcome),
        ),
        (
            "account_deletions",
            "state",
            texts!(karya::rights::DeletionState),
        ),
        (
            "factor_resets",
            "state",
            texts!(karya_auth::FactorResetState),
        ),
        ("users", "lock_reason", texts!(karya_auth::LockReason)),
        ("consents", "channel", texts!(karya_auth::ConsentChannel)),
        (
            "legal_documents",
            "document",
            texts!(karya_auth::LegalDocument),
        ),
        ("webhooks", "event_types", texts!(karya_webhooks::EventType)),
        ("webhooks", "state", texts!(karya_webhooks::WebhookState)),
        (
            "webhooks",
            "disabled_reason",
            texts!(karya_webhooks::DisabledReason),
        ),
        (
            "webhook_deliveries",
            "event_type",
            texts!(karya_webhooks::EventType),
        ),
        (
            "webhook_deliveries",
            "state",
            texts!(karya_webhooks::DeliveryState),
        ),
        (
            "webhook_attempts",
            "error",
            texts!(karya_webhooks::AttemptError),
        ),
        ("user_roles", "role", texts!(karya_core::Role)),
        ("users", "locale", texts!(karya_core::Lang)),
        ("sessions", "first_factor", texts!(FirstFactor)),
        ("sign_in_challenges", "first_factor", texts!(FirstFactor)),
        (
            "identities",
            "provider",
            texts!(karya_auth::IdentityProvider),
        ),
        (
            "authorization_requests",
            "provider",
            texts!(karya_auth::IdentityProvider),
        ),
        ("sessions", "second_factor", texts!(FactorMethod)),
        ("users", "timezone", texts!(karya_core::Timezone)),
        ("mentors", "state", texts!(MentorState)),
        ("offerings", "mode", texts!(SessionMode)),
        ("bookings", "mode", texts!(SessionMode)),
        ("bookings", "state", texts!(BookingState)),
        ("bookings", "cancelled_by", texts!(Party)),
        ("bookings", "no_show_party", texts!(NoShowParty)),
        ("calendars", "holiday_policy", texts!(HolidayPolicy)),
        ("time_claims", "kind", texts!(ClaimKind)),
        (
            "external_calendars",
            "last_error",
            texts!(karya_mentoring_booking::model::ImportFailure),
        ),
    ] {
        let query = "SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]
            WHERE contype = 'c' AND conrelid = $1::text::regclass AND attname = $2 AND pg_get_constraintdef(c.oid) LIKE '%ARRAY[%'";
        let check: String = sql
            .query_one(query, &[&table, &column])
            .await
            .unwrap()
            .get(0);
        let mut allowed: Vec<&str> = check.split('\'').skip(1).step_by(2).collect();
        let mut values = values.clone();
        allowed.sort_unstable();
        values.sort_unstable();
        assert_eq!(allowed, values, "{table}.{column}");
    }
}
