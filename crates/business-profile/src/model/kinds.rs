karya_core::text_enum! {
    /// Bentuk badan usaha.
    pub enum LegalForm {
        /// A person, without an entity of its own.
        Perorangan = "perorangan",
        Pt = "pt",
        /// PT Perorangan (PP 8/2021).
        PtPerorangan = "pt_perorangan",
        Cv = "cv",
        Firma = "firma",
        Koperasi = "koperasi",
        Yayasan = "yayasan",
        Bumdes = "bumdes",
        Lainnya = "lainnya",
    }
}

karya_core::text_enum! {
    /// Whether a business is shown.
    pub enum BusinessState {
        /// Not finished; members see it.
        Draft = "draft",
        /// Everybody sees it.
        Active = "active",
        /// Its owner took it off for a while.
        Paused = "paused",
        /// Staff took it off.
        Suspended = "suspended",
    }
}

karya_core::text_enum! {
    /// How far the identity numbers of a business are proved.
    pub enum RegistrationStatus {
        SelfDeclared = "self_declared",
        DocumentUploaded = "document_uploaded",
        Reviewed = "reviewed",
        Rejected = "rejected",
        Expired = "expired",
    }
}
