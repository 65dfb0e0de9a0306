use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Bool, Integer, Text, Timestamptz};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::Clock;
use karya_managed_postgres::{EXTENSIONS, OLDEST_MAJOR};

use super::Findings;
use crate::config::Config;

/// How long the database may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, QueryableByName)]
struct Facts {
    #[diesel(sql_type = Integer)]
    version_number: i32,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    is_standby: bool,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
    /// Connections that are left for such as us.
    #[diesel(sql_type = Integer)]
    max_connections: i32,
}

#[derive(Debug, QueryableByName)]
struct Extension {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_installed: bool,
}

pub(super) async fn examine(findings: &mut Findings, config: &Config) {
    let connecting = karya_db::connect(&config.database.url);
    let conn = match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(conn)) => conn,
        Ok(Err(error)) => return unreachable(findings, config, &error.to_string()),
        Err(_elapsed) => return unreachable(findings, config, "no answer within 5 seconds"),
    };
    if let Err(error) = look(findings, config, &conn).await {
        findings.fail(
            "database",
            format!("a question was refused: {error}"),
            "see the log of PostgreSQL; the account should own the database",
        );
    }
}

fn unreachable(findings: &mut Findings, config: &Config, reason: &str) {
    // Parameters may hold a password too.
    let url = config.database.url.split('?').next().unwrap_or_default();
    let place = url
        .rsplit_once('@')
        .map_or("database.url", |(_, host)| host);
    findings.fail(
        "database",
        format!("{place}: {reason}"),
        "check that PostgreSQL runs there, that it lets this machine in, and the account in database.url",
    );
}

async fn look(
    findings: &mut Findings,
    config: &Config,
    conn: &AsyncPgConnection,
) -> QueryResult<()> {
    let asked = Clock::System.now();
    let facts = facts(conn).await?;
    let answered = Clock::System.now();
    findings.ok("database", format!("answers, PostgreSQL {}", facts.version));
    server(findings, &facts);
    clock(findings, asked, facts.now, answered);
    connections(findings, config, facts.max_connections);
    let is_migrated = migrations(findings, conn).await?;
    extensions(findings, conn, is_migrated).await?;
    if is_migrated {
        contents(findings, conn).await?;
        queue(findings, conn).await;
    }
    Ok(())
}

async fn facts(conn: &AsyncPgConnection) -> QueryResult<Facts> {
    diesel::sql_query(
        "SELECT current_setting('server_version_num')::int AS version_number, \
                current_setting('server_version') AS version, \
                current_setting('server_encoding') AS encoding, \
                pg_is_in_recovery() AS is_standby, \
                clock_timestamp() AS now, \
                current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
                    - coalesce(current_setting('reserved_connections', true)::int, 0) AS max_connections",
    )
    .get_result(&mut &*conn)
    .await
}

fn server(findings: &mut Findings, facts: &Facts) {
    let check = "database.version";
    if facts.version_number / 10_000 < OLDEST_MAJOR.cast_signed() {
        findings.fail(
            check,
            format!("PostgreSQL {} is too old", facts.version),
            format!("use PostgreSQL {OLDEST_MAJOR} or newer"),
        );
    } else {
        findings.ok(check, format!("{} is new enough", facts.version));
    }
    if facts.encoding != "UTF8" {
        findings.fail(
            check,
            format!("the encoding of the database is {}", facts.encoding),
            "create the database with ENCODING 'UTF8'",
        );
    }
    if facts.is_standby {
        findings.fail(
            check,
            "this is a standby, which cannot write",
            "point database.url at the primary",
        );
    }
}

fn clock(
    findings: &mut Findings,
    asked: DateTime<Utc>,
    database: DateTime<Utc>,
    answered: DateTime<Utc>,
) {
    let check = "clock";
    // The answer was given at some time between the two.
    let ahead = (database - answered)
        .max(asked - database)
        .max(chrono::TimeDelta::zero());
    let milliseconds = ahead.num_milliseconds();
    let found = format!("{milliseconds} ms at least between this machine and the database");
    let fix = "let both follow the same time servers (NTP)";
    match milliseconds {
        0..=1_999 => findings.ok(check, "this machine and the database agree"),
        2_000..=59_999 => findings.warn(check, found, fix),
        _ => findings.fail(check, found, fix),
    }
}

