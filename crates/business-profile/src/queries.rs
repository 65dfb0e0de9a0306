//! One SQL statement per function.

pub(crate) mod rights;

use diesel::dsl::AsSelect;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::region::RegionLevel;
use karya_core::{BusinessId, Coordinates, PageSize, RegionCode, UserId};
use karya_db::functions::{
    away, circle, distance_m, fold, inside, left, matches, point, search_query, search_rank,
    word_similar,
};
use karya_db::schema::{business_members, business_registrations, business_slugs, businesses};
use serde::{Deserialize, Serialize};

use crate::model::{BusinessRow, MemberRole, NewMember, RegistrationRow, SummaryRow};

/// A business, its registration, and what the viewer is in it.
pub(crate) type Found = (BusinessRow, RegistrationRow, Option<MemberRole>);

/// By what a business is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'a> {
    Id(BusinessId),
    Slug(&'a str),
}

/// A business with its sealed NPWP and NIK.
type SealedNumbers = (BusinessId, Option<Vec<u8>>, Option<Vec<u8>>);

/// The sealed identity numbers of the businesses that somebody registered.
pub(crate) async fn sealed_numbers(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<SealedNumbers>> {
    business_registrations::table
        .filter(business_registrations::registered_by.eq(user))
        .select((
            business_registrations::business_id,
            business_registrations::npwp_sealed,
            business_registrations::nik_sealed,
        ))
        .order(business_registrations::business_id)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    key: Key<'_>,
    viewer: Option<UserId>,
) -> QueryResult<Option<Found>> {
    let all = found(viewer);
    match key {
        Key::Id(id) => all
            .filter(businesses::id.eq(id))
            .first(&mut &*conn)
            .await
            .optional(),
        // Old ones too.
        Key::Slug(slug) => all
            .filter(
                businesses::id.eq_any(
                    business_slugs::table
                        .find(slug)
                        .select(business_slugs::business_id),
                ),
            )
            .first(&mut &*conn)
            .await
            .optional(),
    }
}

/// Those of the businesses that exist, in no order.
pub(crate) async fn find_many(
    conn: &AsyncPgConnection,
    ids: &[BusinessId],
    viewer: UserId,
) -> QueryResult<Vec<Found>> {
    found(Some(viewer))
        .filter(businesses::id.eq_any(ids))
        .load(&mut &*conn)
        .await
}

/// Every business that is not deleted, with what the viewer is in it.
#[diesel::dsl::auto_type(no_type_alias)]
fn found(viewer: Option<UserId>) -> _ {
    let viewer: UserId = viewer.unwrap_or(UserId::from_uuid(uuid::Uuid::nil()));
    let membership = business_members::business_id
        .eq(businesses::id)
        .and(business_members::user_id.eq(viewer));
    let shown: (
        AsSelect<BusinessRow, Pg>,
        AsSelect<RegistrationRow, Pg>,
        diesel::dsl::Nullable<business_members::role>,
    ) = (
        BusinessRow::as_select(),
        RegistrationRow::as_select(),
        business_members::role.nullable(),
    );
    businesses::table
        .inner_join(business_registrations::table)
        .left_join(business_members::table.on(membership))
        .filter(businesses::deleted_at.is_null())
        .select(shown)
}

/// Which businesses a list shows.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) subsector: Option<String>,
    pub(crate) region: Option<RegionCode>,
    pub(crate) text: Option<String>,
    /// Around a point, within so many metres.
    pub(crate) near: Option<(Coordinates, f64)>,
}

type Listed<'a> = businesses::BoxedQuery<'a, Pg>;

fn visible(filter: &Filter) -> Listed<'_> {
    let mut query = businesses::table.filter(businesses::is_listed).into_boxed();
    if let Some(subsector) = &filter.subsector {
        query = query.filter(businesses::subsectors.contains(vec![subsector]));
    }
    if let Some(region) = &filter.region {
        let code = region.as_str();
        query = match region.level() {
            RegionLevel::Province => query.filter(left(businesses::region_code, 2).eq(code)),
            RegionLevel::Regency => query.filter(left(businesses::region_code, 5).eq(code)),
            // Codes below `33.75.01` lie between `33.75.01.` and `33.75.01/` in the C collation of the column.
            RegionLevel::District => query.filter(
                businesses::region_code
                    .ge(format!("{code}."))
                    .and(businesses::region_code.lt(format!("{code}/"))),
            ),
            RegionLevel::Village => query.filter(businesses::region_code.eq(code)),
        };
    }
    if let Some((center, radius)) = filter.near {
        let center_point = point(Some(center.longitude), Some(center.latitude));
        query = query.filter(inside(
            businesses::shown_at,
            circle(center_point, degrees(center, radius)),
        ));
    }
    query
}

/// The radius of a circle in degrees that holds the one in metres: a degree of longitude is the shorter, the further
/// from the equator.
fn degrees(center: Coordinates, radius_m: f64) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let latitude = radius_m / METRES_PER_DEGREE;
    let furthest = (center.latitude.abs() + latitude).min(89.0);
    latitude / furthest.to_radians().cos() * 1.001
}

