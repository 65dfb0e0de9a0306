//! Certificates of mentoring, and their verification by anybody.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use karya_core::{Check, Clock, Cursors, Invalid, Lang, Random};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, FileBody, Idempotency, Json, Locale, PageQuery, Paging, Problem,
    ProblemBody, PublicUrl, Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::documents;
use super::hours::{ORDER, sane};
use crate::MentoringError;
use crate::model::{CertificateId, CertificateRow, Side};
use crate::ops::{self, Period, Verified};
use crate::proof::certificate::{self, Certificate, Role};
use crate::queries::proof as queries;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_certificate)
        .service(list_certificates)
        .service(get_certificate_document)
        .service(revoke_certificate)
        .service(verify_certificate);
}

/// What to certify.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateCertificate {
    /// On which side the caller took part.
    party: Side,
    /// First date, on the caller's calendar.
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    from: NaiveDate,
    /// Last date.
    #[schema(value_type = String, format = Date, example = "2026-12-31")]
    to: NaiveDate,
}

impl CreateCertificate {
    fn parse(self) -> Result<(Side, Period), Invalid> {
        let mut check = Check::new();
        let from = check.field("/from", sane(self.from));
        let to = check.field("/to", sane(self.to));
        if self.to < self.from {
            check.fail("/to", ORDER);
        }
        let period = from.zip(to).map(|(from, to)| Period { from, to });
        check.finish(period.map(|period| (self.party, period)))
    }
}

/// A certificate of mentoring, as it stood when it was issued.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateView {
    id: CertificateId,
    /// To verify it by.
    #[schema(
        pattern = "^KRY-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$",
        max_length = 13,
        example = "KRY-7F3K-9Q2M"
    )]
    code: String,
    #[schema(max_length = 100)]
    holder_name: String,
    party: Side,
    #[schema(minimum = 1)]
    minutes: i32,
    #[schema(minimum = 1)]
    sessions: i32,
    /// Days of the first and the last session.
    #[schema(value_type = String, format = Date)]
    first_on: NaiveDate,
    #[schema(value_type = String, format = Date)]
    last_on: NaiveDate,
    /// Names of subsectors in the language of the reply, the most frequent first.
    #[schema(max_items = 17, value_type = Vec<String>)]
    themes: Vec<String>,
    /// Where anybody can verify it.
    #[schema(max_length = 300)]
    verification_url: String,
    #[serde(with = "karya_core::instant")]
    issued_at: DateTime<Utc>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    revoked_at: Option<DateTime<Utc>>,
}

fn verification_url(base: &PublicUrl, code: &str) -> String {
    format!("{}/verify/{code}", base.0)
}

