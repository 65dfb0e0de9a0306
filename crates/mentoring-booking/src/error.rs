use std::time::Duration;

use chrono::{DateTime, Utc};
use karya_core::{ApiError, Code, FieldError, Invalid};
use karya_db::DbError;
use karya_web::codes::STALE_VERSION;

use crate::slots::Refusal;

karya_core::codes! {
    MENTOR_NOT_FOUND = "mentor.not_found", NotFound,
        title: "Mentor tidak ditemukan" / "There is no such mentor",
        fix: "Periksa id; mentor itu tidak ada atau sedang tidak aktif." / "Check the id; the mentor does not exist or is not active.";
    OFFERING_NOT_FOUND = "offering.not_found", NotFound,
        title: "Layanan mentor tidak ditemukan" / "There is no such offering",
        fix: "Periksa id; layanan itu tidak ada atau sudah ditutup." / "Check the id; the offering does not exist or is closed.";
    BOOKING_NOT_FOUND = "booking.not_found", NotFound,
        title: "Pemesanan tidak ditemukan" / "There is no such booking",
        fix: "Periksa id; pemesanan itu tidak ada atau bukan milik Anda." / "Check the id; the booking does not exist or is not yours.";
    HOLD_NOT_FOUND = "booking.hold_not_found", NotFound,
        title: "Penahanan jadwal tidak ditemukan" / "There is no such hold",
        fix: "Mungkin sudah lewat waktunya. Pilih jadwal lagi." / "It may have lapsed. Choose a time again.";
    SLOT_TAKEN = "booking.slot_taken", Conflict,
        title: "Jadwal ini sudah diambil" / "This time is taken",
        fix: "Pilih salah satu jadwal pada `alternatives`." / "Choose one of the times in `alternatives`.";
    MENTEE_BUSY = "booking.mentee_busy", Conflict,
        title: "Anda sudah punya acara di jam itu" / "You have something else at that time",
        fix: "Pilih jadwal lain, atau batalkan acara yang bertabrakan." / "Choose another time, or cancel what collides.";
    INVALID_TRANSITION = "booking.invalid_transition", Conflict,
        title: "Itu tidak bisa dilakukan pada pemesanan ini" / "That cannot be done with this booking",
        fix: "Lihat `state` pemesanan; mungkin pihak lain sudah bertindak." / "Look at the `state` of the booking; somebody else may have acted.";
    WRONG_TIME = "booking.wrong_time", Conflict,
        title: "Itu terlalu dini atau terlambat" / "It is too early or too late for that",
        fix: "Periksa waktu sesi; lihat dokumentasi operasi ini untuk batas waktunya." / "Check the time of the session; the documentation of the operation says when it is possible.";
    TOO_MANY_MOVES = "booking.too_many_moves", Conflict,
        title: "Sesi ini sudah dua kali dipindahkan" / "This session has been moved twice",
        fix: "Batalkan dan pesan lagi, atau minta mentor memindahkannya." / "Cancel and book again, or ask the mentor to move it.";
    TOO_MANY_ACTIVE = "booking.too_many_active", Conflict,
        title: "Anda sudah punya banyak sesi yang belum selesai" / "You have many sessions ahead already",
        fix: "Selesaikan atau batalkan salah satu dulu, agar pelaku usaha lain juga kebagian." / "Finish or cancel one first, so that others get a turn.";
    TOO_MANY_HOLDS = "booking.too_many_holds", Conflict,
        title: "Anda sedang menahan dua jadwal" / "You are holding two times already",
        fix: "Lepaskan salah satu, atau tunggu sepuluh menit." / "Let one go, or wait ten minutes.";
    OUTSIDE_HOURS = "booking.outside_hours", Invalid,
        title: "Di luar jam mentor" / "Outside the mentor's hours",
        fix: "Pilih jadwal dari daftar slot." / "Choose a time from the list of slots.";
    OFF_GRID = "booking.off_grid", Invalid,
        title: "Jam mulai itu tidak ditawarkan" / "Sessions do not start at that minute",
        fix: "Pilih jadwal dari daftar slot." / "Choose a time from the list of slots.";
    HOLIDAY = "booking.holiday", Invalid,
        title: "Mentor libur di hari itu" / "The mentor is off on that holiday",
        fix: "Pilih hari lain." / "Choose another day.";
    BLACKOUT = "booking.region_blackout", Invalid,
        title: "Tidak ada sesi di wilayah itu saat itu" / "No sessions are held in that region at that time",
        fix: "Saat Nyepi jaringan di Bali dimatikan. Pilih waktu lain." / "On Nyepi the network in Bali is down. Choose another time.";
    NOTICE_TOO_SHORT = "booking.notice_too_short", Invalid,
        title: "Terlalu mepet atau sudah lewat" / "Too soon, or past",
        fix: "Pilih jadwal yang lebih lama dari sekarang." / "Choose a time that is further away.";
    BEYOND_HORIZON = "booking.beyond_horizon", Invalid,
        title: "Terlalu jauh ke depan" / "Too far ahead",
        fix: "Pilih jadwal yang lebih dekat." / "Choose a time that is nearer.";
    LIMIT_REACHED = "booking.limit_reached", Conflict,
        title: "Mentor sudah penuh untuk hari atau minggu itu" / "The mentor is fully booked that day or week",
        fix: "Pilih salah satu jadwal pada `alternatives`." / "Choose one of the times in `alternatives`.";
    PAUSED = "booking.mentor_paused", Conflict,
        title: "Mentor sedang jeda" / "The mentor is taking a break",
        fix: "Pilih jadwal setelah jeda itu, atau mentor lain." / "Choose a time after the break, or another mentor.";
    RANGE_TOO_LONG = "booking.range_too_long", Malformed,
        title: "Rentang tanggal lebih dari 35 hari" / "The range is longer than 35 days",
        fix: "Minta paling banyak 35 hari sekaligus." / "Ask for 35 days at most.";
    CALENDAR_BUSY = "booking.calendar_busy", Unavailable,
        title: "Banyak yang memesan jadwal ini" / "Many people are booking this time",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
    FEEDBACK_NOT_OPEN = "feedback.not_open", Conflict,
        title: "Umpan balik hanya untuk sesi yang selesai" / "Feedback is for sessions that are completed",
        fix: "Tulis umpan balik setelah sesi ditandai selesai." / "Write it once the session is completed.";
    FEEDBACK_CLOSED = "feedback.closed", Conflict,
        title: "Sudah lewat 30 hari sejak sesi selesai" / "The session was completed over 30 days ago",
        fix: "Umpan balik diterima dalam 30 hari." / "Feedback is taken within 30 days.";
    FEEDBACK_GIVEN = "feedback.already_given", Conflict,
        title: "Anda sudah memberi umpan balik untuk sesi ini" / "You have given feedback on this session",
        fix: "Satu sesi, satu umpan balik dari tiap pihak." / "Each side gives it once.";
    NOTE_NOT_FOUND = "booking.note_not_found", NotFound,
        title: "Catatan tidak ditemukan" / "There is no such note",
        fix: "Periksa id; catatan itu tidak ada atau bukan tulisan Anda." / "Check the id; the note does not exist or is not by you.";
    MENTORSHIP_NOT_FOUND = "mentorship.not_found", NotFound,
        title: "Pendampingan tidak ditemukan" / "There is no such mentorship",
        fix: "Periksa id; pendampingan itu tidak ada atau bukan milik Anda." / "Check the id; the mentorship does not exist or is not yours.";
    MENTORSHIP_LIVE = "mentorship.already_live", Conflict,
        title: "Kalian berdua sudah punya pendampingan atau usulannya" / "The two of you have a mentorship or a proposal already",
        fix: "Jawab usulan itu, atau akhiri pendampingan yang berjalan." / "Answer the proposal, or end the running mentorship.";
    MENTORSHIP_STATE = "mentorship.wrong_state", Conflict,
        title: "Itu tidak bisa dilakukan pada pendampingan ini sekarang" / "That cannot be done with this mentorship now",
        fix: "Lihat `state` pendampingan; mungkin pihak lain sudah bertindak." / "Look at the `state` of the mentorship; the other side may have acted.";
    TOO_MANY_GOALS = "mentorship.too_many", Conflict,
        title: "Sudah ada 50" / "There are 50 already",
        fix: "Selesaikan yang ada dulu." / "Finish those first.";
    GOAL_NOT_FOUND = "mentorship.goal_not_found", NotFound,
        title: "Sasaran tidak ditemukan" / "There is no such goal",
        fix: "Periksa id; sasaran itu tidak ada atau bukan milik Anda." / "Check the id; the goal does not exist or is not yours.";
    ACTION_ITEM_NOT_FOUND = "mentorship.action_item_not_found", NotFound,
        title: "Langkah tidak ditemukan" / "There is no such action item",
        fix: "Periksa id; langkah itu tidak ada atau bukan milik Anda." / "Check the id; the action item does not exist or is not yours.";
    STAFF_REQUIRED = "booking.staff_required", Forbidden,
        title: "Hanya untuk petugas" / "For staff only",
        fix: "Minta moderator atau admin melakukannya." / "Ask a moderator or an administrator.";
    DISPUTE_NOT_FOUND = "booking.dispute_not_found", NotFound,
        title: "Tidak ada sanggahan untuk pemesanan ini" / "There is no dispute about this booking",
        fix: "Periksa id pemesanan." / "Check the id of the booking.";
    DISPUTE_MADE = "booking.already_disputed", Conflict,
        title: "Ketidakhadiran ini sudah disanggah" / "This no-show has been disputed",
        fix: "Tunggu keputusan petugas; keputusannya final." / "Wait for the decision of staff; it is final.";
    HOURS_TOO_MANY = "mentoring_hours.too_many", Invalid,
        title: "Lebih dari 5.000 sesi" / "More than 5,000 sessions",
        fix: "Persempit masa laporan." / "Ask for a shorter period.";
    CERTIFICATE_NOT_FOUND = "certificate.not_found", NotFound,
        title: "Sertifikat tidak ditemukan" / "There is no such certificate",
        fix: "Periksa id atau kodenya." / "Check the id or the code.";
    CERTIFICATE_EMPTY = "certificate.no_sessions", Conflict,
        title: "Belum ada sesi yang selesai di masa itu" / "No session was completed in that period",
        fix: "Pilih masa lain, atau selesaikan sesi dulu." / "Choose another period, or complete a session first.";
    CERTIFICATE_NAME = "certificate.name_not_printable", Conflict,
        title: "Nama Anda tidak bisa dicetak" / "Your name cannot be printed",
        fix: "Tulis nama akun Anda dengan huruf Latin." / "Write the name of your account in Latin letters.";
    CERTIFICATE_REVOKED = "certificate.revoked", Conflict,
        title: "Sertifikat sudah dicabut" / "The certificate is revoked",
        fix: "Terbitkan sertifikat baru." / "Issue a new certificate.";
    DOCUMENTS_BUSY = "certificate.busy", Unavailable,
        title: "Terlalu banyak dokumen sedang dibuat" / "Too many documents are being made",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
}

