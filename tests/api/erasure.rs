//! What erasing an account leaves: that every column is accounted for, and that nothing is left of whoever went.

use std::collections::{BTreeMap, BTreeSet};

use karya::rights::erasures::{ERASURES, Step};

use crate::harness::TestApp;

/// A column that could name a person or hold what one wrote.
pub struct Column {
    pub name: String,
    /// As PostgreSQL calls it.
    pub kind: String,
    /// Whether it holds the id of an account, by a foreign key.
    pub names_account: bool,
}

/// Columns that could, by table: ids that refer to accounts or to nothing, texts that are not one of a list, and what
/// holds anything (jsonb, bytea). Not those that refer to something else, are made from others, or are a row's own id.
pub async fn suspicious(app: &TestApp) -> BTreeMap<String, Vec<Column>> {
    let query = "WITH RECURSIVE people(class, attribute) AS (
            SELECT 'users'::regclass::oid, attnum FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'id'
        UNION SELECT c.conrelid, c.conkey[place] FROM people
            JOIN pg_constraint c ON c.contype = 'f' AND c.confrelid = class
            CROSS JOIN LATERAL generate_subscripts(c.conkey, 1) AS place
            WHERE c.confkey[place] = attribute)
        SELECT k.table_name::text, k.column_name::text, k.udt_name::text, p.class IS NOT NULL
        FROM information_schema.columns k
        JOIN pg_class t ON t.relname = k.table_name AND t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = k.column_name
        LEFT JOIN people p ON p.class = t.oid AND p.attribute = a.attnum
        WHERE k.table_schema = 'public' AND k.table_name <> '__diesel_schema_migrations' AND k.is_generated = 'NEVER'
          AND k.udt_name IN ('uuid', '_uuid', 'text', 'citext', 'varchar', '_text', 'json', 'jsonb', 'bytea', 'inet', 'point')
          AND (p.class IS NOT NULL OR NOT EXISTS (
            SELECT FROM pg_constraint c WHERE c.conrelid = t.oid AND (
                (c.contype = 'f' AND a.attnum = ANY (c.conkey))
                OR (c.contype = 'p' AND k.udt_name = 'uuid' AND c.conkey = ARRAY[a.attnum])
                OR (c.contype = 'c' AND c.conkey = ARRAY[a.attnum] AND pg_get_constraintdef(c.oid) LIKE '%= ANY (ARRAY[%'))))
        ORDER BY 1, 2";
    let mut found: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in app.db.sql().await.query(query, &[]).await.unwrap() {
        let column = Column {
            name: row.get(1),
            kind: row.get(2),
            names_account: row.get(3),
        };
        found.entry(row.get(0)).or_default().push(column);
    }
    found
}

#[actix_web::test]
async fn every_column_that_could_name_a_person_is_accounted_for() {
    let app = TestApp::new().await;
    let query = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND relname <> '__diesel_schema_migrations'";
    let rows = app.db.sql().await.query(query, &[]).await.unwrap();
    let tables: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let listed: BTreeSet<String> = ERASURES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(listed.len(), ERASURES.len(), "each once");
    assert_eq!(
        listed, tables,
        "decide in rights/erasures.rs what becomes of a new table when somebody goes"
    );
    let mut suspicious = suspicious(&app).await;
    let mut faults = Vec::new();
    for (table, erasure) in ERASURES {
        let columns = suspicious.remove(*table).unwrap_or_default();
        let kept = |column: &str| erasure.kept.iter().any(|(name, _)| *name == column);
        let set = |column: &str| {
            erasure.steps.iter().any(|step| match step {
                Step::Set(_, values) => values.iter().any(|(name, _)| *name == column),
                Step::Delete(_) => false,
            })
        };
        let deletes: Vec<&str> = erasure
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Delete(rows) => Some(*rows),
                Step::Set(..) => None,
            })
            .collect();
        for column in &columns {
            let name = column.name.as_str();
            let is_id = column.kind.contains("uuid");
            let by_id = deletes
                .iter()
                .any(|rows| rows.contains(&format!("t.{name} = $1")));
            // What somebody wrote goes with the row; an id goes only where the rows are chosen by it. Where some rows
            // of a table go and others stay, the rest is to be said too.
            let goes = if is_id {
                by_id
            } else {
                !deletes.is_empty() && deletes.len() == erasure.steps.len()
            };
            let impersonal = erasure.impersonal.is_some() && !column.names_account;
            if !(kept(name) || set(name) || goes || impersonal) {
                faults.push(format!("{table}.{name}"));
            }
        }
        for (column, reason) in erasure.kept {
            let known = columns.iter().any(|known| known.name == *column);
            if !known || reason.len() < 5 {
                faults.push(format!("{table} keeps {column}, which is none of these"));
            }
        }
        if erasure.impersonal.is_some_and(|reason| reason.len() < 10) {
            faults.push(format!("{table} gives no reason"));
        }
    }
    assert_eq!(faults, [] as [String; 0]);
}
