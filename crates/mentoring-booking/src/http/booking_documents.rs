//! Documents of a booking.

use std::borrow::Cow;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use karya_core::{BookingId, Clock, FieldError, Place, Random, Rule, UserId};
use karya_db::Db;
use karya_storage::{Key, Storage, objects};
use karya_web::codes::BODY_TOO_LARGE;
use karya_web::{
    Actor, BodyLimits, CommonProblems, FileBody, Idempotency, Problem, ProblemBody, Query, Reply,
    read_body,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::model::{DocumentId, DocumentKind, DocumentRow};
use crate::ops::NewDocument;
use crate::{MentoringError, documents, ops};

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(add_booking_document)
        .service(list_booking_documents)
        .service(get_booking_document)
        .service(delete_booking_document);
}

/// How many uploads there may be at once: they are held in memory, 10 MiB each, until they are known to be harmless.
const AT_ONCE: usize = 8;

/// How large a document may be, how long its upload may take, and who uploads now.
#[derive(Debug)]
pub struct Uploads {
    limits: BodyLimits,
    turns: Semaphore,
}

impl Uploads {
    #[must_use]
    pub fn new(limits: BodyLimits) -> Self {
        Self {
            limits,
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

/// How to call the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// Its name. Parts of a path and characters that mislead are left out, and it gets the ending that belongs to
    /// what the file is.
    #[param(max_length = 255, example = "Rencana usaha.pdf")]
    name: String,
}

/// A file that one side of a session gave the other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingDocumentView {
    id: DocumentId,
    uploader_id: UserId,
    #[schema(max_length = 120, example = "Rencana usaha.pdf")]
    name: String,
    kind: DocumentKind,
    #[schema(max_length = 80, example = "application/pdf")]
    content_type: &'static str,
    /// In bytes.
    #[schema(minimum = 1, maximum = 10_485_760)]
    size: i32,
    /// It is removed after that.
    #[serde(with = "karya_core::instant")]
    remove_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

impl From<DocumentRow> for BookingDocumentView {
    fn from(row: DocumentRow) -> Self {
        Self {
            id: row.id,
            uploader_id: row.uploader_id,
            name: row.name,
            content_type: row.kind.content_type(),
            kind: row.kind,
            size: row.size,
            remove_at: row.remove_at,
            created_at: row.created_at,
        }
    }
}

/// The documents of a booking, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingDocumentList {
    #[schema(max_items = 10)]
    items: Vec<BookingDocumentView>,
}

/// The type that the client declares, if it declares more than bytes.
fn declared(req: &HttpRequest) -> Option<String> {
    let declared = actix_web::HttpMessage::content_type(req).to_ascii_lowercase();
    (!matches!(declared.as_str(), "" | "application/octet-stream")).then_some(declared)
}

/// What is stored of an upload, and what it is.
fn examine(bytes: &Bytes, declared: Option<&str>) -> Result<(DocumentKind, Bytes), Problem> {
    if bytes.is_empty() {
        let fault = FieldError {
            place: Place::Body(String::new()),
            rule: Rule::Required,
        };
        return Err(Problem::fields(
            &karya_core::validate::VALIDATION_FAILED,
            vec![fault],
        ));
    }
    let refused = || Problem::from(MentoringError::DocumentType);
    let kind = documents::sniff(bytes).ok_or_else(refused)?;
    let own = kind.content_type().split(';').next().unwrap_or_default();
    let is_text = kind == DocumentKind::Text
        && declared.is_some_and(|declared| matches!(declared, "text/csv" | "text/markdown"));
    if declared.is_some_and(|declared| declared != own) && !is_text {
        return Err(refused());
    }
    let kept = match documents::clean(kind, bytes).ok_or_else(refused)? {
        Cow::Borrowed(_) => bytes.clone(),
        Cow::Owned(kept) => kept.into(),
    };
    Ok((kind, kept))
}

fn failed(error: &karya_storage::StorageError) -> Problem {
    tracing::error!(%error, cause = ?std::error::Error::source(error), "the storage failed");
    Problem::from(MentoringError::StorageFailed)
}

/// Add a document to a booking
///
/// The body is the file itself. Either side may add five, of 10 MiB each: PDF, JPEG, PNG, WebP, plain text in UTF-8,
/// DOCX and XLSX. The bytes decide what it is; a `Content-Type` other than `application/octet-stream` must agree with
/// them. Where and with what a picture was taken is removed. The other side gets one mail for all that are added
/// within some minutes. Documents are removed 180 days after the session.
#[utoipa::path(tag = "documents", security(("bearer" = [])),
    params(("booking_id" = BookingId, Path, description = "Id of the booking"), UploadQuery),
    request_body(content = inline(FileBody), content_type = "application/octet-stream", description = "The file"),
    responses(
    CommonProblems,
    (status = 503, description = "`booking.storage_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 201, description = "Added", body = BookingDocumentView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 408, description = "`request.timeout`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.too_many_documents`, `booking.documents_closed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "`request.body_too_large`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "`booking.document_type`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/bookings/{booking_id}/documents")]
pub(crate) async fn add_booking_document(
    (actor, idempotency): (Actor, Idempotency),
    (db, clock, random): (Data<Db>, Data<Clock>, Data<Random>),
    (storage, uploads): (Data<Storage>, Data<Uploads>),
    id: Path<BookingId>,
    query: Query<UploadQuery>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let raw_name = query.0.name;
    if raw_name.chars().count() > 255 {
        return Err(Problem::parameter("name", Rule::TooLong { max: 255 }));
    }
    // Whoever may not is told before the bytes are read.
    ops::list_documents(&*db.read().await?, actor.user_id, *id).await?;
    let declared = declared(&req);
    if declared
        .as_deref()
        .is_some_and(|declared| !ACCEPTED.contains(&declared))
    {
        return Err(Problem::from(MentoringError::DocumentType)
            .with_header(header::ACCEPT, ACCEPTED.join(", ")));
    }
    let _turn = uploads
        .turns
        .try_acquire()
        .map_err(|_full| Problem::from(MentoringError::StorageFailed))?;
    let bytes = read_body(&req, payload.into_inner(), uploads.limits).await?;
    let (kind, kept) = examine(&bytes, declared.as_deref())?;
    drop(bytes);

    let size = i32::try_from(kept.len()).map_err(|_error| Problem::of(&BODY_TOO_LARGE))?;
    let digest = URL_SAFE_NO_PAD.encode(karya_core::sealing::sha256(&kept));
    let key = Key::fresh(&random, "booking-documents");
    let now = clock.now();
    let mut conn = db.conn().await?;
    objects::reserve(&mut conn, now, &key)
        .await
        .map_err(MentoringError::from)?;
    drop(conn);
    storage
        .put(&key, kept)
        .await
        .map_err(|error| failed(&error))?;

    let new = NewDocument {
        key: key.clone(),
        name: documents::file_name(&raw_name, kind),
        kind,
        size,
        digest,
    };
    let mut conn = db.conn().await?;
    let outcome = idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let row = ops::add_document(conn, now, actor.user_id, *id, new).await?;
            let location = format!("/v1/bookings/{}/documents/{}", *id, row.id);
            Reply::created(location, &BookingDocumentView::from(row))
        })
        .await;
    // After a refusal or a repetition nobody needs the object: it does not wait for a day. What is kept stays.
    if let Err(error) = objects::release(&mut conn, now, &key).await {
        tracing::warn!(%error, "an object is left to the sweep");
    }
    outcome
}

/// The types that a client may declare.
const ACCEPTED: [&str; 9] = [
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "text/csv",
    "text/markdown",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

/// List the documents of a booking
///
/// For its two sides. There are ten at most, so the list has no pages.
#[utoipa::path(tag = "documents", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The documents", body = BookingDocumentList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/documents")]
pub(crate) async fn list_booking_documents(
    actor: Actor,
    db: Data<Db>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let rows = ops::list_documents(&*db.read().await?, actor.user_id, *id).await?;
    let items = rows.into_iter().map(BookingDocumentView::from).collect();
    Ok(Reply::ok(&BookingDocumentList { items })?.into())
}

/// A file to be saved, never shown (RFC 6266, RFC 8187).
fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || " ._-()".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let exact = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// Get a document of a booking
///
/// For its two sides. The file itself, to be saved.
#[utoipa::path(tag = "documents", security(("bearer" = [])),
    params(("booking_id" = BookingId, Path, description = "Id of the booking"), ("document_id" = DocumentId, Path, description = "Id of the document")),
    responses(
    CommonProblems,
    (status = 503, description = "`booking.storage_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 200, description = "The file", body = inline(FileBody), content_type = "application/octet-stream"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`, `booking.document_not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/bookings/{booking_id}/documents/{document_id}")]
pub(crate) async fn get_booking_document(
    actor: Actor,
    db: Data<Db>,
    storage: Data<Storage>,
    id: Path<(BookingId, DocumentId)>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let row = ops::show_document(&reader, actor.user_id, *id).await?;
    drop(reader);
    let content = storage
        .get(&Key::stored(row.object_key))
        .await
        .map_err(|error| failed(&error))?
        .ok_or_else(|| {
            tracing::error!(document = %row.id, "the storage lacks an object");
            Problem::from(MentoringError::StorageFailed)
        })?;
    let size = u64::try_from(row.size).unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, row.kind.content_type()))
        .insert_header((header::CONTENT_DISPOSITION, attachment(&row.name)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox; frame-ancestors 'none'",
        ))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::ETAG, format!("\"{}\"", row.digest)))
        // Not to be compressed: most of these are already, and the length tells how far a download is.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(SizedStream::new(size, content)))
}

/// Remove a document of one's own
///
/// It is gone for both sides. What the other side gave cannot be removed.
#[utoipa::path(tag = "documents", security(("bearer" = [])),
    params(("booking_id" = BookingId, Path, description = "Id of the booking"), ("document_id" = DocumentId, Path, description = "Id of the document")),
    responses(
    (status = 204, description = "Removed"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`, `booking.document_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/bookings/{booking_id}/documents/{document_id}")]
pub(crate) async fn delete_booking_document(
    actor: Actor,
    db: Data<Db>,
    id: Path<(BookingId, DocumentId)>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::delete_document(&mut conn, actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