/// What one server and one worker open at most.
fn connections(findings: &mut Findings, config: &Config, available: i32) {
    let check = "connections";
    let database = &config.database;
    let server = database.max_connections
        + database.max_connections.div_ceil(4)
        + 2 * database.read_connections.max(1);
    // Each job has one of the queue and one of ours; listening, upkeep and keys have their own.
    let worker = 2 * config.worker.concurrency + 4;
    let available = usize::try_from(available).unwrap_or_default();
    let found =
        format!("a server opens up to {server} and a worker {worker}, of {available} there are");
    if server + worker > available {
        findings.fail(
            check,
            found,
            "raise max_connections of PostgreSQL, or lower database.max_connections",
        );
    } else if 2 * server + worker > available {
        findings.warn(
            check,
            format!("{found}: a second server does not fit"),
            "before you start one, raise max_connections of PostgreSQL or put PgBouncer in front",
        );
    } else {
        findings.ok(check, found);
    }
}

/// Whether the database has the tables of this program.
async fn migrations(findings: &mut Findings, conn: &AsyncPgConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Was {
        #[diesel(sql_type = Bool)]
        migrated: bool,
    }
    let check = "migrations";
    let was: Was = diesel::sql_query(
        "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AND to_regclass('graphile_worker._private_jobs') IS NOT NULL AS migrated",
    )
    .get_result(&mut &*conn)
    .await?;
    if !was.migrated {
        findings.fail(
            check,
            "the database was never migrated",
            "run `karya migrate up`",
        );
        return Ok(false);
    }
    let (pending, unknown) = karya_db::migrations::compare(conn).await?;
    if let [first, ..] = pending.as_slice() {
        findings.fail(
            check,
            format!("{} are missing, the first is {first}", pending.len()),
            "run `karya migrate up`",
        );
    } else if unknown > 0 {
        findings.warn(
            check,
            format!("the database has {unknown} that this program does not know"),
            "use the program of the newer release",
        );
    } else {
        findings.ok(check, "every one is applied");
    }
    Ok(pending.is_empty())
}

async fn extensions(
    findings: &mut Findings,
    conn: &AsyncPgConnection,
    is_migrated: bool,
) -> QueryResult<()> {
    let check = "extensions";
    let found: Vec<Extension> = diesel::sql_query(
        "SELECT name::text AS name, installed_version IS NOT NULL AS is_installed \
         FROM pg_available_extensions WHERE name = ANY($1) ORDER BY name",
    )
    .bind::<Array<Text>, _>(EXTENSIONS.as_slice())
    .load(&mut &*conn)
    .await?;
    let is_there = |name: &str, installed: bool| {
        found
            .iter()
            .any(|one| one.name == name && (one.is_installed || !installed))
    };
    let missing: Vec<&str> = EXTENSIONS
        .into_iter()
        .filter(|name| !is_there(name, is_migrated))
        .collect();
    if missing.is_empty() {
        findings.ok(check, format!("{} are there", EXTENSIONS.join(", ")));
    } else {
        findings.fail(
            check,
            format!("{} are missing", missing.join(", ")),
            "install PostgreSQL's contrib package, then CREATE EXTENSION as the owner of the database",
        );
    }
    Ok(())
}

/// What is in the tables: data that production refuses, and how far delta sync is behind.
async fn contents(findings: &mut Findings, conn: &AsyncPgConnection) -> QueryResult<()> {
    if karya_auth::queries::demo_users_exist(conn).await? {
        findings.fail(
            "demo_accounts",
            "the database holds demo accounts with known passwords",
            "production needs a database that `karya seed demo` and `karya dev` never filled",
        );
    } else {
        findings.ok("demo_accounts", "none");
    }
    let lag = karya_db::sync::watermark_lag(conn).await?;
    if lag > 60.0 {
        findings.warn(
            "sync",
            format!("a transaction writes for {lag:.0} s, and GET /v1/sync waits for its end"),
            "find it in pg_stat_activity (oldest xact_start with a backend_xid), and end it if it is forgotten",
        );
    } else {
        findings.ok("sync", format!("{lag:.1} s behind"));
    }
    Ok(())
}

async fn queue(findings: &mut Findings, conn: &AsyncPgConnection) {
    let check = "queue";
    let stats = match karya_jobs::stats(conn).await {
        Ok(stats) => stats,
        Err(error) => {
            findings.fail(
                check,
                format!("the queue cannot be counted: {error}"),
                "run `karya migrate up`",
            );
            return;
        }
    };
    let age = stats.oldest_ready_seconds;
    let waiting = format!("{} jobs are due, the oldest for {age} s", stats.ready);
    let start = "start `karya work`, or more of them; its log says what holds it up";
    match age {
        0..=60 => findings.ok(check, waiting),
        61..=900 => findings.warn(check, waiting, start),
        _ => findings.fail(check, waiting, start),
    }
    if stats.dead > 0 {
        findings.warn(
            check,
            format!("{} jobs are dead: they failed too often", stats.dead),
            "read last_error in graphile_worker._private_jobs; after mending the cause, set attempts = 0 and run_at = now()",
        );
    }
}