/// Why something about mentoring was refused.
#[derive(Debug, thiserror::Error)]
pub enum MentoringError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("there is no such mentor")]
    MentorNotFound,
    #[error("there is no such offering")]
    OfferingNotFound,
    #[error("there is no such booking for this caller")]
    BookingNotFound,
    #[error("there is no such hold for this caller")]
    HoldNotFound,
    #[error("the time is taken")]
    SlotTaken { alternatives: Vec<DateTime<Utc>> },
    #[error("the time is not offered: {refusal}")]
    NotOffered {
        refusal: Refusal,
        alternatives: Vec<DateTime<Utc>>,
    },
    #[error("the mentee has something else at that time")]
    MenteeBusy,
    #[error("the state does not allow it")]
    InvalidTransition,
    #[error("it is too early or too late for it")]
    WrongTime,
    #[error("the mentee moved it often enough")]
    TooManyMoves,
    #[error("the mentee has too many bookings")]
    TooManyActive,
    #[error("the caller holds too many times")]
    TooManyHolds,
    #[error("the range is too long")]
    RangeTooLong,
    #[error("somebody else holds the calendars' locks for too long")]
    CalendarBusy,
    #[error("it was changed by another request")]
    StaleVersion,
    #[error("the session is not completed")]
    FeedbackNotOpen,
    #[error("the session was completed too long ago")]
    FeedbackClosed,
    #[error("this side has given feedback")]
    FeedbackGiven,
    #[error("there is no such note of this caller")]
    NoteNotFound,
    #[error("there is no such mentorship for this caller")]
    MentorshipNotFound,
    #[error("the pair has a live mentorship")]
    MentorshipLive,
    #[error("the state of the mentorship does not allow it")]
    MentorshipState,
    #[error("there are as many as there may be")]
    TooManyGoals,
    #[error("there is no such goal for this caller")]
    GoalNotFound,
    #[error("there is no such action item for this caller")]
    ActionItemNotFound,
    #[error("the caller is not staff")]
    StaffRequired,
    #[error("the booking has no dispute")]
    DisputeNotFound,
    #[error("the no-show was disputed before")]
    DisputeMade,
    #[error("the report has too many rows")]
    HoursTooMany,
    #[error("there is no such certificate")]
    CertificateNotFound,
    #[error("there is nothing to certify")]
    CertificateEmpty,
    #[error("the fonts do not hold the name")]
    CertificateName,
    #[error("the certificate is revoked")]
    CertificateRevoked,
    #[error("all that make documents are busy")]
    DocumentsBusy,
    #[error(transparent)]
    Db(DbError),
}

