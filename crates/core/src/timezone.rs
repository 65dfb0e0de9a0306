crate::text_enum! {
    /// A time zone of Indonesia (Keppres 41/1987), by its IANA name.
    pub enum Timezone {
        /// WIB, UTC+7.
        Jakarta = "Asia/Jakarta",
        /// WITA, UTC+8.
        Makassar = "Asia/Makassar",
        /// WIT, UTC+9.
        Jayapura = "Asia/Jayapura",
    }
}

impl Timezone {
    /// The zone's clock.
    #[must_use]
    pub const fn tz(self) -> chrono_tz::Tz {
        match self {
            Self::Jakarta => chrono_tz::Tz::Asia__Jakarta,
            Self::Makassar => chrono_tz::Tz::Asia__Makassar,
            Self::Jayapura => chrono_tz::Tz::Asia__Jayapura,
        }
    }
}
