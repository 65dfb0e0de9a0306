use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{BookingId, UserId};
use karya_db::schema::booking_documents;

karya_core::typed_id! {
    /// A document of a booking.
    DocumentId,
}

karya_core::text_enum! {
    /// What a document is.
    pub enum DocumentKind {
        Pdf = "pdf",
        Jpeg = "jpeg",
        Png = "png",
        Webp = "webp",
        /// Plain, in UTF-8.
        Text = "text",
        /// A text of Word.
        Docx = "docx",
        /// A table of Excel.
        Xlsx = "xlsx",
    }
}

impl DocumentKind {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Text => "text/plain; charset=utf-8",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// How names of such files end, the usual way first.
    pub(crate) const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Webp => &["webp"],
            Self::Text => &["txt", "csv", "md"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
        }
    }
}

/// A file that one side of a booking gave the other.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_documents, check_for_backend(Pg))]
pub(crate) struct DocumentRow {
    pub(crate) id: DocumentId,
    pub(crate) booking_id: BookingId,
    pub(crate) uploader_id: UserId,
    pub(crate) place: i16,
    pub(crate) object_key: String,
    pub(crate) name: String,
    pub(crate) kind: DocumentKind,
    pub(crate) size: i32,
    /// SHA-256 in base64url.
    pub(crate) digest: String,
    pub(crate) announced: bool,
    pub(crate) remove_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}
