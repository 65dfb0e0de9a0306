use std::time::Duration;

use karya_core::{ApiError, Code, FieldError, Invalid};
use karya_db::DbError;
use karya_web::codes::STALE_VERSION;

karya_core::codes! {
    NOT_FOUND = "business.not_found", NotFound,
        title: "Usaha tidak ditemukan" / "There is no such business",
        fix: "Periksa id atau slug; usaha itu tidak ada, sudah dihapus, atau bukan milik Anda." / "Check the id or slug; the business does not exist, was deleted, or is not yours.";
    SLUG_TAKEN = "business.slug_taken", Conflict,
        title: "Slug sudah dipakai usaha lain" / "Another business has this slug",
        fix: "Pilih slug lain, atau kosongkan agar dibuatkan dari nama." / "Choose another, or leave it out to have one made from the name.";
    NIB_REGISTERED = "business.nib_already_registered", Conflict,
        title: "Anda sudah mendaftarkan usaha dengan NIB ini" / "You have already registered a business with this NIB",
        fix: "Ubah usaha yang sudah ada; lihat `GET /v1/me/businesses`." / "Change the existing business; see `GET /v1/me/businesses`.";
    NPWP_REGISTERED = "business.npwp_already_registered", Conflict,
        title: "Anda sudah mendaftarkan usaha dengan NPWP badan ini" / "You have already registered a business with this entity NPWP",
        fix: "Ubah usaha yang sudah ada; lihat `GET /v1/me/businesses`." / "Change the existing business; see `GET /v1/me/businesses`.";
    OWNER_REQUIRED = "business.owner_required", Forbidden,
        title: "Hanya pemilik yang boleh melakukan ini" / "Only an owner may do this",
        fix: "Minta pemilik usaha melakukannya." / "Ask an owner of the business.";
    MANAGER_REQUIRED = "business.manager_required", Forbidden,
        title: "Hanya pemilik atau pengelola yang boleh melakukan ini" / "Only an owner or a manager may do this",
        fix: "Minta pemilik atau pengelola usaha melakukannya." / "Ask an owner or a manager of the business.";
    LAST_OWNER = "business.last_owner", Conflict,
        title: "Anda satu-satunya pemilik usaha yang masih punya anggota lain" / "You are the only owner of a business that has other members",
        fix: "Jadikan anggota lain pemilik, atau hapus usaha itu dulu." / "Make another member an owner, or delete the business first.";
    SUSPENDED = "business.suspended", Conflict,
        title: "Usaha ini sedang ditangguhkan" / "This business is suspended",
        fix: "Hubungi Karya; hanya petugas yang dapat mengaktifkannya lagi." / "Contact Karya; only staff can make it active again.";
}

/// Why something about a business was refused.
#[derive(Debug, thiserror::Error)]
pub enum BusinessError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("there is no such business for this caller")]
    NotFound,
    #[error("the slug is taken")]
    SlugTaken,
    #[error("the account has a business with this NIB")]
    NibRegistered,
    #[error("the account has a business with this NPWP")]
    NpwpRegistered,
    #[error("the caller is not an owner")]
    OwnerRequired,
    #[error("the caller is neither owner nor manager")]
    ManagerRequired,
    #[error("others would be left in a business without an owner")]
    LastOwner,
    #[error("the business is suspended")]
    Suspended,
    #[error("the business was changed by another request")]
    StaleVersion,
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<diesel::result::Error> for BusinessError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ApiError for BusinessError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::NotFound => &NOT_FOUND,
            Self::SlugTaken => &SLUG_TAKEN,
            Self::NibRegistered => &NIB_REGISTERED,
            Self::NpwpRegistered => &NPWP_REGISTERED,
            Self::OwnerRequired => &OWNER_REQUIRED,
            Self::ManagerRequired => &MANAGER_REQUIRED,
            Self::LastOwner => &LAST_OWNER,
            Self::Suspended => &SUSPENDED,
            Self::StaleVersion => &STALE_VERSION,
            Self::Db(error) => error.code(),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => invalid.fields(),
            _ => &[],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Db(error) => error.retry_after(),
            _ => None,
        }
    }
}
