karya_core::text_enum! {
    /// How far somebody is on the way to being a mentor.
    pub enum MentorState {
        /// Waits for review.
        Applied = "applied",
        /// May offer sessions.
        Approved = "approved",
        Rejected = "rejected",
        /// Staff took the mentor off.
        Suspended = "suspended",
    }
}

karya_core::text_enum! {
    /// How people meet.
    pub enum SessionMode {
        /// By video.
        Online = "online",
        Phone = "phone",
        /// By messages, for little data.
        Chat = "chat",
        InPerson = "in_person",
    }
}

karya_core::text_enum! {
    /// On which holidays a calendar is closed.
    pub enum HolidayPolicy {
        /// National and regional ones.
        Closed = "closed",
        /// Joint leave (cuti bersama) too.
        ClosedAlsoCutiBersama = "closed_also_cuti_bersama",
        /// None.
        Ignore = "ignore",
    }
}

impl From<HolidayPolicy> for crate::slots::HolidayPolicy {
    fn from(policy: HolidayPolicy) -> Self {
        match policy {
            HolidayPolicy::Closed => Self::Closed,
            HolidayPolicy::ClosedAlsoCutiBersama => Self::ClosedAlsoCutiBersama,
            HolidayPolicy::Ignore => Self::Ignore,
        }
    }
}

karya_core::text_enum! {
    /// What took a piece of somebody's time.
    pub enum ClaimKind {
        /// Kept for a few minutes while a form is filled in.
        Hold = "hold",
        /// A booking that waits for the mentor's answer.
        Request = "request",
        Booking = "booking",
        /// A group session, on the mentor's side.
        Group = "group",
        /// A seat in one, on the mentee's.
        Seat = "seat",
    }
}

karya_core::text_enum! {
    /// Where a booking stands.
    pub enum BookingState {
        /// Waits for the mentor.
        Requested = "requested",
        Confirmed = "confirmed",
        /// The mentor said no.
        Declined = "declined",
        /// The mentor did not answer in time.
        Expired = "expired",
        Cancelled = "cancelled",
        /// Held up by a disaster alert; nobody is to blame.
        Suspended = "suspended",
        Completed = "completed",
        NoShow = "no_show",
    }
}

impl BookingState {
    /// Those in which a booking still keeps time.
    pub(crate) const LIVE: [Self; 3] = [Self::Requested, Self::Confirmed, Self::Suspended];

    /// Whether the booking still keeps time.
    #[must_use]
    pub fn is_live(self) -> bool {
        Self::LIVE.contains(&self)
    }
}

karya_core::text_enum! {
    /// Who acts on a booking.
    pub enum Party {
        Mentor = "mentor",
        Mentee = "mentee",
        Staff = "staff",
        /// The program: a deadline passed.
        System = "system",
    }
}

karya_core::text_enum! {
    /// Who did not come.
    pub enum NoShowParty {
        Mentor = "mentor",
        Mentee = "mentee",
        Both = "both",
    }
}

impl NoShowParty {
    /// Whom somebody reports: the mentor the mentee, anybody else the mentor.
    pub(crate) fn accused_by(reporter: Party) -> Self {
        if reporter == Party::Mentor {
            Self::Mentee
        } else {
            Self::Mentor
        }
    }
}

karya_core::text_enum! {
    /// Why a calendar elsewhere could not be read.
    pub enum ImportFailure {
        /// Not an https address on port 443.
        BadAddress = "bad_address",
        /// It leads into a private network.
        RefusedAddress = "refused_address",
        Unreachable = "unreachable",
        Timeout = "timeout",
        /// Too many, or to nowhere.
        Redirects = "redirects",
        /// The server wants a sign-in.
        Refused = "refused",
        NotFound = "not_found",
        /// The server answered something else.
        BadResponse = "bad_response",
        TooLarge = "too_large",
        NotACalendar = "not_a_calendar",
        TooManyEvents = "too_many_events",
    }
}

karya_core::text_enum! {
    /// Where a group session stands.
    pub enum GroupState {
        /// People may join until it starts.
        Open = "open",
        /// Held up by a disaster alert; nobody is to blame.
        Suspended = "suspended",
        /// The mentor called it off, or it was still held up when it should have begun.
        Cancelled = "cancelled",
    }
}

karya_core::text_enum! {
    /// How a seat in a group session stands.
    pub enum SeatState {
        /// Offered to somebody from the waitlist, who has not answered.
        Held = "held",
        Confirmed = "confirmed",
        /// Given back, or called off with the session.
        Released = "released",
    }
}

impl SeatState {
    /// Those in which a seat is taken.
    pub(crate) const LIVE: [Self; 2] = [Self::Held, Self::Confirmed];
}

karya_core::text_enum! {
    /// How somebody's place on a waitlist stands.
    pub enum WaitlistState {
        Waiting = "waiting",
        /// A seat is held for them.
        Offered = "offered",
        /// They got a seat.
        Accepted = "accepted",
        /// They did not answer the offer in time, or the session was called off.
        Lapsed = "lapsed",
        Left = "left",
    }
}

impl WaitlistState {
    /// Those in which somebody is still in line.
    pub(crate) const LIVE: [Self; 2] = [Self::Waiting, Self::Offered];
}
