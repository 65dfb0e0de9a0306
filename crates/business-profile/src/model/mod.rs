//! Rows and values.

pub(crate) mod identity;
mod kinds;
mod links;
mod opening_hours;
mod rows;
mod size_class;
mod slug;

pub use identity::{Nib, Nik, Npwp};
pub use karya_core::MemberRole;
pub use kinds::{BusinessState, LegalForm, RegistrationStatus};
pub use links::{SocialLinks, website};
pub use opening_hours::{OpeningPeriod, Weekday, opening_hours};
pub(crate) use rows::{BusinessRow, NewMember, RegistrationRow, SummaryRow};
pub use size_class::SizeClass;
pub use slug::{Slug, from_name};
