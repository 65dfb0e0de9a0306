crate::text_enum! {
    /// What a member of a business may do.
    pub enum MemberRole {
        /// Everything.
        Owner = "owner",
        /// Everything but deleting the business and managing its owners.
        Manager = "manager",
        /// See.
        Staff = "staff",
    }
}
