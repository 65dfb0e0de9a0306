use std::collections::HashMap;

use chrono::{DateTime, Datelike, IsoWeek, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::mentor::{Mentor, busy, interval, minutes};
use super::oracle::{Oracle, jiff, minute};
use super::scenario::{Scenario, busy as any_busy, scenario};
use crate::slots::{Busy, Refusal, Slot};
use crate::tests::cases;

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn the_slots_are_those_of_the_oracle(Scenario { mentor, range } in scenario()) {
        let oracle = Oracle::new(&mentor, range);
        let expected: Vec<_> = (minute(range.start())..minute(range.end()))
            .filter(|minute| oracle.offers(*minute))
            .map(|minute| DateTime::from_timestamp(minute * 60, 0).unwrap())
            .map(|starts_at| Slot {
                starts_at,
                ends_at: starts_at + minutes(mentor.offering.duration_min.get().into()),
            })
            .collect();
        prop_assert_eq!(mentor.slots(range), expected);
    }

    #[test]
    fn a_start_is_bookable_if_it_is_offered(
        Scenario { mentor, range } in scenario(),
        picks in prop::collection::vec(any::<u16>(), 30),
    ) {
        let oracle = Oracle::new(&mentor, range);
        let slots = mentor.slots(range);
        let offered = |start: DateTime<Utc>| slots.iter().any(|slot| slot.starts_at == start);
        let length = range.duration().num_minutes();
        let picked = picks.iter().map(|pick| range.start() + minutes(i64::from(*pick) % length));
        let near = slots.iter().step_by(slots.len() / 20 + 1).map(|slot| slot.starts_at);
        let near = near.flat_map(|start| [start - minutes(1), start, start + minutes(1)]);
        for start in picked.chain(near).filter(|start| range.contains(*start)) {
            prop_assert_eq!(mentor.bookable(start).is_ok(), offered(start));
            prop_assert_eq!(mentor.bookable(start), oracle.judge(minute(start)), "{}", start);
        }
        for slot in slots.iter().take(10) {
            for off in [TimeDelta::seconds(1), TimeDelta::nanoseconds(1)] {
                prop_assert!(mentor.bookable(slot.starts_at + off).is_err());
            }
        }
    }

    #[test]
    fn a_range_within_another_offers_the_same(
        Scenario { mentor, range } in scenario(),
        before in 0..20_000_i64,
        after in 0..20_000_i64,
    ) {
        let wider = interval(range.start() - minutes(before), range.end() + minutes(after));
        let mut slots = mentor.slots(wider);
        slots.retain(|slot| range.contains(slot.starts_at));
        prop_assert_eq!(mentor.slots(range), slots);
    }

    #[test]
    fn blocks_only_take_away(
        Scenario { mentor, range } in scenario(),
        (extra, kind) in (any_busy(DateTime::UNIX_EPOCH), 0..3_u8),
    ) {
        let at = extra.interval;
        let to_range = range.start() - DateTime::UNIX_EPOCH;
        let at = interval(at.start() + to_range, at.end() + to_range);
        let before = mentor.slots(range);
        let mut blocked = mentor.clone();
        match kind {
            0 => blocked.busy.push(Busy { interval: at, ..extra }),
            1 => blocked.time_off.push(at),
            _ => blocked.blackouts.push(at),
        }
        let less = blocked.slots(range);
        prop_assert!(less.iter().all(|slot| before.contains(slot)));
        let clear = |slot: &Slot| at.end() <= slot.starts_at || slot.ends_at <= at.start();
        prop_assert!(less.iter().all(clear));
        match kind {
            0 => blocked.busy.truncate(mentor.busy.len()),
            1 => blocked.time_off.truncate(mentor.time_off.len()),
            _ => blocked.blackouts.truncate(mentor.blackouts.len()),
        }
        prop_assert_eq!(blocked.slots(range), before);
    }

    #[test]
    fn the_order_of_the_parts_changes_nothing(
        Scenario { mentor, range } in scenario(),
        by in 0..12_usize,
    ) {
        let mut turned = mentor.clone();
        turn(&mut turned.weekly, by);
        turn(&mut turned.overrides, by);
        turn(&mut turned.offered, by);
        turn(&mut turned.holidays, by);
        turn(&mut turned.time_off, by);
        turn(&mut turned.blackouts, by);
        turn(&mut turned.busy, by);
        for schedule in &mut turned.schedules {
            turn(&mut schedule.rules, by);
        }
        for of in &mut turned.overrides {
            turn(&mut of.windows, by);
        }
        prop_assert_eq!(turned.slots(range), mentor.slots(range));
    }

    /// On a date with more than 24 hours a window holds all that lies between the first time its start is shown and the last time its end is.
    #[test]
    fn a_slot_starts_within_a_window_of_its_local_date(
        Scenario { mentor, range } in scenario(),
    ) {
        for slot in mentor.slots(range) {
            let at = jiff::Timestamp::from_second(slot.starts_at.timestamp()).unwrap();
            let local = at.to_zoned_datetime(jiff(mentor.zone).clone());
            let now = i64::from(local.hour()) * 60 + i64::from(local.minute());
            let date = local.strftime("%F").to_string().parse().unwrap();
            let longest = local.start_of_day().unwrap().duration_until(
                &local.tomorrow().unwrap().start_of_day().unwrap(),
            );
            let folded = (longest.as_mins() - 1440).max(0);
            let inside = |(start, end): (u16, u16)| {
                i64::from(start) <= now + folded && now < i64::from(end) + folded
            };
            prop_assert!(windows(&mentor, date).into_iter().any(inside), "{local}");
        }
    }

    #[test]
    fn booking_all_that_is_offered_breaks_no_rule(Scenario { mentor, range } in scenario()) {
        let mut mentor = mentor;
        let mut counts = Counts::of(&mentor);
        for _ in 0..12 {
            let slots = mentor.slots(range);
            let Some(slot) = slots.get(slots.len() / 2) else { break };
            let of = interval(slot.starts_at, slot.ends_at);
            for other in &mentor.busy {
                let after = other.after_min.max(mentor.offering.before_min);
                let before = other.before_min.max(mentor.offering.after_min);
                prop_assert!(!of.overlaps(other.interval));
                prop_assert!(
                    of.start() >= other.interval.end() + minutes(after.into())
                        || of.end() + minutes(before.into()) <= other.interval.start()
                );
            }
            let (daily, weekly) = counts.add(&mentor, slot.starts_at);
            prop_assert!(mentor.daily_cap.is_none_or(|cap| daily <= usize::from(cap)));
            prop_assert!(mentor.weekly_cap.is_none_or(|cap| weekly <= usize::from(cap)));
            mentor.busy.push(Busy {
                before_min: mentor.offering.before_min,
                after_min: mentor.offering.after_min,
                ..busy(of)
            });
        }
    }
}

