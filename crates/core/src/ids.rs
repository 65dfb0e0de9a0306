//! Typed ids: `UUIDv7` (RFC 9562), made in Rust, one type per entity.

/// Declares `UUIDv7` newtypes that diesel, serde and utoipa understand.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::macros::serde::Serialize, $crate::macros::serde::Deserialize,
            $crate::macros::DieselNewType, $crate::macros::utoipa::ToSchema,
        )]
        #[serde(crate = "::karya_core::macros::serde", transparent)]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name($crate::macros::uuid::Uuid);

        impl $name {
            /// A new id; ids made later sort later.
            #[must_use]
            pub fn fresh() -> Self {
                Self($crate::macros::uuid::Uuid::now_v7())
            }

            #[must_use]
            pub const fn from_uuid(id: $crate::macros::uuid::Uuid) -> Self {
                Self(id)
            }

            #[must_use]
            pub const fn as_uuid(&self) -> $crate::macros::uuid::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

typed_id! {
    /// An account.
    UserId,
    /// A signed-in device of an account.
    SessionId,
    /// A key with which a program acts for an account.
    ApiKeyId,
    /// A business (UMKM) on the marketplace.
    BusinessId,
    /// A kind of mentoring session that a mentor offers.
    OfferingId,
    /// A booked mentoring session.
    BookingId,
    /// A mentoring session with many seats.
    GroupSessionId,
    /// Bookings of one rhythm.
    BookingSeriesId,
}
