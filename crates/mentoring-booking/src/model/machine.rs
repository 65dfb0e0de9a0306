//! What may happen to a booking: who may do what, in which state, and when. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::{BookingState, Party};

/// Something that somebody wants to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Approve,
    Decline,
    /// The mentor did not answer in time.
    Expire,
    Cancel,
    Reschedule,
    CheckIn,
    ReportNoShow,
    Complete,
    /// A disaster alert holds it up.
    Suspend,
    /// The alert is over.
    Resume,
    /// Staff find that the accused came.
    Acquit,
    /// Staff find that the accused did not come after all.
    Convict,
}

impl Action {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 12] = [
        Self::Approve,
        Self::Decline,
        Self::Expire,
        Self::Cancel,
        Self::Reschedule,
        Self::CheckIn,
        Self::ReportNoShow,
        Self::Complete,
        Self::Suspend,
        Self::Resume,
        Self::Acquit,
        Self::Convict,
    ];
}

/// What the rules look at besides the state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) now: DateTime<Utc>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) suspended_from: Option<BookingState>,
    /// How often the mentee has moved it.
    pub(crate) reschedule_count: i16,
    /// Whether the offering wants the mentor's consent to each time.
    pub(crate) needs_approval: bool,
    /// Whether somebody checked in.
    pub(crate) checked_in: bool,
}

/// Why something may not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not in this state, or not by this party.
    Transition,
    /// Too early or too late.
    Timing,
    /// The mentee has moved it often enough.
    TooManyMoves,
}

/// How often a mentee may move a booking.
pub(crate) const MAX_MOVES: i16 = 2;

/// How early people may check in.
const CHECK_IN_BEFORE: TimeDelta = TimeDelta::minutes(15);

/// How long to wait for the other side before they count as missing.
const NO_SHOW_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Until when a no-show can be reported.
const NO_SHOW_UNTIL: TimeDelta = TimeDelta::hours(72);

/// When the program closes a session that took place.
pub(crate) const FINISH_AFTER: TimeDelta = TimeDelta::hours(24);

