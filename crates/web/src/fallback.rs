use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use utoipa::openapi::OpenApi;

use crate::Problem;
use crate::codes::{METHOD_NOT_ALLOWED, NOT_FOUND};

/// Which methods each documented path has. actix registers one resource per operation, so a wrong method
/// matches none of them; this table tells that case from a path that does not exist.
#[derive(Debug, Clone, Default)]
pub struct Routes(Arc<Vec<(Vec<String>, BTreeSet<&'static str>)>>);

impl Routes {
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let table = document.paths.paths.iter().map(|(path, item)| {
            let operations = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let methods = operations
                .iter()
                .filter(|(_, operation)| operation.is_some())
                .map(|(method, _)| *method);
            (
                path.split('/').map(str::to_owned).collect(),
                methods.collect(),
            )
        });
        Self(Arc::new(table.collect()))
    }

    /// The methods of a path; none when there is no such path. Where several patterns fit, the one with the fewest
    /// parameters counts: `/me/factors/totp` is not a factor (OpenAPI 3.1, Paths Object).
    #[must_use]
    pub fn allowed(&self, path: &str) -> BTreeSet<&'static str> {
        let segments: Vec<&str> = path.split('/').collect();
        let is_parameter = |pattern: &&String| pattern.starts_with('{');
        let fits = |pattern: &[String]| {
            pattern.len() == segments.len()
                && pattern.iter().zip(&segments).all(|(pattern, segment)| {
                    if is_parameter(&pattern) {
                        !segment.is_empty()
                    } else {
                        pattern == segment
                    }
                })
        };
        self.0
            .iter()
            .filter(|(pattern, _)| fits(pattern))
            .min_by_key(|(pattern, _)| pattern.iter().filter(is_parameter).count())
            .map(|(_, methods)| methods.clone())
            .unwrap_or_default()
    }
}

/// Answers whatever no route took: 405 with `Allow`, or 404.
pub async fn fallback(req: HttpRequest, routes: web::Data<Routes>) -> HttpResponse {
    let allowed = routes.allowed(req.path());
    if allowed.is_empty() || allowed.contains(req.method().as_str()) {
        return Problem::of(&NOT_FOUND).error_response();
    }
    let allow = allowed.into_iter().collect::<Vec<_>>().join(", ");
    Problem::of(&METHOD_NOT_ALLOWED)
        .with_header(header::ALLOW, allow)
        .error_response()
}
