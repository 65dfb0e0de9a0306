//! The refusals that any operation can give.

karya_core::codes! {
    MALFORMED_JSON = "request.malformed_json", Malformed,
        title: "Isi permintaan bukan JSON yang sah" / "The request body is not valid JSON",
        fix: "Kirim JSON dalam UTF-8 sesuai skema operasi ini." / "Send JSON in UTF-8 that follows the schema of this operation.";
    INVALID_QUERY = "request.invalid_query", Malformed,
        title: "Parameter tidak sah" / "A parameter is not valid",
        fix: "Periksa nama dan nilai parameter yang disebut pada `errors`." / "Check the name and the value of the parameters in `errors`.";
    INVALID_HEADER = "request.invalid_header", Malformed,
        title: "Header permintaan tidak sah" / "A request header is not valid",
        fix: "Periksa header yang disebut pada `errors`." / "Check the headers named in `errors`.";
    CURSOR_MISMATCH = "cursor.mismatch", Malformed,
        title: "Kursor bukan milik daftar dan saringan ini" / "The cursor does not belong to this list and filter",
        fix: "Mulai lagi dari halaman pertama tanpa `cursor`." / "Start again from the first page, without `cursor`.";
    UNAUTHENTICATED = "auth.unauthenticated", Unauthenticated,
        title: "Token akses tidak ada atau tidak berlaku" / "The access token is missing or not valid",
        fix: "Masuk lagi atau perbarui token, lalu kirim `Authorization: Bearer …`." / "Sign in again or refresh the token, then send `Authorization: Bearer …`.";
    STEP_UP_REQUIRED = "auth.step_up_required", Forbidden,
        title: "Buktikan lagi bahwa ini Anda" / "Prove again that it is you",
        fix: "Panggil `POST /v1/auth/step-up` dengan kata sandi, atau dengan kode bila akun ini memakai faktor kedua, lalu ulangi." / "Call `POST /v1/auth/step-up` with the password, or with a code if the account has a second factor, then try again.";
    ACCOUNT_CLOSING = "auth.account_closing", Forbidden,
        title: "Akun ini sedang ditutup" / "This account is being closed",
        fix: "Batalkan penghapusannya dengan `POST /v1/me/deletion/cancel` bila ingin memakainya lagi." / "Take its deletion back with `POST /v1/me/deletion/cancel` to use it again.";
    SCOPE_REQUIRED = "auth.scope_required", Forbidden,
        title: "Kunci API ini tidak punya cakupan yang dibutuhkan" / "The API key does not have the scope that this takes",
        fix: "Buat kunci dengan cakupan yang disebut pada `detail`." / "Make a key with the scope that `detail` names.";
    API_KEY_NOT_ACCEPTED = "auth.api_key_not_accepted", Forbidden,
        title: "Kunci API tidak dapat dipakai untuk ini" / "No API key can do this",
        fix: "Masuk sebagai pengguna, lalu pakai token aksesnya." / "Sign in as a person and use the access token.";
    STAFF_FACTOR_REQUIRED = "auth.staff_factor_required", Forbidden,
        title: "Petugas perlu faktor kedua" / "Staff need a second factor",
        fix: "Daftarkan aplikasi autentikator (`POST /v1/me/factors/totp`) atau kunci sandi (`POST /v1/me/passkeys/begin`), lalu masuk lagi dengannya." / "Enrol an authenticator app (`POST /v1/me/factors/totp`) or a passkey (`POST /v1/me/passkeys/begin`), and sign in again with it.";
    NOT_FOUND = "request.not_found", NotFound,
        title: "Tidak ditemukan" / "Not found",
        fix: "Periksa alamatnya; sumber daya itu tidak ada atau bukan milik Anda." / "Check the address; the resource does not exist or is not yours.";
    METHOD_NOT_ALLOWED = "request.method_not_allowed", MethodNotAllowed,
        title: "Metode tidak didukung di alamat ini" / "This address does not support the method",
        fix: "Pakai salah satu metode pada header `Allow`." / "Use one of the methods in the `Allow` header.";
    REQUEST_TIMEOUT = "request.timeout", Timeout,
        title: "Isi permintaan terlalu lama diterima" / "The request body took too long to arrive",
        fix: "Coba lagi dengan koneksi yang lebih baik." / "Try again over a better connection.";
    TOO_SLOW = "service.too_slow", Unavailable,
        title: "Layanan tidak sempat menjawab" / "The service did not answer in time",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
    STALE_VERSION = "request.stale_version", Stale,
        title: "Data sudah diubah oleh pihak lain" / "Somebody else has changed the resource",
        fix: "Ambil versi terbaru, ulangi perubahan Anda, dan kirim `If-Match` yang baru." / "Fetch the newest version, repeat your change, and send the new `If-Match`.";
    VERSION_REQUIRED = "request.version_required", VersionRequired,
        title: "Header `If-Match` wajib ada" / "The `If-Match` header is required",
        fix: "Kirim `If-Match` dengan nilai `ETag` dari pembacaan terakhir." / "Send `If-Match` with the `ETag` of your last read.";
    BODY_TOO_LARGE = "request.body_too_large", TooLarge,
        title: "Isi permintaan terlalu besar" / "The request body is too large",
        fix: "Kecilkan isinya." / "Make the body smaller.";
    UNSUPPORTED_MEDIA_TYPE = "request.unsupported_media_type", UnsupportedMedia,
        title: "Jenis isi tidak didukung" / "The content type is not supported",
        fix: "Kirim `Content-Type: application/json`." / "Send `Content-Type: application/json`.";
    RATE_LIMITED = "request.rate_limited", TooManyRequests,
        title: "Terlalu banyak permintaan" / "Too many requests",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
    UPGRADE_REQUIRED = "app.upgrade_required", Outdated,
        title: "Versi aplikasi ini terlalu lama" / "This version of the app is too old",
        fix: "Perbarui aplikasinya; tautannya ada pada `upgrade_url`." / "Update the app; `upgrade_url` leads to it.";
    KEY_REUSED = "idempotency.key_reused", Invalid,
        title: "`Idempotency-Key` sudah dipakai untuk permintaan lain" / "The `Idempotency-Key` was used for another request",
        fix: "Buat kunci baru untuk permintaan baru." / "Make a new key for a new request.";
    KEY_IN_PROGRESS = "idempotency.in_progress", Conflict,
        title: "Permintaan dengan kunci ini masih diproses" / "The request with this key is still being processed",
        fix: "Ulangi permintaan yang sama sebentar lagi." / "Repeat the same request in a moment.";
}
