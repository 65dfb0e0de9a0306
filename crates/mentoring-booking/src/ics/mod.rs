//! iCalendar (RFC 5545): invitations and feeds out, busy times in.

pub mod emit;
pub mod import;
mod write;

#[cfg(test)]
mod tests;
