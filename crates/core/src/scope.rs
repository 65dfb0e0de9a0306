crate::text_enum! {
    /// What an API key may be used for. There may be more: treat those that you do not know as unknown.
    pub enum Scope {
        ProfileRead = "profile:read",
        ProfileWrite = "profile:write",
        BusinessesRead = "businesses:read",
        BusinessesWrite = "businesses:write",
        MentorsRead = "mentors:read",
        /// One's own offerings, and what one says of oneself as a mentor.
        MentorsWrite = "mentors:write",
        CalendarRead = "calendar:read",
        CalendarWrite = "calendar:write",
        BookingsRead = "bookings:read",
        BookingsWrite = "bookings:write",
        GroupSessionsRead = "group_sessions:read",
        GroupSessionsWrite = "group_sessions:write",
        /// Agenda, notes and documents of sessions.
        NotesRead = "notes:read",
        NotesWrite = "notes:write",
        FeedbackRead = "feedback:read",
        FeedbackWrite = "feedback:write",
        MentorshipsRead = "mentorships:read",
        MentorshipsWrite = "mentorships:write",
        /// Mentoring hours and certificates.
        ProofRead = "proof:read",
        ProofWrite = "proof:write",
        /// What changed of everything that one sees.
        SyncRead = "sync:read",
    }
}
