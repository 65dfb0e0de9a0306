//! What a mentor or a mentee can show to a bank, a cooperative or a Dinas. Pure: the same input, the same bytes.

pub mod certificate;
pub mod report;
