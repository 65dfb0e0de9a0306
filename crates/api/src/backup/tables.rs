//! What the database has, and copying it out and in.

use std::io::{Read, Write};
use std::pin::pin;

use actix_web::web::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::Client;

use super::checksum::Checksum;
use super::manifest::{Manifest, Sequence, Table};
use super::{Failure, explain};

/// Which relations are ours: not PostgreSQL's, and not an extension's.
const OURS: &str = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' \
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// Every table, without rows and checksum.
pub(super) async fn list(client: &Client) -> Result<Vec<Table>, Failure> {
    let statement = format!(
        "SELECT n.nspname::text, c.relname::text, array_agg(a.attname::text ORDER BY a.attname::text COLLATE \"C\") \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
         WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {OURS} \
         GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let rows = client.query(&statement, &[]).await.map_err(explain)?;
    let table = |row: &tokio_postgres::Row| Table {
        schema: row.get(0),
        name: row.get(1),
        columns: row.get(2),
        rows: 0,
        checksum: String::new(),
    };
    Ok(rows.iter().map(table).collect())
}

pub(super) async fn sequences(client: &Client) -> Result<Vec<Sequence>, Failure> {
    let rows = client
        .query(
            "SELECT schemaname::text, sequencename::text, last_value FROM pg_sequences ORDER BY 1, 2",
            &[],
        )
        .await
        .map_err(explain)?;
    let sequence = |row: &tokio_postgres::Row| Sequence {
        schema: row.get(0),
        name: row.get(1),
        last_value: row.get(2),
    };
    Ok(rows.iter().map(sequence).collect())
}

/// The versions of the migrations that the database has, ours and the queue's; none where it was never migrated.
pub(super) async fn schema(client: &Client) -> Result<Option<(Vec<String>, i32)>, Failure> {
    let row = client
        .query_one(
            "SELECT to_regclass('public.__diesel_schema_migrations') IS NOT NULL \
                AND to_regclass('graphile_worker.migrations') IS NOT NULL",
            &[],
        )
        .await
        .map_err(explain)?;
    if !row.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = client
        .query_one(
            "SELECT (SELECT array_agg(version::text ORDER BY version) FROM public.__diesel_schema_migrations), \
                    (SELECT max(id) FROM graphile_worker.migrations)",
            &[],
        )
        .await
        .map_err(explain)?;
    let versions: Option<Vec<String>> = row.get(0);
    let queue: Option<i32> = row.get(1);
    Ok(versions.zip(queue))
}

/// Counts and sums the rows of a table, and writes them to `sink`.
pub(super) async fn copy_out(
    client: &Client,
    mut table: Table,
    sink: &mut dyn Write,
) -> Result<Table, Failure> {
    let statement = format!("COPY {} ({}) TO STDOUT", table.sql(), table.columns_sql());
    let rows = client.copy_out(&statement).await.map_err(explain)?;
    let mut rows = pin!(rows);
    let mut checksum = Checksum::new();
    while let Some(piece) = rows.next().await {
        let piece = piece.map_err(explain)?;
        checksum.feed(&piece);
        sink.write_all(&piece)?;
    }
    table.rows = checksum.rows();
    table.checksum = checksum.text();
    Ok(table)
}

/// Fills a table with the rows that `source` has.
pub(super) async fn copy_in(
    client: &Client,
    table: &Table,
    source: &mut dyn Read,
) -> Result<(), Failure> {
    let statement = format!("COPY {} ({}) FROM STDIN", table.sql(), table.columns_sql());
    let sink = client.copy_in(&statement).await.map_err(explain)?;
    let mut sink = pin!(sink);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = source.read(&mut piece)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else {
            break;
        };
        sink.send(Bytes::copy_from_slice(read))
            .await
            .map_err(explain)?;
    }
    sink.finish().await.map_err(explain)?;
    Ok(())
}

/// In what the database differs from the manifest; empty: in nothing.
pub(super) async fn differences(
    client: &Client,
    manifest: &Manifest,
    queue_counts: bool,
) -> Result<Vec<String>, Failure> {
    let mut found = list(client).await?;
    let mut differences = Vec::new();
    for wanted in &manifest.tables {
        let Some(at) = found
            .iter()
            .position(|table| table.schema == wanted.schema && table.name == wanted.name)
        else {
            differences.push(format!("{} is not there", wanted.sql()));
            continue;
        };
        let table = found.swap_remove(at);
        if wanted.is_bookkeeping() && !queue_counts {
            continue;
        }
        if table.columns != wanted.columns {
            differences.push(format!("{} has other columns", wanted.sql()));
            continue;
        }
        let table = copy_out(client, table, &mut std::io::sink()).await?;
        if table.rows != wanted.rows {
            differences.push(format!(
                "{} has {} rows instead of {}",
                wanted.sql(),
                table.rows,
                wanted.rows
            ));
        } else if table.checksum != wanted.checksum {
            differences.push(format!("{} has other rows", wanted.sql()));
        }
    }
    differences.extend(
        found
            .iter()
            .map(|table| format!("{} is not in the backup", table.sql())),
    );
    Ok(differences)
}

/// How many relations and functions of ours the database has: none in an empty one.
pub(super) async fn population(client: &Client) -> Result<i64, Failure> {
    let statement = format!(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {OURS}"
    );
    let row = client.query_one(&statement, &[]).await.map_err(explain)?;
    Ok(row.get(0))
}

/// Deletes everything of ours: tables, functions, types, other schemas. Extensions stay.
pub(super) async fn wipe(client: &Client) -> Result<(), Failure> {
    client.batch_execute(WIPE).await.map_err(explain)
}

const WIPE: &str = r"
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT nspname FROM pg_namespace n
        WHERE nspname NOT IN ('public', 'pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\_%'
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', it.nspname);
    END LOOP;
    FOR it IN SELECT c.relname, c.relkind FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP %s IF EXISTS public.%I CASCADE',
            CASE it.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
            it.relname);
    END LOOP;
    FOR it IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS public.%I CASCADE', it.relname);
    END LOOP;
    FOR it IN SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        -- One that was dropped along with another has no name any more.
        IF EXISTS (SELECT FROM pg_proc WHERE oid = it.oid) THEN
            EXECUTE format('DROP ROUTINE %s CASCADE', it.oid::regprocedure);
        END IF;
    END LOOP;
    FOR it IN SELECT t.oid FROM pg_type t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e', 'r')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
    LOOP
        IF EXISTS (SELECT FROM pg_type WHERE oid = it.oid) THEN
            EXECUTE format('DROP TYPE %s CASCADE', it.oid::regtype);
        END IF;
    END LOOP;
END $$";
