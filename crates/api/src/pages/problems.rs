use actix_web::{HttpResponse, web};
use askama::Template;
use karya_core::{Code, Lang};
use karya_web::codes::NOT_FOUND;
use karya_web::problem::status_of;
use karya_web::{Locale, Problem};

#[derive(Template)]
#[template(path = "problems.html")]
struct List {
    lang: Lang,
    codes: Vec<&'static Code>,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Show {
    lang: Lang,
    code: &'static Code,
    status: u16,
}

/// Every error code.
pub(super) async fn list(Locale(lang): Locale) -> HttpResponse {
    super::html(&List {
        lang,
        codes: crate::error_codes(),
    })
}

/// What one error code means and what to do about it: the target of `type` in problem documents.
pub(super) async fn show(
    Locale(lang): Locale,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let code = crate::error_codes()
        .into_iter()
        .find(|known| known.code == *code);
    let code = code.ok_or_else(|| Problem::of(&NOT_FOUND))?;
    Ok(super::html(&Show {
        lang,
        code,
        status: status_of(code.kind).as_u16(),
    }))
}
