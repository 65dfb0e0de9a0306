crate::text_enum! {
    /// What an account may do beyond buying and owning businesses, which everyone may.
    pub enum Role {
        /// Offers mentoring sessions.
        Mentor = "mentor",
        /// Reviews the papers of businesses.
        Verifier = "verifier",
        /// Decides on reported content.
        Moderator = "moderator",
        /// Issues early warnings.
        AlertOperator = "alert_operator",
        /// Runs the platform.
        Admin = "admin",
    }
}

impl Role {
    /// Whether it gives power over what belongs to others: mentors have none.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Mentor)
    }
}