impl From<DbError> for MentoringError {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Query(diesel::result::Error::DatabaseError(_, info))
                if info.message().contains("lock timeout") =>
            {
                Self::CalendarBusy
            }
            _ => Self::Db(error),
        }
    }
}

impl From<diesel::result::Error> for MentoringError {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl From<crate::slots::RangeTooLong> for MentoringError {
    fn from(_: crate::slots::RangeTooLong) -> Self {
        Self::RangeTooLong
    }
}

fn code_of(refusal: Refusal) -> &'static Code {
    match refusal {
        Refusal::Paused => &PAUSED,
        Refusal::NoticeTooShort => &NOTICE_TOO_SHORT,
        Refusal::BeyondHorizon => &BEYOND_HORIZON,
        Refusal::Blackout => &BLACKOUT,
        Refusal::Holiday => &HOLIDAY,
        Refusal::OutsideHours | Refusal::TimeOff => &OUTSIDE_HOURS,
        // A neighbour's buffer is nobody's business: to others it is taken time.
        Refusal::Busy | Refusal::Buffer => &SLOT_TAKEN,
        Refusal::LimitReached => &LIMIT_REACHED,
        Refusal::OffGrid => &OFF_GRID,
    }
}

impl ApiError for MentoringError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::MentorNotFound => &MENTOR_NOT_FOUND,
            Self::OfferingNotFound => &OFFERING_NOT_FOUND,
            Self::BookingNotFound => &BOOKING_NOT_FOUND,
            Self::HoldNotFound => &HOLD_NOT_FOUND,
            Self::SlotTaken { .. } => &SLOT_TAKEN,
            Self::NotOffered { refusal, .. } => code_of(*refusal),
            Self::MenteeBusy => &MENTEE_BUSY,
            Self::InvalidTransition => &INVALID_TRANSITION,
            Self::WrongTime => &WRONG_TIME,
            Self::TooManyMoves => &TOO_MANY_MOVES,
            Self::TooManyActive => &TOO_MANY_ACTIVE,
            Self::TooManyHolds => &TOO_MANY_HOLDS,
            Self::RangeTooLong => &RANGE_TOO_LONG,
            Self::CalendarBusy => &CALENDAR_BUSY,
            Self::StaleVersion => &STALE_VERSION,
            Self::FeedbackNotOpen => &FEEDBACK_NOT_OPEN,
            Self::FeedbackClosed => &FEEDBACK_CLOSED,
            Self::FeedbackGiven => &FEEDBACK_GIVEN,
            Self::NoteNotFound => &NOTE_NOT_FOUND,
            Self::MentorshipNotFound => &MENTORSHIP_NOT_FOUND,
            Self::MentorshipLive => &MENTORSHIP_LIVE,
            Self::MentorshipState => &MENTORSHIP_STATE,
            Self::TooManyGoals => &TOO_MANY_GOALS,
            Self::GoalNotFound => &GOAL_NOT_FOUND,
            Self::ActionItemNotFound => &ACTION_ITEM_NOT_FOUND,
            Self::StaffRequired => &STAFF_REQUIRED,
            Self::DisputeNotFound => &DISPUTE_NOT_FOUND,
            Self::DisputeMade => &DISPUTE_MADE,
            Self::HoursTooMany => &HOURS_TOO_MANY,
            Self::CertificateNotFound => &CERTIFICATE_NOT_FOUND,
            Self::CertificateEmpty => &CERTIFICATE_EMPTY,
            Self::CertificateName => &CERTIFICATE_NAME,
            Self::CertificateRevoked => &CERTIFICATE_REVOKED,
            Self::DocumentsBusy => &DOCUMENTS_BUSY,
            Self::Db(error) => error.code(),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => invalid.fields(),
            _ => &[],
        }
    }

    fn alternatives(&self) -> &[DateTime<Utc>] {
        match self {
            Self::SlotTaken { alternatives } | Self::NotOffered { alternatives, .. } => {
                alternatives
            }
            _ => &[],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CalendarBusy | Self::DocumentsBusy => Some(Duration::from_secs(2)),
            Self::Db(error) => error.retry_after(),
            _ => None,
        }
    }
}
