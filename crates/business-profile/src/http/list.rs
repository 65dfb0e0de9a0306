use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use karya_core::{BusinessId, Coordinates, Cursors, PageSize, RegionCode, Rule, Text, Words};
use karya_db::Db;
use karya_reference::{regions, subsectors};
use karya_web::codes::CURSOR_MISMATCH;
use karya_web::{Actor, CommonProblems, Problem, ProblemBody, Query, Reply};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::view::{BusinessPage, BusinessSummary};
use crate::BusinessError;
use crate::queries::{self, Filter};

const DEFAULT_RADIUS_M: f64 = 10_000.0;
const MAX_RADIUS_M: f64 = 200_000.0;

const NEAR: Rule = Rule::Format(Words {
    id: "harus lintang,bujur, contoh: -6.8886,109.6753",
    en: "must be latitude,longitude, such as -6.8886,109.6753",
});
const NEEDS_NEAR: Rule = Rule::Other {
    code: "needs_near",
    words: Words {
        id: "membutuhkan `near`",
        en: "needs `near`",
    },
};

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BusinessFilter {
    /// Only this subsector, main or further.
    #[param(nullable = false, max_length = 40, example = "kriya")]
    subsector: Option<String>,
    /// Only this region and those below it, by Kemendagri code of any level.
    #[param(nullable = false, max_length = 13, example = "33.75")]
    region: Option<String>,
    /// Words in the name or description; forgives typing errors in the name. Best match first.
    #[param(
        nullable = false,
        min_length = 2,
        max_length = 100,
        example = "batik tulis"
    )]
    q: Option<String>,
    /// Around this point, as `latitude,longitude`. Nearest first, unless `q` is given.
    #[param(nullable = false, max_length = 50, example = "-6.8886,109.6753")]
    near: Option<String>,
    /// How far around `near`, in metres; 10,000 unless given.
    #[param(nullable = false, minimum = 1, maximum = 200_000, example = 10_000)]
    radius_m: Option<f64>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing)]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing)]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

impl BusinessFilter {
    /// What a cursor is bound to: the list and all that selects, but not the page size.
    fn scope(&self) -> String {
        serde_json::to_string(&("businesses", self)).unwrap_or_default()
    }

    fn parse(&self) -> Result<Filter, Problem> {
        let named = |name: &'static str| move |rule| Problem::parameter(name, rule);
        let subsector = self
            .subsector
            .as_deref()
            .map(subsectors::parse)
            .transpose()
            .map_err(named("subsector"))?;
        let region = self
            .region
            .as_deref()
            .map(region)
            .transpose()
            .map_err(named("region"))?;
        let text = self
            .q
            .as_deref()
            .map(|q| Text::line(q, 2, 100))
            .transpose()
            .map_err(named("q"))?;
        let near = self
            .near
            .as_deref()
            .map(coordinates)
            .transpose()
            .map_err(named("near"))?;
        let radius = match (near, self.radius_m) {
            (None, Some(_)) => return Err(Problem::parameter("radius_m", NEEDS_NEAR)),
            (_, None) => DEFAULT_RADIUS_M,
            (_, Some(radius)) if (1.0..=MAX_RADIUS_M).contains(&radius) => radius,
            _ => {
                return Err(Problem::parameter(
                    "radius_m",
                    Rule::OutOfRange {
                        min: 1.0,
                        max: MAX_RADIUS_M,
                    },
                ));
            }
        };
        Ok(Filter {
            subsector: subsector.map(str::to_owned),
            region,
            text: text.map(Text::into_string),
            near: near.map(|at| (at, radius)),
        })
    }
}

fn region(raw: &str) -> Result<RegionCode, Rule> {
    let code = RegionCode::parse(raw)?;
    if regions::find(code.as_str()).is_some() {
        Ok(code)
    } else {
        Err(Rule::NotFound)
    }
}

fn coordinates(raw: &str) -> Result<Coordinates, Rule> {
    let (latitude, longitude) = raw.split_once(',').ok_or(NEAR)?;
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite())
            .ok_or(NEAR)
    };
    Coordinates::parse(number(latitude)?, number(longitude)?)
}

