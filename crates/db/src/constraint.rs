use diesel::result::{DatabaseErrorKind, Error};

/// Names the refusal of a constraint.
///
/// Insert and read the refusal; a look before the insert would race.
pub trait OnConstraint<T> {
    /// `Err(domain())` when the constraint called `name` refused; any other error as it came.
    fn on_constraint<E: From<Error>>(self, name: &str, domain: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, Error> {
    fn on_constraint<E: From<Error>>(self, name: &str, domain: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| {
            if violated(&error) == Some(name) {
                domain()
            } else {
                error.into()
            }
        })
    }
}

/// The name of the constraint that refused, if one did: for operations that several can refuse.
#[must_use]
pub fn violated(error: &Error) -> Option<&str> {
    match error {
        Error::DatabaseError(
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ExclusionViolation,
            info,
        ) => info.constraint_name(),
        _ => None,
    }
}
