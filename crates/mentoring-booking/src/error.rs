use std::time::Duration;

use chrono::{DateTime, Utc};
use karya_core::{ApiError, Code, FieldError, Invalid};
use karya_db::DbError;
use karya_web::StaffFactorMissing;
use karya_web::codes::{STAFF_FACTOR_REQUIRED, STALE_VERSION};

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
        fix: "Saat Nyepi jaringan di Bali dimatikan, dan selama peringatan bencana tidak ada sesi di wilayahnya. Pilih waktu lain." / "On Nyepi the network in Bali is down, and while a disaster alert stands there are no sessions in its region. Choose another time.";
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
    OVERRIDE_NOT_FOUND = "calendar.override_not_found", NotFound,
        title: "Tidak ada jam khusus di tanggal itu" / "That date has no hours of its own",
        fix: "Lihat daftar jam khusus Anda." / "Look at the list of your overrides.";
    TIME_OFF_NOT_FOUND = "calendar.time_off_not_found", NotFound,
        title: "Cuti tidak ditemukan" / "There is no such time off",
        fix: "Periksa id; mungkin sudah dihapus." / "Check the id; it may be deleted already.";
    FEED_NOT_FOUND = "calendar.feed_not_found", NotFound,
        title: "Tautan kalender tidak ditemukan" / "There is no such calendar feed",
        fix: "Mungkin sudah dihapus atau diganti. Buat tautan baru." / "It may be deleted, or have a new address. Make a new one.";
    BUSY_CALENDAR_NOT_FOUND = "calendar.busy_calendar_not_found", NotFound,
        title: "Kalender luar tidak ditemukan" / "There is no such busy calendar",
        fix: "Periksa id; mungkin sudah dihapus." / "Check the id; it may be deleted already.";
    TOO_MANY_ENTRIES = "calendar.too_many", Conflict,
        title: "Jumlahnya sudah mencapai batas" / "There are as many as there may be",
        fix: "Hapus salah satu dulu." / "Delete one first.";
    NOTHING_TO_REFRESH = "calendar.nothing_to_refresh", Conflict,
        title: "Kalender ini diunggah, tidak punya alamat" / "This calendar was uploaded and has no address",
        fix: "Unggah berkas yang baru, lalu hapus yang lama." / "Upload the new file, then delete the old one.";
    ALREADY_APPLIED = "mentor.already_applied", Conflict,
        title: "Anda sudah mendaftar sebagai mentor" / "You have applied as a mentor already",
        fix: "Lihat `GET /v1/me/mentor`; ubah dengan `PATCH /v1/me/mentor`." / "See `GET /v1/me/mentor`; change it with `PATCH /v1/me/mentor`.";
    MENTOR_REQUIRED = "mentor.required", Forbidden,
        title: "Hanya mentor yang boleh melakukan ini" / "Only mentors may do this",
        fix: "Daftar dulu dengan `POST /v1/mentors`; bila pernah ditolak, perbaiki dengan `PATCH /v1/me/mentor`." / "Apply first with `POST /v1/mentors`; after a rejection, improve the application with `PATCH /v1/me/mentor`.";
    STAFF_REQUIRED = "mentor.staff_required", Forbidden,
        title: "Hanya petugas yang boleh meninjau mentor" / "Only staff may review mentors",
        fix: "Minta petugas dengan peran verifier atau admin." / "Ask somebody with the role verifier or admin.";
    OWN_REVIEW = "mentor.own_review", Forbidden,
        title: "Anda tidak boleh meninjau diri sendiri" / "You may not review yourself",
        fix: "Minta petugas lain meninjaunya." / "Ask somebody else on the staff.";
    MENTOR_TRANSITION = "mentor.invalid_transition", Conflict,
        title: "Itu tidak bisa dilakukan pada mentor ini" / "That cannot be done with this mentor",
        fix: "Lihat `state` mentor; mungkin petugas lain sudah memutuskan." / "Look at the `state` of the mentor; somebody else may have decided.";
    OFFERING_OWNER_REQUIRED = "offering.owner_required", Forbidden,
        title: "Layanan ini milik mentor lain" / "This offering is another mentor's",
        fix: "Ubah layanan Anda sendiri; lihat `GET /v1/me/offerings`." / "Change your own; see `GET /v1/me/offerings`.";
    TOO_MANY_OFFERINGS = "offering.too_many", Conflict,
        title: "Anda sudah punya dua puluh layanan yang terbuka" / "You have twenty open offerings already",
        fix: "Tutup salah satu dulu." / "Close one first.";

    GROUP_NOT_FOUND = "group_session.not_found", NotFound,
        title: "Sesi kelompok tidak ditemukan" / "There is no such group session",
        fix: "Periksa id sesi kelompok." / "Check the id of the group session.";
    GROUP_MENTOR_REQUIRED = "group_session.mentor_required", Forbidden,
        title: "Hanya mentor yang disetujui dapat membuka sesi kelompok" / "Only approved mentors open group sessions",
        fix: "Daftar sebagai mentor dan tunggu persetujuan." / "Apply as a mentor and wait for approval.";
    GROUP_HOST_REQUIRED = "group_session.host_required", Forbidden,
        title: "Hanya mentor sesi ini yang boleh" / "Only the mentor of the session may do that",
        fix: "Hubungi mentor sesi ini." / "Ask the mentor of the session.";
    GROUP_OWN = "group_session.own_session", Conflict,
        title: "Ini sesi Anda sendiri" / "It is your own session",
        fix: "Mentor tidak perlu kursi di sesinya sendiri." / "A mentor needs no seat in their own session.";
    GROUP_FULL = "group_session.full", Conflict,
        title: "Sesi kelompok sudah penuh" / "The group session is full",
        fix: "Masuk daftar tunggu, atau pilih sesi lain." / "Join the waitlist, or choose another session.";
    GROUP_CLOSED = "group_session.closed", Conflict,
        title: "Sesi kelompok dibatalkan, ditangguhkan, atau sudah mulai" / "The group session was cancelled, is on hold or has begun",
        fix: "Pilih sesi lain." / "Choose another session.";
    GROUP_SEATS_FREE = "group_session.seats_free", Conflict,
        title: "Masih ada kursi kosong" / "There are seats left",
        fix: "Langsung gabung; daftar tunggu tidak diperlukan." / "Join; there is no need to wait.";
    GROUP_WAITLIST_FULL = "group_session.waitlist_full", Conflict,
        title: "Daftar tunggu sudah penuh" / "The waitlist is full",
        fix: "Coba lagi nanti, atau pilih sesi lain." / "Try again later, or choose another session.";
    GROUP_NO_OFFER = "group_session.no_offer", Conflict,
        title: "Tidak ada kursi yang ditawarkan kepada Anda" / "No seat is offered to you",
        fix: "Tunggu surel tawaran, atau gabung bila ada kursi." / "Wait for the mail with the offer, or join if there is a seat.";
    GROUP_OFFER_EXPIRED = "group_session.offer_expired", Conflict,
        title: "Tawaran kursi sudah lewat waktunya" / "The offer of the seat has lapsed",
        fix: "Masuk daftar tunggu lagi." / "Join the waitlist again.";
    GROUP_BELOW_SEATS = "group_session.capacity_below_seats", Conflict,
        title: "Kapasitas kurang dari kursi yang sudah terisi" / "The capacity is below the seats that are taken",
        fix: "Isi paling sedikit `seats_taken`." / "Give at least `seats_taken`.";
    GROUP_NOT_STARTED = "group_session.not_started", Conflict,
        title: "Sesi kelompok belum mulai" / "The group session has not begun",
        fix: "Catat kehadiran setelah sesi mulai." / "Record attendance once it has begun.";

    SERIES_NOT_FOUND = "booking_series.not_found", NotFound,
        title: "Rangkaian sesi tidak ditemukan" / "There is no such series",
        fix: "Periksa id; rangkaian itu tidak ada atau bukan milik Anda." / "Check the id; the series does not exist or is not yours.";
    SERIES_CONFLICT = "booking_series.conflict", Conflict,
        title: "Sebagian jadwal rangkaian ini tidak bisa dipesan" / "Some times of the series cannot be booked",
        fix: "Lihat `conflicts`; geser jam mulainya, atau kirim `on_conflict: skip`." / "Look at `conflicts`; move the start, or send `on_conflict: skip`.";
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
    DISPUTE_STAFF_REQUIRED = "booking.staff_required", Forbidden,
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
    BLOCK_NOT_FOUND = "block.not_found", NotFound,
        title: "Pemblokiran tidak ditemukan" / "There is no such block",
        fix: "Periksa id; mungkin sudah dihapus." / "Check the id; it may be deleted already.";
    DOCUMENT_NOT_FOUND = "booking.document_not_found", NotFound,
        title: "Berkas tidak ditemukan" / "There is no such document",
        fix: "Periksa id; berkas itu tidak ada, atau hanya pengunggahnya yang boleh menghapusnya." / "Check the id; the document does not exist, or only its uploader may remove it.";
    DOCUMENTS_TOO_MANY = "booking.too_many_documents", Conflict,
        title: "Anda sudah mengunggah lima berkas untuk sesi ini" / "You have added five documents to this session",
        fix: "Hapus salah satu dulu." / "Remove one first.";
    DOCUMENTS_CLOSED = "booking.documents_closed", Conflict,
        title: "Sesi ini tidak menerima berkas lagi" / "This session takes no documents any more",
        fix: "Sesi itu dibatalkan, ditolak, atau sudah lama selesai." / "It was cancelled, declined or lapsed, or it has been over for long.";
    DOCUMENT_TYPE = "booking.document_type", UnsupportedMedia,
        title: "Isi berkas ini bukan jenis yang diterima" / "What is in this file is not of a kind that is taken",
        fix: "Kirim PDF, JPEG, PNG, WebP, teks UTF-8, DOCX, atau XLSX yang utuh, dengan `Content-Type` yang sesuai." / "Send a whole PDF, JPEG, PNG, WebP, UTF-8 text, DOCX or XLSX, with the `Content-Type` that it is.";
    STORAGE_FAILED = "booking.storage_unavailable", Unavailable,
        title: "Penyimpanan berkas sedang sibuk" / "The storage of documents is busy",
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
    #[error("the date has no override")]
    OverrideNotFound,
    #[error("there is no such time off for this caller")]
    TimeOffNotFound,
    #[error("there is no such calendar feed")]
    FeedNotFound,
    #[error("there is no such imported calendar for this caller")]
    BusyCalendarNotFound,
    #[error("the caller has as many of these as anybody may have")]
    TooManyEntries,
    #[error("an uploaded calendar cannot be fetched again")]
    NothingToRefresh,
    #[error("the caller has applied already")]
    AlreadyApplied,
    #[error("the caller is not a mentor, or a rejected one")]
    MentorRequired,
    #[error("the caller is not on the staff")]
    StaffRequired,
    #[error(transparent)]
    StaffFactorMissing(#[from] StaffFactorMissing),
    #[error("the caller is the mentor")]
    OwnReview,
    #[error("the state of the mentor does not allow it")]
    MentorTransition,
    #[error("the offering is somebody else's")]
    OfferingOwnerRequired,
    #[error("the mentor has too many open offerings")]
    TooManyOfferings,
    #[error("it was changed by another request")]
    StaleVersion,
    #[error("there is no such group session")]
    GroupNotFound,
    #[error("the caller is not an approved mentor")]
    GroupMentorRequired,
    #[error("the caller is not the mentor of the session")]
    GroupHostRequired,
    #[error("it is the caller's own session")]
    GroupOwn,
    #[error("the session is full")]
    GroupFull,
    #[error("the session is cancelled or held up, or has begun")]
    GroupClosed,
    #[error("there are seats left")]
    GroupSeatsFree,
    #[error("the waitlist is full")]
    GroupWaitlistFull,
    #[error("nothing is offered to the caller")]
    GroupNoOffer,
    #[error("the offer has lapsed")]
    GroupOfferExpired,
    #[error("the capacity is below the seats taken")]
    GroupBelowSeats,
    #[error("the session has not begun")]
    GroupNotStarted,
    #[error("there is no such series for this caller")]
    SeriesNotFound,
    #[error("{} times of the series cannot be had", conflicts.len())]
    SeriesConflict {
        conflicts: Vec<(DateTime<Utc>, &'static Code)>,
        /// Other times for the first of them.
        alternatives: Vec<DateTime<Utc>>,
    },
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
    DisputeStaffRequired,
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
    #[error("there is no such block of this caller")]
    BlockNotFound,
    #[error("the booking has no such document for this caller")]
    DocumentNotFound,
    #[error("the caller has as many documents there as anybody may have")]
    TooManyDocuments,
    #[error("the booking takes no documents")]
    DocumentsClosed,
    #[error("the bytes are not of a kind that is taken")]
    DocumentType,
    #[error("the storage does not do it now")]
    StorageFailed,
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

impl MentoringError {
    /// Refuses a change by somebody who has seen another version than the `current` one, if it matters.
    pub(crate) fn unless_fresh(expected: Option<i32>, current: i32) -> Result<(), Self> {
        if expected.is_some_and(|expected| expected != current) {
            Err(Self::StaleVersion)
        } else {
            Ok(())
        }
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
            Self::OverrideNotFound => &OVERRIDE_NOT_FOUND,
            Self::TimeOffNotFound => &TIME_OFF_NOT_FOUND,
            Self::FeedNotFound => &FEED_NOT_FOUND,
            Self::BusyCalendarNotFound => &BUSY_CALENDAR_NOT_FOUND,
            Self::TooManyEntries => &TOO_MANY_ENTRIES,
            Self::NothingToRefresh => &NOTHING_TO_REFRESH,
            Self::AlreadyApplied => &ALREADY_APPLIED,
            Self::MentorRequired => &MENTOR_REQUIRED,
            Self::StaffRequired => &STAFF_REQUIRED,
            Self::StaffFactorMissing(_) => &STAFF_FACTOR_REQUIRED,
            Self::OwnReview => &OWN_REVIEW,
            Self::MentorTransition => &MENTOR_TRANSITION,
            Self::OfferingOwnerRequired => &OFFERING_OWNER_REQUIRED,
            Self::TooManyOfferings => &TOO_MANY_OFFERINGS,
            Self::StaleVersion => &STALE_VERSION,
            Self::GroupNotFound => &GROUP_NOT_FOUND,
            Self::GroupMentorRequired => &GROUP_MENTOR_REQUIRED,
            Self::GroupHostRequired => &GROUP_HOST_REQUIRED,
            Self::GroupOwn => &GROUP_OWN,
            Self::GroupFull => &GROUP_FULL,
            Self::GroupClosed => &GROUP_CLOSED,
            Self::GroupSeatsFree => &GROUP_SEATS_FREE,
            Self::GroupWaitlistFull => &GROUP_WAITLIST_FULL,
            Self::GroupNoOffer => &GROUP_NO_OFFER,
            Self::GroupOfferExpired => &GROUP_OFFER_EXPIRED,
            Self::GroupBelowSeats => &GROUP_BELOW_SEATS,
            Self::GroupNotStarted => &GROUP_NOT_STARTED,
            Self::SeriesNotFound => &SERIES_NOT_FOUND,
            Self::SeriesConflict { .. } => &SERIES_CONFLICT,
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
            Self::DisputeStaffRequired => &DISPUTE_STAFF_REQUIRED,
            Self::DisputeNotFound => &DISPUTE_NOT_FOUND,
            Self::DisputeMade => &DISPUTE_MADE,
            Self::HoursTooMany => &HOURS_TOO_MANY,
            Self::CertificateNotFound => &CERTIFICATE_NOT_FOUND,
            Self::CertificateEmpty => &CERTIFICATE_EMPTY,
            Self::CertificateName => &CERTIFICATE_NAME,
            Self::CertificateRevoked => &CERTIFICATE_REVOKED,
            Self::DocumentsBusy => &DOCUMENTS_BUSY,
            Self::BlockNotFound => &BLOCK_NOT_FOUND,
            Self::DocumentNotFound => &DOCUMENT_NOT_FOUND,
            Self::TooManyDocuments => &DOCUMENTS_TOO_MANY,
            Self::DocumentsClosed => &DOCUMENTS_CLOSED,
            Self::DocumentType => &DOCUMENT_TYPE,
            Self::StorageFailed => &STORAGE_FAILED,
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
            Self::SlotTaken { alternatives }
            | Self::NotOffered { alternatives, .. }
            | Self::SeriesConflict { alternatives, .. } => alternatives,
            _ => &[],
        }
    }

    fn conflicts(&self) -> &[(DateTime<Utc>, &'static Code)] {
        match self {
            Self::SeriesConflict { conflicts, .. } => conflicts,
            _ => &[],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CalendarBusy | Self::DocumentsBusy | Self::StorageFailed => {
                Some(Duration::from_secs(2))
            }
            Self::Db(error) => error.retry_after(),
            _ => None,
        }
    }
}