fn turn<T>(list: &mut [T], by: usize) {
    list.reverse();
    if !list.is_empty() {
        list.rotate_left(by % list.len());
    }
}

fn windows(mentor: &Mentor, date: NaiveDate) -> Vec<(u16, u16)> {
    let of_date = mentor.overrides.iter().filter(|of| of.date == date);
    let overrides: Vec<_> = of_date.flat_map(|of| &of.windows).copied().collect();
    let windows = if mentor.overrides.iter().any(|of| of.date == date) {
        overrides
    } else {
        let mut schedules = mentor.schedules.iter();
        let schedule = schedules.find(|of| of.valid_from <= date && date <= of.valid_to);
        let rules = schedule.map_or(&mentor.weekly, |of| &of.rules);
        let rules = rules.iter().filter(|of| of.weekday() == date.weekday());
        rules.map(|of| of.window()).collect()
    };
    windows
        .iter()
        .map(|of| (of.start_min(), of.end_min()))
        .collect()
}

/// The counted sessions of each local date and week.
#[derive(Default)]
struct Counts(HashMap<NaiveDate, usize>, HashMap<IsoWeek, usize>);

impl Counts {
    fn of(mentor: &Mentor) -> Self {
        let mut counts = Self::default();
        for busy in mentor.busy.iter().filter(|busy| busy.counts) {
            counts.add(mentor, busy.interval.start());
        }
        counts
    }

    fn add(&mut self, mentor: &Mentor, start: DateTime<Utc>) -> (usize, usize) {
        let date = start.with_timezone(&mentor.zone).date_naive();
        let daily = self.0.entry(date).or_default();
        let weekly = self.1.entry(date.iso_week()).or_default();
        *daily += 1;
        *weekly += 1;
        (*daily, *weekly)
    }
}

#[test]
fn the_scenarios_reach_every_verdict() {
    let mut runner = TestRunner::deterministic();
    let mut verdicts: HashMap<Option<Refusal>, usize> = HashMap::new();
    for _ in 0..300 {
        let Scenario { mentor, range } = scenario().new_tree(&mut runner).unwrap().current();
        let mut start = range.start();
        while start < range.end() {
            *verdicts.entry(mentor.bookable(start).err()).or_default() += 1;
            start += minutes(15);
        }
    }
    assert_eq!(verdicts.len(), 12, "{verdicts:?}");
    assert!(verdicts.values().all(|count| *count > 50), "{verdicts:?}");
}