/// Newest first. `after`: the last id of the page before.
pub(crate) async fn list_newest(
    conn: &AsyncPgConnection,
    filter: &Filter,
    size: PageSize,
    after: Option<BusinessId>,
) -> QueryResult<Vec<SummaryRow>> {
    let mut query = visible(filter).select(SummaryRow::as_select());
    if let Some(id) = after {
        query = query.filter(businesses::id.lt(id));
    }
    query
        .order(businesses::id.desc())
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// A business near a point: how far in metres, and in degrees, by which the list is sorted.
pub(crate) type Near = (SummaryRow, Option<f64>, f64);

/// Nearest first, in degrees: PostgreSQL has them at hand, and over the archipelago a degree of longitude is at most
/// two per cent shorter than one of latitude. The rim of the circle holds some that are too far; the caller drops them.
/// `after`: degrees and id of the last one of the page before.
pub(crate) async fn list_nearest(
    conn: &AsyncPgConnection,
    filter: &Filter,
    center: Coordinates,
    size: PageSize,
    after: Option<(f64, BusinessId)>,
) -> QueryResult<Vec<Near>> {
    let center = || point(Some(center.longitude), Some(center.latitude));
    let metres = distance_m(businesses::shown_at, center());
    let degrees = || away(businesses::shown_at, center()).assume_not_null();
    let mut query = visible(filter).select((SummaryRow::as_select(), metres, degrees()));
    if let Some((far, id)) = after {
        query = query.filter(
            degrees()
                .gt(far)
                .or(degrees().eq(far).and(businesses::id.gt(id))),
        );
    }
    query
        .order((degrees().asc(), businesses::id.asc()))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// How a text finds businesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Search {
    /// By its words, in names and descriptions.
    Words,
    /// By likeness to a name: for what has typing errors, and tried when no word fits, since it costs more.
    Likeness,
}

/// How many businesses a search ranks, the newest that match. A common word fits more than anyone pages through, and
/// ranking them all would take a second.
const RANKED: i64 = 200;

/// Best match first, each with its rank. `after`: rank and id of the last one of the page before.
pub(crate) async fn list_best(
    conn: &AsyncPgConnection,
    filter: &Filter,
    (text, search): (&str, Search),
    size: PageSize,
    after: Option<(f32, BusinessId)>,
) -> QueryResult<Vec<(SummaryRow, f32)>> {
    let candidates = match search {
        Search::Words => visible(filter).filter(matches(businesses::search, search_query(text))),
        Search::Likeness => {
            visible(filter).filter(word_similar(fold(text), fold(businesses::name)))
        }
    };
    let candidates = candidates
        .select(businesses::id)
        .order(businesses::id.desc())
        .limit(RANKED);
    let rank = || search_rank(businesses::search, businesses::name, text);
    let mut query = businesses::table
        .filter(businesses::id.eq_any(candidates))
        .select((SummaryRow::as_select(), rank()))
        .into_boxed();
    if let Some((low, id)) = after {
        query = query.filter(rank().lt(low).or(rank().eq(low).and(businesses::id.lt(id))));
    }
    query
        .order((rank().desc(), businesses::id.desc()))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// The businesses of a member, newest first.
pub(crate) async fn list_of_member(
    conn: &AsyncPgConnection,
    member: UserId,
    size: PageSize,
    after: Option<BusinessId>,
) -> QueryResult<Vec<(SummaryRow, MemberRole)>> {
    let mut query = businesses::table
        .inner_join(business_members::table)
        .filter(
            business_members::user_id
                .eq(member)
                .and(businesses::deleted_at.is_null()),
        )
        .select((SummaryRow::as_select(), business_members::role))
        .into_boxed();
    if let Some(id) = after {
        query = query.filter(businesses::id.lt(id));
    }
    query
        .order(businesses::id.desc())
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &BusinessRow) -> QueryResult<usize> {
    diesel::insert_into(businesses::table)
        .values(row)
        .execute(conn)
        .await
}

pub(crate) async fn insert_registration(
    conn: &mut AsyncPgConnection,
    row: &RegistrationRow,
) -> QueryResult<usize> {
    diesel::insert_into(business_registrations::table)
        .values(row)
        .execute(conn)
        .await
}

pub(crate) async fn insert_member(
    conn: &mut AsyncPgConnection,
    row: &NewMember,
) -> QueryResult<usize> {
    diesel::insert_into(business_members::table)
        .values(row)
        .execute(conn)
        .await
}

/// Keeps others from changing the business until the transaction ends.
pub(crate) async fn lock(conn: &mut AsyncPgConnection, id: BusinessId) -> QueryResult<usize> {
    let locked: Vec<BusinessId> = businesses::table
        .find(id)
        .select(businesses::id)
        .for_update()
        .load(conn)
        .await?;
    Ok(locked.len())
}

pub(crate) async fn delete_registration(
    conn: &mut AsyncPgConnection,
    id: BusinessId,
) -> QueryResult<usize> {
    diesel::delete(business_registrations::table.find(id))
        .execute(conn)
        .await
}

/// Writes the row if the business still has the version `expected`.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    expected: i32,
    row: &BusinessRow,
) -> QueryResult<usize> {
    let current = businesses::version
        .eq(expected)
        .and(businesses::deleted_at.is_null());
    diesel::update(businesses::table.find(row.id).filter(current))
        .set(row)
        .execute(conn)
        .await
}

pub(crate) async fn update_registration(
    conn: &mut AsyncPgConnection,
    row: &RegistrationRow,
) -> QueryResult<usize> {
    diesel::update(business_registrations::table.find(row.business_id))
        .set(row)
        .execute(conn)
        .await
}

/// Marks a business as deleted if it still has the version `expected`.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    id: BusinessId,
    expected: i32,
    now: chrono::DateTime<chrono::Utc>,
) -> QueryResult<usize> {
    let current = businesses::version
        .eq(expected)
        .and(businesses::deleted_at.is_null());
    diesel::update(businesses::table.find(id).filter(current))
        .set((
            businesses::deleted_at.eq(now),
            businesses::version.eq(expected + 1),
            businesses::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}
