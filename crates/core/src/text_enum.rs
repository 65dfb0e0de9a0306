//! Enumerations that are `lower_snake` text in JSON, in queries and in the database.

/// Declares such an enumeration. The database holds text with a CHECK; `ALL` feeds tests that compare the two.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:tt),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::macros::serde::Serialize, $crate::macros::serde::Deserialize,
            $crate::macros::diesel::AsExpression, $crate::macros::diesel::FromSqlRow,
            $crate::macros::utoipa::ToSchema,
        )]
        #[serde(crate = "::karya_core::macros::serde")]
        #[diesel(sql_type = ::karya_core::macros::diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value with this text, if there is one.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::macros::diesel::serialize::ToSql<$crate::macros::diesel::sql_types::Text, $crate::macros::diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::macros::diesel::serialize::Output<'b, '_, $crate::macros::diesel::pg::Pg>,
            ) -> $crate::macros::diesel::serialize::Result {
                ::std::io::Write::write_all(out, self.as_str().as_bytes())?;
                Ok($crate::macros::diesel::serialize::IsNull::No)
            }
        }

        impl $crate::macros::diesel::deserialize::FromSql<$crate::macros::diesel::sql_types::Text, $crate::macros::diesel::pg::Pg> for $name {
            fn from_sql(bytes: $crate::macros::diesel::pg::PgValue<'_>) -> $crate::macros::diesel::deserialize::Result<Self> {
                let text = ::std::str::from_utf8(bytes.as_bytes())?;
                Self::from_text(text).ok_or_else(|| {
                    format!(concat!("unknown ", stringify!($name), " in the database: {}"), text).into()
                })
            }
        }
    };
}
