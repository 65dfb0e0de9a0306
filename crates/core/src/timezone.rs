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
