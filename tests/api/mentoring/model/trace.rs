//! What may happen, as data that can be generated, shrunk and read.

use proptest::prelude::*;

pub const MENTORS: usize = 3;
pub const MENTEES: usize = 5;

/// One thing that happens. `booking` and `hold` count those made so far, round and round.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Hold {
        mentee: usize,
        mentor: usize,
        start: usize,
    },
    Release {
        by: By,
        hold: usize,
    },
    Book {
        mentee: usize,
        mentor: usize,
        start: usize,
    },
    Act {
        by: By,
        booking: usize,
        action: Action,
    },
    /// A disaster where the first two mentors are.
    Alert,
    AllClear,
    /// Minutes go by.
    Wait(i64),
    /// Until so many minutes after the start of a booking.
    WaitFor {
        booking: usize,
        after: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Mentor,
    Mentee,
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Approve,
    Decline,
    Cancel,
    Move(usize),
    CheckIn,
    ReportNoShow,
    Complete,
}

/// Half hours from 09:00 of Tuesday to Thursday in Jakarta, the last of each too late; then some that no grid has.
pub fn minute(start: usize) -> i64 {
    match start {
        48.. => 1270 + 5 * (start as i64 - 48),
        _ => 1260 + (start as i64 / 16) * 1440 + (start as i64 % 16) * 30,
    }
}

fn start() -> impl Strategy<Value = usize> {
    // Mostly few hours, so that people get into each other's way.
    prop_oneof![6 => 0..6_usize, 3 => 16..20_usize, 3 => 32..36_usize, 2 => 0..50_usize]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![9 => Just(By::Mentor), 9 => Just(By::Mentee), 1 => Just(By::Stranger)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => Just(Action::Approve),
        1 => Just(Action::Decline),
        2 => Just(Action::Cancel),
        5 => start().prop_map(Action::Move),
        2 => Just(Action::CheckIn),
        2 => Just(Action::ReportNoShow),
        2 => Just(Action::Complete),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let wish = || (0..MENTEES, 0..MENTORS, start());
    prop_oneof![
        4 => wish().prop_map(|(mentee, mentor, start)| Step::Hold { mentee, mentor, start }),
        2 => (by(), any::<u8>()).prop_map(|(by, hold)| Step::Release { by, hold: hold.into() }),
        10 => wish().prop_map(|(mentee, mentor, start)| Step::Book { mentee, mentor, start }),
        16 => (by(), any::<u8>(), action())
            .prop_map(|(by, booking, action)| Step::Act { by, booking: booking.into(), action }),
        1 => Just(Step::Alert),
        1 => Just(Step::AllClear),
        2 => proptest::sample::select(vec![5, 10, 60, 300, 1440]).prop_map(Step::Wait),
        2 => (any::<u8>(), proptest::sample::select(vec![-15, -10, 0, 10, 30, 60, 1500]))
            .prop_map(|(booking, after)| Step::WaitFor { booking: booking.into(), after }),
    ]
}

/// Shrinks by leaving steps out and by making them simpler.
pub fn trace(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..=steps)
}
