//! Every list is read to its end without loss or repetition while rows come in.

use std::cell::Cell;
use std::collections::BTreeSet;

use chrono::Duration;
use futures_util::future::join;
use rand::RngExt;
use serde_json::Value;
use tokio_postgres::Client as Sql;
use uuid::Uuid;

use super::{Look, Story, stage};

/// How many rows there are at first.
const BEFORE: usize = 14;
/// How many come in while they are read, at most.
const MEANWHILE: usize = 40;
/// How many a page has.
const PAGE: usize = 3;

/// A copy of a row with other values: the table, which row, and the values, in SQL. `{new}` is a fresh id, `{other}`
/// another one, `{at}` an instant within some weeks, `{till}` an hour later, `{code}` eight letters, `{far}` a latitude;
/// `{sari}` and other names are what the story calls so.
type Copy = (&'static str, &'static str, &'static str);

/// How rows come into a list.
struct List {
    id: &'static str,
    by: &'static str,
    query: &'static str,
    copies: &'static [Copy],
}

const SOMEBODY: Copy = ("users", "id = '{sari}'", "'id', '{new}'");
const BOOKING: Copy = (
    "bookings",
    "id = '{booking_id}'",
    "'id', '{new}', 'code', '{code}', 'starts_at', '{at}', 'ends_at', '{till}'",
);
const OFFERING: Copy = ("offerings", "id = '{offering_id}'", "'id', '{new}'");
const MENTOR: Copy = (
    "mentors",
    "user_id = '{made}'",
    "'user_id', '{new}', 'created_at', '{at}'",
);
const CALENDAR: Copy = ("calendars", "user_id = '{made}'", "'user_id', '{new}'");
const THEIRS: Copy = (
    "offerings",
    "id = '{offering_id}'",
    "'id', '{other}', 'mentor_id', '{new}'",
);
const BUSINESS: [Copy; 3] = [
    (
        "businesses",
        "slug = 'batik-pesisir-sapuro'",
        "'id', '{new}', 'slug', 'salinan-{new}', 'latitude', {far}",
    ),
    (
        "business_registrations",
        "business_id = (SELECT id FROM businesses WHERE slug = 'batik-pesisir-sapuro')",
        "'business_id', '{new}'",
    ),
    (
        "business_members",
        "user_id = '{sari}'",
        "'business_id', '{new}'",
    ),
];
const BLOCK: Copy = (
    "blocks",
    "blocker_id = '{sari}'",
    "'id', '{other}', 'blocked_id', '{new}'",
);
const DISPUTE: Copy = (
    "booking_disputes",
    "true",
    "'booking_id', '{new}', 'opened_at', '{at}'",
);
const CLASS: Copy = (
    "group_sessions",
    "id = '{group_session_id}'",
    "'id', '{new}', 'starts_at', '{at}', 'ends_at', '{till}', 'state', 'open', 'seats_taken', 0",
);
const FEEDBACK: Copy = (
    "booking_feedback",
    "author_id = '{sari}'",
    "'id', '{other}', 'booking_id', '{new}', 'body', '{new}'",
);
const TIME_OFF: Copy = (
    "time_off",
    "true",
    "'id', '{new}', 'starts_at', '{at}', 'ends_at', '{till}'",
);
const CERTIFICATE: Copy = (
    "certificates",
    "user_id = '{sari}'",
    "'id', '{new}', 'code', 'KRY-' || left('{code}', 4) || '-' || right('{code}', 4)",
);
const ACTION_ITEM: Copy = ("action_items", "goal_id = '{goal_id}'", "'id', '{new}'");
const GOAL: Copy = ("mentorship_goals", "id = '{goal_id}'", "'id', '{new}'");
const MENTORSHIP: Copy = ("mentorships", "id = '{mentorship_id}'", "'id', '{new}'");
const NOTE: Copy = ("booking_notes", "true", "'id', '{new}'");
const SESSION: Copy = (
    "sessions",
    "user_id = '{sari}' AND revoked_at IS NULL",
    "'id', '{new}', 'last_seen_at', '{at}', 'expires_at', '{till}'",
);

const DELIVERY: Copy = (
    "webhook_deliveries",
    "webhook_id = '{webhook_id}'",
    "'id', '{new}', 'event_id', '{other}'",
);
const DATA_REQUEST: Copy = (
    "data_requests",
    "kind = 'rectification' AND user_id = '{sari}'",
    "'id', '{new}', 'received_at', '{at}', 'due_at', '{at}'::timestamptz + interval '72 hours', 'done_at', '{till}'",
);

const EVENT: Copy = ("auth_events", "user_id = '{sari}'", "'id', '{new}'");

const THEIR_EVENT: Copy = ("auth_events", "user_id = '{account_id}'", "'id', '{new}'");
const FACTOR_RESET: Copy = (
    "factor_resets",
    "state = 'approved'",
    "'id', '{other}', 'user_id', '{new}', 'state', 'open', 'settled_by', null, 'settled_at', null, 'expires_at', '{till}'",
);

const fn list(
    id: &'static str,
    by: &'static str,
    query: &'static str,
    copies: &'static [Copy],
) -> List {
    List {
        id,
        by,
        query,
        copies,
    }
}

const NEAR: &str = "near=-6.8931,109.6702&radius_m=50000";

const LISTS: [List; 27] = [
    list("list_account_security_events", "admin", "", &[THEIR_EVENT]),
    list("list_accounts", "admin", "", &[SOMEBODY]),
    list("list_action_items", "owner", "", &[ACTION_ITEM]),
    list("list_blocks", "owner", "", &[SOMEBODY, BLOCK]),
    list(
        "list_booking_disputes",
        "moderator",
        "",
        &[BOOKING, DISPUTE],
    ),
    list("list_bookings", "owner", "", &[BOOKING]),
    list("list_businesses", "nobody", "", &BUSINESS),
    list("list_businesses", "nobody", "q=batik", &BUSINESS),
    list("list_businesses", "nobody", NEAR, &BUSINESS),
    list("list_certificates", "owner", "", &[CERTIFICATE]),
    list("list_data_requests", "admin", "", &[DATA_REQUEST]),
    list("list_factor_resets", "admin", "", &[SOMEBODY, FACTOR_RESET]),
    list("list_goals", "owner", "", &[GOAL]),
    list("list_group_sessions", "nobody", "", &[CLASS]),
    list(
        "list_mentor_applications",
        "verifier",
        "state=approved",
        &[SOMEBODY, MENTOR],
    ),
    list("list_mentor_feedback", "nobody", "", &[BOOKING, FEEDBACK]),
    list("list_mentor_offerings", "nobody", "", &[OFFERING]),
    list(
        "list_mentors",
        "nobody",
        "",
        &[SOMEBODY, CALENDAR, MENTOR, THEIRS],
    ),
    list("list_mentorships", "owner", "", &[MENTORSHIP]),
    list("list_my_businesses", "owner", "", &BUSINESS),
    list("list_my_data_requests", "owner", "", &[DATA_REQUEST]),
    list("list_my_offerings", "mentor", "", &[OFFERING]),
    list("list_my_security_events", "owner", "", &[EVENT]),
    list("list_my_sessions", "owner", "", &[SESSION]),
    list("list_notes", "mentor", "", &[NOTE]),
    list("list_time_off", "mentor", "", &[TIME_OFF]),
    list("list_webhook_deliveries", "owner", "", &[DELIVERY]),
];

/// Adds a row to a list, anywhere in its order.
async fn add(sql: &Sql, story: &Story<'_>, list: &List) -> Result<(), String> {
    let (seconds, far) = {
        let mut random = rand::rng();
        (
            random.random_range(86_400..3_000_000),
            random.random_range(-7.0..-6.8),
        )
    };
    let at = story.app.clock.now() + Duration::seconds(seconds);
    // Anywhere in the order of ids, not after all others as real ones.
    let id = || Uuid::from_u128(rand::random()).simple().to_string();
    let code = id().to_uppercase();
    let words = [
        ("new", id()),
        ("other", id()),
        ("at", at.to_rfc3339()),
        ("till", (at + Duration::hours(1)).to_rfc3339()),
        ("code", code[..8].to_owned()),
        ("far", far.to_string()),
    ];
    let fill = |text: &str| {
        let own = words.iter().map(|(name, word)| (*name, word));
        let things = story.things.iter();
        own.chain(things.map(|(name, word)| (name.as_str(), word)))
            .fold(text.to_owned(), |text, (name, word)| {
                text.replace(&format!("{{{name}}}"), word)
            })
    };
    // All of it at once, as some of it must not be without the rest.
    let mut together = String::new();
    for (table, row, values) in list.copies {
        let columns =
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'";
        let columns: String = sql.query_one(columns, &[table]).await.unwrap().get(0);
        let (row, values) = (fill(row), fill(values));
        together += &format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table},
                 (SELECT to_jsonb(t) FROM {table} t WHERE {row} LIMIT 1) || jsonb_build_object({values}));"
        );
    }
    let done = sql.batch_execute(&together).await;
    done.map_err(|error| format!("{}: {error:?}", list.id))
}