fn after<K: DeserializeOwned>(
    cursors: &Cursors,
    scope: &str,
    cursor: Option<&str>,
) -> Result<Option<K>, Problem> {
    let decode = |cursor| {
        cursors
            .decode(scope, cursor)
            .map_err(|_mismatch| Problem::of(&CURSOR_MISMATCH))
    };
    cursor.map(decode).transpose()
}

/// Cuts the extra row off; the key of the last row that stays leads to the next page.
fn page<T, K: Serialize>(
    mut rows: Vec<T>,
    size: PageSize,
    cursors: &Cursors,
    scope: &str,
    key: impl Fn(&T) -> K,
    view: impl Fn(T) -> BusinessSummary,
) -> BusinessPage {
    let more = rows.len() > size.get();
    rows.truncate(size.get());
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .and_then(|last| cursors.encode(scope, &key(last)));
    BusinessPage {
        items: rows.into_iter().map(view).collect(),
        next_cursor,
    }
}

/// List businesses
///
/// The active ones, newest first; with `q` the best match first, with `near` the nearest first.
#[utoipa::path(tag = "businesses", params(BusinessFilter), responses(
    (status = 200, description = "A page of businesses", body = BusinessPage),
    CommonProblems,
))]
#[get("/businesses")]
pub(crate) async fn list_businesses(
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<BusinessFilter>,
) -> Result<HttpResponse, Problem> {
    let size = PageSize::parse(query.limit).map_err(|rule| Problem::parameter("limit", rule))?;
    let (filter, scope, cursor) = (query.parse()?, query.scope(), query.cursor.as_deref());
    let page = if let Some(text) = &filter.text {
        let after = after(&cursors, &scope, cursor)?;
        // Ranking takes time that depends on the words: not on a connection that others wait behind.
        let conn = db.conn().await?;
        let rows = queries::list_best(&conn, &filter, text, size, after)
            .await
            .map_err(BusinessError::from)?;
        page(
            rows,
            size,
            &cursors,
            &scope,
            |(row, rank)| (*rank, row.id),
            |(row, _)| BusinessSummary::new(row, None, None),
        )
    } else if let Some((center, _)) = filter.near {
        let after = after(&cursors, &scope, cursor)?;
        let conn = db.conn().await?;
        let rows = queries::list_nearest(&conn, &filter, center, size, after)
            .await
            .map_err(BusinessError::from)?;
        page(
            rows,
            size,
            &cursors,
            &scope,
            |(row, distance)| (distance.unwrap_or_default(), row.id),
            |(row, distance)| BusinessSummary::new(row, distance, None),
        )
    } else {
        let after: Option<BusinessId> = after(&cursors, &scope, cursor)?;
        let reader = db.read_list().await?;
        let rows = queries::list_newest(&reader, &filter, size, after)
            .await
            .map_err(BusinessError::from)?;
        page(
            rows,
            size,
            &cursors,
            &scope,
            |row| row.id,
            |row| BusinessSummary::new(row, None, None),
        )
    };
    let reply = Reply::ok(&page)?.header(
        "cache-control",
        "public, max-age=30, stale-while-revalidate=300",
    );
    Ok(reply.into())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MyBusinessesPage {
    /// Items on a page; 20 unless given.
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// List my businesses
///
/// Those that the caller is a member of, in any state, newest first.
#[utoipa::path(tag = "businesses", security(("bearer" = [])), params(MyBusinessesPage), responses(
    (status = 200, description = "A page of businesses", body = BusinessPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/businesses")]
pub(crate) async fn list_my_businesses(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<MyBusinessesPage>,
) -> Result<HttpResponse, Problem> {
    let size = PageSize::parse(query.limit).map_err(|rule| Problem::parameter("limit", rule))?;
    let scope = format!("my-businesses {}", actor.user_id);
    let after = after(&cursors, &scope, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::list_of_member(&reader, actor.user_id, size, after)
        .await
        .map_err(BusinessError::from)?;
    let view = |(row, role)| BusinessSummary::new(row, None, Some(role));
    Ok(Reply::ok(&page(rows, size, &cursors, &scope, |(row, _)| row.id, view))?.into())
}