impl CertificateView {
    fn new(row: CertificateRow, base: &PublicUrl, lang: Lang) -> Self {
        Self {
            id: row.id,
            verification_url: verification_url(base, &row.code),
            code: row.code,
            holder_name: row.holder_name,
            party: row.side,
            minutes: row.minutes,
            sessions: row.sessions,
            first_on: row.first_on,
            last_on: row.last_on,
            themes: ops::labels(&row.themes, lang),
            issued_at: row.issued_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// Issue a certificate
///
/// Of the sessions that the caller completed on one side in a period; at least one. It keeps the sums as they are now.
#[utoipa::path(tag = "proof", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 201, description = "Issued", body = CertificateView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`certificate.no_sessions`, `certificate.name_not_printable`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `mentoring_hours.too_many`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`certificate.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/certificates")]
pub(crate) async fn create_certificate(
    actor: Actor,
    idempotency: Idempotency,
    locale: Locale,
    (db, clock, random): (Data<Db>, Data<Clock>, Data<Random>),
    base: Data<PublicUrl>,
    body: Json<CreateCertificate>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.into_inner().parse()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::certify(conn, now, &random, user, wanted).await?;
            let view = CertificateView::new(row, &base, locale.0);
            let location = format!("/v1/certificates/{}/document.pdf", view.id);
            Reply::created(location, &view)
        })
        .await
}

/// A page of certificates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificatePage {
    #[schema(max_items = 100)]
    items: Vec<CertificateView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List my certificates
///
/// The newest first.
#[utoipa::path(tag = "proof", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of certificates", body = CertificatePage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/certificates")]
pub(crate) async fn list_certificates(
    actor: Actor,
    locale: Locale,
    db: Data<Db>,
    cursors: Data<Cursors>,
    base: Data<PublicUrl>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("certificates {}", actor.user_id);
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after = paging.after()?;
    let reader = db.read_list().await?;
    let rows = queries::list(&reader, actor.user_id, paging.size, after)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let view = |row| CertificateView::new(row, &base, locale.0);
    let page = CertificatePage {
        items: rows.into_iter().map(view).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// Get a certificate as PDF
///
/// One page to print, in the language of the request, with a QR code that leads to its verification.
#[utoipa::path(tag = "proof", security(("bearer" = [])), params(("certificate_id" = CertificateId, Path, description = "Id of the certificate")), responses(
    CommonProblems,
    (status = 200, description = "The document", body = inline(FileBody), content_type = "application/pdf"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`certificate.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`certificate.revoked`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`certificate.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/certificates/{certificate_id}/document.pdf")]
pub(crate) async fn get_certificate_document(
    actor: Actor,
    locale: Locale,
    db: Data<Db>,
    base: Data<PublicUrl>,
    id: Path<CertificateId>,
) -> Result<HttpResponse, Problem> {
    let Locale(lang) = locale;
    let row = ops::own_certificate(&*db.read().await?, actor.user_id, *id).await?;
    if row.revoked_at.is_some() {
        return Err(MentoringError::CertificateRevoked.into());
    }
    let name = format!("{}.pdf", row.code);
    let document = Certificate {
        role: match row.side {
            Side::Mentor => Role::Mentor,
            Side::Mentee => Role::Mentee,
        },
        minutes: u32::try_from(row.minutes).unwrap_or_default(),
        sessions: u32::try_from(row.sessions).unwrap_or_default(),
        themes: ops::labels(&row.themes, lang),
        from: row.first_on,
        to: row.last_on,
        verification_url: verification_url(&base, &row.code),
        issued_on: row.issued_on,
        holder: row.holder_name,
        code: row.code,
    };
    let file = documents::make(move || certificate::certificate(&document, lang)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(file))
}

/// Revoke a certificate
///
/// One's own. Its verification says so from then on. Doing it again changes nothing.
#[utoipa::path(tag = "proof", security(("bearer" = [])), params(("certificate_id" = CertificateId, Path, description = "Id of the certificate")), responses(
    (status = 200, description = "It is revoked", body = CertificateView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`certificate.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/certificates/{certificate_id}/revoke")]
pub(crate) async fn revoke_certificate(
    actor: Actor,
    idempotency: Idempotency,
    locale: Locale,
    (db, clock): (Data<Db>, Data<Clock>),
    base: Data<PublicUrl>,
    id: Path<CertificateId>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::revoke_certificate(conn, now, user, *id).await?;
            let view = CertificateView::new(row, &base, locale.0);
            Reply::ok(&view)
        })
        .await
}

/// What a certificate tells whoever holds its code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateVerification {
    #[schema(max_length = 13, example = "KRY-7F3K-9Q2M")]
    code: String,
    #[schema(max_length = 100)]
    holder_name: String,
    party: Side,
    #[schema(minimum = 1)]
    minutes: u32,
    #[schema(minimum = 1)]
    sessions: u32,
    /// Days of the first and the last session.
    #[schema(value_type = String, format = Date)]
    first_on: NaiveDate,
    #[schema(value_type = String, format = Date)]
    last_on: NaiveDate,
    #[serde(with = "karya_core::instant")]
    issued_at: DateTime<Utc>,
    /// It does not count any more.
    revoked: bool,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    revoked_at: Option<DateTime<Utc>>,
}

impl From<Verified> for CertificateVerification {
    fn from(found: Verified) -> Self {
        Self {
            code: found.code,
            holder_name: found.holder_name,
            party: found.side,
            minutes: found.minutes,
            sessions: found.sessions,
            first_on: found.first_on,
            last_on: found.last_on,
            issued_at: found.issued_at,
            revoked: found.revoked_at.is_some(),
            revoked_at: found.revoked_at,
        }
    }
}

/// Verify a certificate
///
/// For whoever was shown one. The code is read as people type it: in any case, with or without its marks.
#[utoipa::path(tag = "proof", params(("code" = String, Path, description = "Code of the certificate", max_length = 60, example = "KRY-7F3K-9Q2M")), responses(
    (status = 200, description = "There is such a certificate", body = CertificateVerification),
    (status = 404, description = "`certificate.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/certificate-verifications/{code}")]
pub(crate) async fn verify_certificate(
    db: Data<Db>,
    code: Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = ops::verify_certificate(&*db.read().await?, &code).await?;
    let view = CertificateVerification::from(found);
    let reply = Reply::ok(&view)?.header("cache-control", "no-store");
    Ok(reply.into())
}