/// What tells the items of a list apart.
fn key(item: &Value) -> String {
    ["/id", "/mentor/id", "/booking_id"]
        .iter()
        .find_map(|at| item.pointer(at))
        .unwrap_or(item)
        .to_string()
}

/// Reads a list to its end; `between` is what happens after each page.
async fn read(
    story: &Story<'_>,
    list: &List,
    limit: usize,
    between: impl AsyncFn(),
) -> Result<Vec<String>, String> {
    let client = story.who(list.by).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for _ in 0..200 {
        let query = format!("?limit={limit}&{}{cursor}", list.query);
        let path = story.path(list.id, &[], query.trim_end_matches('&'));
        let page = client.get(&path).await;
        if page.status != 200 {
            return Err(format!("{path}: {}", page.text()));
        }
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        if items.len() > limit {
            return Err(format!("{path} has {} items", items.len()));
        }
        seen.extend(items.iter().map(key));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(seen),
        }
        between().await;
    }
    Err(format!("{} has no end", list.id))
}

/// Reads a list while it grows.
async fn watch(sql: &Sql, story: &Story<'_>, list: &List) -> Result<(), String> {
    for _ in 0..BEFORE {
        add(sql, story, list).await?;
    }
    let before = read(story, list, 100, async || ()).await?;
    let fault = |what: String| Err(format!("{} {}: {what}", list.id, list.query));
    if before.len() < BEFORE {
        return fault(format!("shows {} of {BEFORE}", before.len()));
    }
    let (reading, grown) = (Cell::new(true), Cell::new(0));
    let grow = async {
        while reading.get() && grown.get() < MEANWHILE {
            let added = add(sql, story, list).await;
            // Nor does the reader wait for one who has failed.
            grown.set(if added.is_ok() {
                grown.get() + 1
            } else {
                MEANWHILE
            });
            added?;
        }
        Ok::<_, String>(())
    };
    // On with the next page once another row is there.
    let wait = async || {
        let before = grown.get();
        while grown.get() == before && before < MEANWHILE {
            tokio::task::yield_now().await;
        }
    };
    let look = async {
        let seen = read(story, list, PAGE, wait).await;
        reading.set(false);
        seen
    };
    let (seen, done) = join(look, grow).await;
    let (seen, grown) = (seen?, grown.get());
    done?;
    let unique: BTreeSet<&String> = seen.iter().collect();
    let lost = before.iter().filter(|one| !unique.contains(one)).count();
    if unique.len() != seen.len() || lost > 0 || grown < BEFORE / PAGE {
        let repeated = seen.len() - unique.len();
        return fault(format!("{repeated} repeated, {lost} lost, {grown} came in"));
    }
    // Those who were there stand in the order in which they stood.
    let old: Vec<&String> = seen.iter().filter(|one| before.contains(one)).collect();
    if old != before.iter().collect::<Vec<_>>() {
        return fault("another order".to_owned());
    }
    Ok(())
}

#[actix_web::test]
async fn lists_are_read_to_their_end_while_they_grow() {
    let stage = stage().await;
    let story = Story::tell(&stage, Look::Nothing).await;
    let paged: BTreeSet<&str> = story
        .operations
        .iter()
        .filter(|(_, operation)| operation.takes("cursor"))
        .map(|(id, _)| id.as_str())
        .collect();
    let watched: BTreeSet<&str> = LISTS.iter().map(|list| list.id).collect();
    assert_eq!(paged, watched);
    let sql = stage.0.db.sql().await;
    let mut faults = Vec::new();
    for list in &LISTS {
        faults.extend(watch(&sql, &story, list).await.err());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
