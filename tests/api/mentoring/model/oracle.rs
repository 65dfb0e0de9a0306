//! What should happen, told again in the simplest way and without a line of the program. Time is in minutes since
//! Monday noon; every session takes an hour.

use super::trace::{Action, By, MENTORS, minute};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Requested,
    Confirmed,
    Declined,
    Expired,
    Cancelled,
    Suspended,
    Completed,
    NoShow,
}
use State::{Cancelled, Completed, Confirmed, Declined, Expired, NoShow, Requested, Suspended};

#[derive(Debug, Clone)]
pub struct Session {
    pub mentor: usize,
    pub mentee: usize,
    pub start: i64,
    pub state: State,
    pub before_alert: Option<State>,
    /// Until when the mentor may answer. After an alert the program says when.
    pub deadline: Option<i64>,
    pub sequence: i32,
    pub moves: i16,
    pub late: bool,
    pub cancelled_by: Option<&'static str>,
    pub missing: Option<&'static str>,
    /// Whether the mentor and the mentee checked in.
    pub here: [bool; 2],
}

#[derive(Debug, Clone)]
pub struct Hold {
    pub mentor: usize,
    pub mentee: usize,
    pub start: i64,
    pub until: i64,
    pub gone: bool,
}

/// Status and, of a refusal, its code.
pub type Answer = Result<u16, (u16, &'static str)>;

#[derive(Debug, Default)]
pub struct Model {
    pub now: i64,
    pub sessions: Vec<Session>,
    pub holds: Vec<Hold>,
    /// Whether an alert stands over the first two mentors.
    pub alert: bool,
}

/// What a mentor asks for.
pub fn needs_approval(mentor: usize) -> bool {
    mentor == 1
}
pub const fn gap(mentor: usize) -> i64 {
    if mentor == 2 { 30 } else { 0 }
}
pub const DAILY_CAP: [Option<usize>; MENTORS] = [None, None, Some(3)];

fn overlap(a: i64, b: i64) -> bool {
    a < b + HOUR && b < a + HOUR
}

impl Session {
    pub fn is_live(&self) -> bool {
        matches!(self.state, Requested | Confirmed | Suspended)
    }
    pub fn takes_time(&self) -> bool {
        self.is_live() || matches!(self.state, Completed | NoShow)
    }
}

impl Model {
    fn answer_by(&self, start: i64) -> i64 {
        let early = start - 2 * HOUR;
        (self.now + 2 * DAY).min(if early > self.now { early } else { start })
    }

    /// Starts of what else these people have; the mentee's own holds at that very time give way.
    fn others(&self, mentee: usize, start: i64, but: Option<usize>) -> Vec<(usize, usize, i64)> {
        let sessions = self.sessions.iter().enumerate();
        let sessions = sessions.filter(|(at, one)| Some(*at) != but && one.takes_time());
        let holds = self.holds.iter().filter(|one| self.is_held(one));
        let holds = holds.filter(|one| one.mentee != mentee || !overlap(one.start, start));
        sessions
            .map(|(_, one)| (one.mentor, one.mentee, one.start))
            .chain(holds.map(|one| (one.mentor, one.mentee, one.start)))
            .collect()
    }

    pub fn is_held(&self, hold: &Hold) -> bool {
        !hold.gone && self.now < hold.until
    }

    fn room(&self, mentor: usize, mentee: usize, start: i64, but: Option<usize>) -> Answer {
        let others = self.others(mentee, start, but);
        let of_mentor: Vec<i64> = others
            .iter()
            .filter(|of| of.0 == mentor)
            .map(|of| of.2)
            .collect();
        // Hours are 09:00 to 17:00, which is 21 to 29 hours after a noon.
        let time_of_day = (start + 3 * HOUR) % DAY;
        let day = (start + 12 * HOUR) / DAY;
        if start < self.now + 2 * HOUR {
            return Err((422, "booking.notice_too_short"));
        }
        if self.alert && mentor < 2 {
            return Err((422, "booking.region_blackout"));
        }
        if !(0..=7 * HOUR).contains(&time_of_day) {
            return Err((422, "booking.outside_hours"));
        }
        let near = |of: &i64| overlap(*of, start) || (*of - start).abs() < HOUR + gap(mentor);
        if of_mentor.iter().any(near) {
            return Err((409, "booking.slot_taken"));
        }
        let that_day = of_mentor
            .iter()
            .filter(|of| (**of + 12 * HOUR) / DAY == day)
            .count();
        if DAILY_CAP[mentor].is_some_and(|cap| that_day >= cap) {
            return Err((409, "booking.limit_reached"));
        }
        if time_of_day % 30 != 0 {
            return Err((422, "booking.off_grid"));
        }
        if others
            .iter()
            .any(|of| of.1 == mentee && overlap(of.2, start))
        {
            return Err((409, "booking.mentee_busy"));
        }
        Ok(200)
    }

    fn use_up_holds(&mut self, mentee: usize, start: i64) {
        for hold in &mut self.holds {
            hold.gone |= hold.mentee == mentee && overlap(hold.start, start);
        }
    }

    pub fn hold(&mut self, mentee: usize, mentor: usize, start: usize) -> Answer {
        let start = minute(start);
        self.room(mentor, mentee, start, None)?;
        let kept = self
            .holds
            .iter()
            .filter(|one| one.mentee == mentee && self.is_held(one));
        if kept.filter(|one| !overlap(one.start, start)).count() >= 2 {
            return Err((409, "booking.too_many_holds"));
        }
        self.use_up_holds(mentee, start);
        let until = self.now + 10;
        self.holds.push(Hold {
            mentor,
            mentee,
            start,
            until,
            gone: false,
        });
        Ok(201)
    }

    /// A hold is its maker's.
    pub fn release(&mut self, by: By, hold: usize) -> Answer {
        if by != By::Mentee || !self.is_held(&self.holds[hold]) {
            return Err((404, "booking.hold_not_found"));
        }
        self.holds[hold].gone = true;
        Ok(204)
    }

    pub fn book(&mut self, mentee: usize, mentor: usize, start: usize) -> Answer {
        let start = minute(start);
        self.room(mentor, mentee, start, None)?;
        let ahead =
            |one: &&Session| one.mentee == mentee && one.is_live() && self.now < one.start + HOUR;
        if self.sessions.iter().filter(ahead).count() >= 10 {
            return Err((409, "booking.too_many_active"));
        }
        self.use_up_holds(mentee, start);
        let asks = needs_approval(mentor);
        self.sessions.push(Session {
            mentor,
            mentee,
            start,
            state: if asks { Requested } else { Confirmed },
            before_alert: None,
            deadline: asks.then(|| self.answer_by(start)),
            sequence: 0,
            moves: 0,
            late: false,
            cancelled_by: None,
            missing: None,
            here: [false; 2],
        });
        Ok(201)
    }

    pub fn act(&mut self, by: By, at: usize, action: Action) -> Answer {
        const NOT_NOW: Answer = Err((409, "booking.wrong_time"));
        const NEVER: Answer = Err((409, "booking.invalid_transition"));
        let (now, old) = (self.now, self.sessions[at].clone());
        let (side, name, other) = match by {
            By::Mentor => (0, "mentor", "mentee"),
            By::Mentee => (1, "mentee", "mentor"),
            By::Stranger => return Err((404, "booking.not_found")),
        };
        let is_mentor = by == By::Mentor;
        let (start, end) = (old.start, old.start + HOUR);
        let mut new = old.clone();
        match action {
            Action::Approve if is_mentor && old.state == Confirmed => return Ok(200),
            Action::Approve if is_mentor && old.state == Requested => {
                if now >= start {
                    return NOT_NOW;
                }
                (new.state, new.deadline) = (Confirmed, None);
            }
            Action::Decline if is_mentor && old.state == Declined => return Ok(200),
            Action::Decline if is_mentor && old.state == Requested => {
                (new.state, new.deadline) = (Declined, None);
            }
            Action::Cancel if old.cancelled_by == Some(name) => return Ok(200),
            Action::Cancel if old.is_live() => {
                if now >= end {
                    return NOT_NOW;
                }
                new.late = old.state == Confirmed && start - DAY < now;
                (new.state, new.deadline, new.before_alert) = (Cancelled, None, None);
                new.cancelled_by = Some(name);
                new.sequence += 1;
            }
            Action::Move(to) if old.is_live() => {
                let to = minute(to);
                if old.sequence > 0 && to == start {
                    return Ok(200);
                }
                let counts = !is_mentor && old.state != Suspended;
                if counts && old.moves >= 2 {
                    return Err((409, "booking.too_many_moves"));
                }
                if old.state != Suspended && now >= start {
                    return NOT_NOW;
                }
                self.room(old.mentor, old.mentee, to, Some(at))?;
                self.use_up_holds(old.mentee, to);
                // Of a request the mentor may propose another time, and has not agreed to it by that.
                let asked = [Some(old.state), old.before_alert].contains(&Some(Requested));
                let asks = needs_approval(old.mentor) && (!is_mentor || asked);
                new.state = if asks { Requested } else { Confirmed };
                new.deadline = asks.then(|| self.answer_by(to));
                new.before_alert = None;
                new.moves += i16::from(counts);
                new.sequence += 1;
                new.start = to;
                // Nobody has come to the new time yet.
                new.here = [false; 2];
            }
            Action::CheckIn if old.here[side] => return Ok(200),
            Action::CheckIn if old.state == Confirmed => {
                if !(start - 15..end).contains(&now) {
                    return NOT_NOW;
                }
                new.here[side] = true;
            }
            Action::ReportNoShow if old.missing == Some(other) => return Ok(200),
            Action::ReportNoShow if old.state == Confirmed => {
                if !(start + 10..end + 3 * DAY).contains(&now) {
                    return NOT_NOW;
                }
                (new.state, new.missing) = (NoShow, Some(other));
            }
            Action::Complete if old.state == Completed => return Ok(200),
            Action::Complete if is_mentor && old.state == Confirmed => {
                if now < start + HOUR / 2 {
                    return NOT_NOW;
                }
                new.state = Completed;
            }
            _ => return NEVER,
        }
        self.sessions[at] = new;
        Ok(200)
    }

    /// An alert holds up what is to come, or is going on, of the first two mentors.
    pub fn alert(&mut self) {
        self.alert = true;
        for one in &mut self.sessions {
            let reached = one.mentor < 2 && self.now < one.start + HOUR;
            if reached && matches!(one.state, Requested | Confirmed) {
                one.before_alert = Some(one.state);
                (one.state, one.deadline) = (Suspended, None);
                one.sequence += 1;
            }
        }
        self.fall_due();
    }

    pub fn all_clear(&mut self) {
        self.alert = false;
        for one in &mut self.sessions {
            if one.state == Suspended && self.now < one.start {
                one.state = one.before_alert.take().unwrap();
                one.sequence += 1;
            }
        }
    }

    /// The next moment up to `until` at which something ends by itself.
    pub fn next_deadline(&self, until: i64) -> i64 {
        let due = |one: &Session| match one.state {
            Requested => one.deadline,
            Suspended => Some(one.start),
            Confirmed => Some(one.start + HOUR + DAY),
            _ => None,
        };
        let all = self.sessions.iter().filter_map(due);
        all.filter(|due| self.now < *due).fold(until, i64::min)
    }

    /// What the deadlines of this moment do.
    pub fn fall_due(&mut self) {
        for one in &mut self.sessions {
            match one.state {
                Requested if one.deadline.is_some_and(|by| by <= self.now) => {
                    (one.state, one.deadline) = (Expired, None);
                }
                Suspended if one.start <= self.now => {
                    (one.state, one.before_alert) = (Cancelled, None);
                    one.cancelled_by = Some("system");
                    one.sequence += 1;
                }
                Confirmed if one.here != [false; 2] && one.start + HOUR + DAY <= self.now => {
                    one.state = Completed;
                }
                _ => {}
            }
        }
    }
}
