use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use karya_core::{BusinessId, Coordinates, Cursors, RegionCode, Rule, Text, Words};
use karya_db::Db;
use karya_reference::{regions, subsectors};
use karya_web::{Actor, CommonProblems, PageQuery, Paging, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::view::{BusinessPage, BusinessSummary};
use crate::BusinessError;
use crate::queries::{self, Filter, Search};

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
    /// Words in the name or description; where none fits, names that are nearly like it. Best match first.
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
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
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

fn page<T, K: Serialize>(
    paging: &Paging<'_>,
    rows: Vec<T>,
    key: impl Fn(&T) -> K,
    view: impl Fn(T) -> BusinessSummary,
) -> BusinessPage {
    let (rows, next_cursor) = paging.cut(rows, key);
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
    let filter = query.parse()?;
    let paging = Paging::new(
        &cursors,
        query.scope(),
        query.limit,
        query.cursor.as_deref(),
    )?;
    let size = paging.size;
    let page = if let Some(text) = &filter.text {
        let after: Option<(Search, f32, BusinessId)> = paging.after()?;
        let (mut search, last) = match after {
            None => (Search::Words, None),
            Some((search, rank, id)) => (search, Some((rank, id))),
        };
        let conn = db.search().await?;
        let best =
            async |search| queries::list_best(&conn, &filter, (text, search), size, last).await;
        let mut rows = best(search).await.map_err(BusinessError::from)?;
        if rows.is_empty() && last.is_none() {
            search = Search::Likeness;
            rows = best(search).await.map_err(BusinessError::from)?;
        }
        page(
            &paging,
            rows,
            |(row, rank)| (search, *rank, row.id),
            |(row, _)| BusinessSummary::new(row, None, None),
        )
    } else if let Some((center, radius)) = filter.near {
        let after = paging.after()?;
        let conn = db.search().await?;
        let rows = queries::list_nearest(&conn, &filter, center, size, after)
            .await
            .map_err(BusinessError::from)?;
        let (mut rows, next_cursor) = paging.cut(rows, |(row, _, degrees)| (*degrees, row.id));
        rows.retain(|(_, metres, _)| metres.is_some_and(|metres| metres <= radius));
        let view = |(row, metres, _)| BusinessSummary::new(row, metres, None);
        BusinessPage {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
        }
    } else {
        let after: Option<BusinessId> = paging.after()?;
        let reader = db.read_list().await?;
        let rows = queries::list_newest(&reader, &filter, size, after)
            .await
            .map_err(BusinessError::from)?;
        page(
            &paging,
            rows,
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

/// List my businesses
///
/// Those that the caller is a member of, in any state, newest first.
#[utoipa::path(tag = "businesses", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of businesses", body = BusinessPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/businesses")]
pub(crate) async fn list_my_businesses(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("my-businesses {}", actor.user_id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::list_of_member(&reader, actor.user_id, paging.size, paging.after()?)
        .await
        .map_err(BusinessError::from)?;
    let view = |(row, role)| BusinessSummary::new(row, None, Some(role));
    Ok(Reply::ok(&page(&paging, rows, |(row, _)| row.id, view))?.into())
}
