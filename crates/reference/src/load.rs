use diesel::prelude::*;
use diesel::sql_types::{Array, SmallInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use karya_core::sealing::sha256;
use karya_db::schema::reference_datasets;

use crate::{regions, subsectors};

/// What [`load`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Names of the data sets whose rows were renewed.
    pub renewed: Vec<String>,
}

/// Makes the tables hold what the program ships. Does nothing when they do already. A region that the data no longer
/// have stays: addresses may point at it.
pub async fn load(conn: &mut AsyncPgConnection) -> QueryResult<Loaded> {
    conn.transaction(async |conn| {
        let mut loaded = Loaded::default();
        let parts = [
            regions::PROVINCES,
            regions::REGENCIES,
            regions::DISTRICTS,
            regions::VILLAGES,
        ];
        if is_stale(conn, "regions", &parts.concat()).await? {
            for part in parts {
                let (codes, names): (Vec<_>, Vec<_>) = regions::rows(part)
                    .map(|line| (regions::region(line).code, regions::region(line).name))
                    .unzip();
                insert_regions(conn, &codes, &names).await?;
            }
            loaded.renewed.push("regions".into());
        }
        if is_stale(conn, "subsectors", subsectors::DATA).await? {
            insert_subsectors(conn).await?;
            loaded.renewed.push("subsectors".into());
        }
        Ok(loaded)
    })
    .await
}

/// Records the edition; whether it is another than before.
async fn is_stale(conn: &mut AsyncPgConnection, name: &str, data: &str) -> QueryResult<bool> {
    use diesel::query_dsl::methods::FilterDsl;
    let checksum = sha256(data.as_bytes());
    let values = (
        reference_datasets::name.eq(name),
        reference_datasets::checksum.eq(&checksum),
    );
    let changed = diesel::insert_into(reference_datasets::table)
        .values(values)
        .on_conflict(reference_datasets::name)
        .do_update()
        .set((
            reference_datasets::checksum.eq(&checksum),
            reference_datasets::loaded_at.eq(diesel::dsl::now),
        ))
        .filter(reference_datasets::checksum.ne(&checksum))
        .execute(conn)
        .await?;
    Ok(changed > 0)
}

async fn insert_regions(
    conn: &mut AsyncPgConnection,
    codes: &[&str],
    names: &[&str],
) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO regions (code, parent_code, name) \
         SELECT code, nullif(regexp_replace(code, '\\.?[^.]+$', ''), ''), name FROM unnest($1, $2) AS row (code, name) \
         ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE regions.name <> excluded.name",
    )
    .bind::<Array<Text>, _>(codes)
    .bind::<Array<Text>, _>(names)
    .execute(conn)
    .await
}

async fn insert_subsectors(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    let codes: Vec<&str> = subsectors::all()
        .iter()
        .map(|subsector| subsector.code.as_str())
        .collect();
    let positions: Vec<i16> = subsectors::all()
        .iter()
        .map(|subsector| subsector.position)
        .collect();
    diesel::sql_query(
        "INSERT INTO subsectors (code, position) SELECT * FROM unnest($1, $2) \
         ON CONFLICT (code) DO UPDATE SET position = excluded.position",
    )
    .bind::<Array<Text>, _>(codes)
    .bind::<Array<SmallInt>, _>(positions)
    .execute(conn)
    .await
}
