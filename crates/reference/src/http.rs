use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use karya_core::{Lang, RegionCode, Rule, Timezone};
use karya_web::{CommonProblems, Locale, Problem, ProblemBody, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::kbli::Vintage;
use crate::{REGION_NOT_FOUND, kbli, regions, subsectors};

/// The data change with a release, hardly more often.
const CACHE: (header::HeaderName, &str) = (
    header::CACHE_CONTROL,
    "public, max-age=86400, stale-while-revalidate=604800",
);

fn cached(view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(CACHE).json(view)
}

/// A subsector of the creative economy.
#[derive(Serialize, ToSchema)]
struct SubsectorView {
    #[schema(max_length = 40, example = "kriya", value_type = String)]
    code: &'static str,
    /// In the language of the reply.
    #[schema(max_length = 100, example = "Kriya", value_type = String)]
    name: &'static str,
    #[schema(minimum = 1, maximum = 100, example = 9)]
    position: i16,
}

/// All subsectors.
#[derive(Serialize, ToSchema)]
struct SubsectorList {
    #[schema(max_items = 100)]
    items: Vec<SubsectorView>,
}

/// List the subsectors
///
/// The 17 subsectors of the Indonesian creative economy, all at once.
#[utoipa::path(tag = "reference", responses(
    (status = 200, description = "The subsectors", body = SubsectorList),
    CommonProblems,
))]
#[get("/reference/subsectors")]
pub(crate) async fn list_subsectors(Locale(lang): Locale) -> HttpResponse {
    let view = |subsector: &'static subsectors::Subsector| SubsectorView {
        code: &subsector.code,
        name: if lang == Lang::Id {
            &subsector.name_id
        } else {
            &subsector.name_en
        },
        position: subsector.position,
    };
    cached(&SubsectorList {
        items: subsectors::all().iter().map(view).collect(),
    })
}

/// An administrative region.
#[derive(Serialize, ToSchema)]
struct RegionView {
    /// Kemendagri code.
    #[schema(max_length = 13, example = "33.75", value_type = String)]
    code: &'static str,
    #[schema(max_length = 100, example = "Kota Pekalongan", value_type = String)]
    name: &'static str,
}

impl From<regions::Region> for RegionView {
    fn from(region: regions::Region) -> Self {
        Self {
            code: region.code,
            name: region.name,
        }
    }
}

/// The regions of one parent.
#[derive(Serialize, ToSchema)]
struct RegionList {
    #[schema(max_items = 1000)]
    items: Vec<RegionView>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegionFilter {
    /// Kemendagri code of the region above; the provinces without it.
    #[param(nullable = false, max_length = 13, example = "33")]
    parent: Option<String>,
}

fn region_code(raw: &str) -> Result<RegionCode, Problem> {
    RegionCode::parse(raw)
        .ok()
        .filter(|code| regions::find(code.as_str()).is_some())
        .ok_or_else(|| Problem::of(&REGION_NOT_FOUND))
}

/// List regions
///
/// The provinces, or the regions right below `parent`: kabupaten and kota of a province, kecamatan of those, desa
/// and kelurahan of those. All at once; no parent has more than a few hundred.
#[utoipa::path(tag = "reference", params(RegionFilter), responses(
    (status = 200, description = "The regions", body = RegionList),
    (status = 404, description = "`reference.region_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/reference/regions")]
pub(crate) async fn list_regions(
    Query(filter): Query<RegionFilter>,
) -> Result<HttpResponse, Problem> {
    let parent = filter.parent.as_deref().map(region_code).transpose()?;
    let items = regions::children(parent.as_ref())
        .iter()
        .copied()
        .map(RegionView::from)
        .collect();
    Ok(cached(&RegionList { items }))
}

/// A region with those above it.
#[derive(Serialize, ToSchema)]
struct RegionDetails {
    #[schema(max_length = 13, example = "33.75", value_type = String)]
    code: &'static str,
    #[schema(max_length = 100, example = "Kota Pekalongan", value_type = String)]
    name: &'static str,
    /// From the province down to this region.
    #[schema(max_items = 4)]
    path: Vec<RegionView>,
    timezone: Timezone,
}

/// Show a region
///
/// With the regions above it and its time zone.
#[utoipa::path(tag = "reference", params(("code" = String, Path, description = "Kemendagri code", max_length = 13, example = "33.75")), responses(
    (status = 200, description = "The region", body = RegionDetails),
    (status = 404, description = "`reference.region_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/reference/regions/{code}")]
pub(crate) async fn get_region(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let code = region_code(&code)?;
    let region = regions::find(code.as_str()).ok_or_else(|| Problem::of(&REGION_NOT_FOUND))?;
    Ok(cached(&RegionDetails {
        code: region.code,
        name: region.name,
        path: regions::path(code.as_str()).map(RegionView::from).collect(),
        timezone: regions::timezone(&code).unwrap_or(Timezone::Jakarta),
    }))
}

/// A KBLI code that belongs to a subsector.
#[derive(Serialize, ToSchema)]
struct KbliView {
    vintage: Vintage,
    #[schema(pattern = "^[0-9]{5}$", max_length = 5, example = "13134", value_type = String)]
    code: &'static str,
    #[schema(max_length = 40, example = "kriya", value_type = String)]
    subsector: &'static str,
    /// In the language of the reply.
    #[schema(max_length = 200, example = "Industri batik", value_type = String)]
    title: &'static str,
}

/// KBLI codes.
#[derive(Serialize, ToSchema)]
struct KbliList {
    #[schema(max_items = 1000)]
    items: Vec<KbliView>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KbliFilter {
    /// Only codes of this subsector.
    #[param(nullable = false, max_length = 40, example = "kriya")]
    subsector: Option<String>,
    /// Only codes of this edition.
    #[param(nullable = false)]
    vintage: Option<Vintage>,
}

/// List KBLI codes
///
/// A selection that belongs to the creative economy; other codes exist and are taken. The same digits can mean
/// different things in the two editions, so a code always comes with its `vintage`.
#[utoipa::path(tag = "reference", params(KbliFilter), responses(
    (status = 200, description = "The codes", body = KbliList),
    CommonProblems,
))]
#[get("/reference/kbli")]
pub(crate) async fn list_kbli(
    Locale(lang): Locale,
    Query(filter): Query<KbliFilter>,
) -> Result<HttpResponse, Problem> {
    if filter
        .subsector
        .as_deref()
        .is_some_and(|code| subsectors::find(code).is_none())
    {
        return Err(Problem::parameter("subsector", Rule::NotFound));
    }
    let items = kbli::all()
        .iter()
        .filter(|kbli| {
            filter
                .subsector
                .as_ref()
                .is_none_or(|code| *code == kbli.subsector)
        })
        .filter(|kbli| filter.vintage.is_none_or(|vintage| vintage == kbli.vintage))
        .map(|kbli| KbliView {
            vintage: kbli.vintage,
            code: &kbli.code,
            subsector: &kbli.subsector,
            title: if lang == Lang::Id {
                &kbli.title_id
            } else {
                &kbli.title_en
            },
        })
        .collect();
    Ok(cached(&KbliList { items }))
}
