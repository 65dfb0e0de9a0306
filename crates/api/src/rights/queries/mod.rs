//! One SQL statement per function.

mod deletions;
mod exports;
mod requests;

pub use deletions::DeletionState;
pub use exports::ExportState;
pub use requests::{DataRequestKind, RequestOutcome};

pub(super) use deletions::*;
pub(super) use exports::*;
pub(super) use requests::*;
