pub(super) mod deletion;
pub(super) mod exports;
pub(super) mod requests;