/// The state after `action` of `party`.
pub(crate) fn step(
    state: BookingState,
    action: Action,
    party: Party,
    facts: &Facts,
) -> Result<BookingState, Refused> {
    use BookingState::{
        Cancelled, Completed, Confirmed, Declined, Expired, NoShow, Requested, Suspended,
    };
    let Facts {
        now,
        starts_at,
        ends_at,
        ..
    } = *facts;
    let in_time = |fits: bool, next| if fits { Ok(next) } else { Err(Refused::Timing) };
    match (action, state, party) {
        (Action::Approve, Requested, Party::Mentor) => in_time(now < starts_at, Confirmed),
        (Action::Decline, Requested, Party::Mentor) => Ok(Declined),
        (Action::Expire, Requested, Party::System) => in_time(
            facts.expires_at.is_some_and(|expires_at| expires_at <= now),
            Expired,
        ),
        // However late the worker comes to it.
        (Action::Cancel, Suspended, Party::System) => Ok(Cancelled),
        (Action::Cancel, Requested | Confirmed | Suspended, _) => in_time(now < ends_at, Cancelled),
        (Action::Reschedule, Requested | Confirmed | Suspended, Party::Mentor | Party::Mentee) => {
            // What a disaster held up is moved freely.
            let counts = party == Party::Mentee && state != Suspended;
            if counts && facts.reschedule_count >= MAX_MOVES {
                return Err(Refused::TooManyMoves);
            }
            // A suspended session is moved even after its hour: it did not take place.
            let in_hours = state == Suspended || now < starts_at;
            // Whoever moves it agrees to the new time; the other side of a request has not been asked.
            let was_asked = state == Requested || facts.suspended_from == Some(Requested);
            let still_asked = match party {
                Party::Mentee => facts.needs_approval,
                _ => was_asked,
            };
            in_time(in_hours, if still_asked { Requested } else { Confirmed })
        }
        (Action::CheckIn, Confirmed, Party::Mentor | Party::Mentee) => in_time(
            starts_at - CHECK_IN_BEFORE <= now && now < ends_at,
            Confirmed,
        ),
        (Action::ReportNoShow, Confirmed, Party::Mentor | Party::Mentee) => in_time(
            starts_at + NO_SHOW_AFTER <= now && now < ends_at + NO_SHOW_UNTIL,
            NoShow,
        ),
        (Action::Complete, Confirmed, Party::Mentor) => {
            in_time(starts_at + (ends_at - starts_at) / 2 <= now, Completed)
        }
        (Action::Complete, Confirmed, Party::System) => {
            in_time(facts.checked_in && ends_at + FINISH_AFTER <= now, Completed)
        }
        (Action::Suspend, Requested | Confirmed, Party::System) => {
            in_time(now < ends_at, Suspended)
        }
        (Action::Resume, Suspended, Party::System) => {
            in_time(now < starts_at, facts.suspended_from.unwrap_or(Confirmed))
        }
        (Action::Acquit, NoShow, Party::Staff) => Ok(Completed),
        (Action::Convict, Completed, Party::Staff) => Ok(NoShow),
        _ => Err(Refused::Transition),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Action, Facts, Refused, step};
    use crate::model::{BookingState, Party};

    fn facts(now: &str) -> Facts {
        let starts_at: DateTime<Utc> = "2026-06-02T02:00:00Z".parse().unwrap();
        Facts {
            now: now.parse().unwrap(),
            starts_at,
            ends_at: starts_at + TimeDelta::hours(1),
            expires_at: Some("2026-06-02T00:00:00Z".parse().unwrap()),
            suspended_from: Some(BookingState::Confirmed),
            reschedule_count: 0,
            needs_approval: false,
            checked_in: true,
        }
    }

    /// Every state, action and party at four moments, as one picture: a changed rule shows here.
    #[test]
    fn the_whole_grid() {
        use std::fmt::Write;

        let moments = [
            ("before", "2026-06-01T00:00:00Z"),
            ("lapsed", "2026-06-02T01:50:00Z"),
            ("during", "2026-06-02T02:40:00Z"),
            ("after", "2026-06-03T04:00:00Z"),
        ];
        let mut picture = String::new();
        for action in Action::ALL {
            for party in Party::ALL {
                for state in BookingState::ALL {
                    let at = |moment: &str| match step(*state, action, *party, &facts(moment)) {
                        Ok(next) => next.as_str(),
                        Err(Refused::Timing) => "time",
                        Err(Refused::TooManyMoves) => "moves",
                        Err(Refused::Transition) => "-",
                    };
                    let row: Vec<&str> = moments.iter().map(|(_, moment)| at(moment)).collect();
                    if row.iter().any(|next| *next != "-") {
                        let (party, state) = (party.as_str(), state.as_str());
                        writeln!(picture, "{action:?} {state} by {party}: {}", row.join(" "))
                            .unwrap();
                    }
                }
            }
        }
        insta::assert_snapshot!(picture);
    }

    #[test]
    fn only_staff_turn_a_no_show_into_a_session_and_back() {
        for party in Party::ALL {
            for state in BookingState::ALL {
                let after = |action| step(*state, action, *party, &facts("2026-06-03T04:00:00Z"));
                let (acquitted, convicted) = match (state, party) {
                    (BookingState::NoShow, Party::Staff) => {
                        (Ok(BookingState::Completed), Err(Refused::Transition))
                    }
                    (BookingState::Completed, Party::Staff) => {
                        (Err(Refused::Transition), Ok(BookingState::NoShow))
                    }
                    _ => (Err(Refused::Transition), Err(Refused::Transition)),
                };
                assert_eq!(after(Action::Acquit), acquitted, "{state} {party}");
                assert_eq!(after(Action::Convict), convicted, "{state} {party}");
            }
        }
    }

    #[test]
    fn a_mentee_moves_it_twice_and_asks_again_where_consent_is_needed() {
        let moved = |count, needs_approval, party| {
            let facts = Facts {
                reschedule_count: count,
                needs_approval,
                ..facts("2026-06-01T00:00:00Z")
            };
            step(BookingState::Confirmed, Action::Reschedule, party, &facts)
        };
        assert_eq!(moved(1, true, Party::Mentee), Ok(BookingState::Requested));
        assert_eq!(moved(1, true, Party::Mentor), Ok(BookingState::Confirmed));
        assert_eq!(moved(2, false, Party::Mentee), Err(Refused::TooManyMoves));
        assert_eq!(moved(9, false, Party::Mentor), Ok(BookingState::Confirmed));
    }

    #[test]
    fn a_mentor_who_moves_a_request_still_has_to_approve_it() {
        let moved = |state, suspended_from| {
            let facts = Facts {
                suspended_from,
                ..facts("2026-06-01T00:00:00Z")
            };
            step(state, Action::Reschedule, Party::Mentor, &facts)
        };
        let requested = Ok(BookingState::Requested);
        assert_eq!(moved(BookingState::Requested, None), requested);
        let from = Some(BookingState::Requested);
        assert_eq!(moved(BookingState::Suspended, from), requested);
        let from = Some(BookingState::Confirmed);
        assert_eq!(
            moved(BookingState::Suspended, from),
            Ok(BookingState::Confirmed)
        );
    }
}
