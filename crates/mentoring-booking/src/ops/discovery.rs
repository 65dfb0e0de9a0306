//! Finding a mentor: four statements, whoever asks and whatever the number of mentors.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel_async::AsyncPgConnection;
use karya_core::{OfferingId, UserId};

use crate::MentoringError;
use crate::availability::{self, Availability, Session};
use crate::matching::{MentorSort, Rank, Reason, Wanted, judge};
use crate::model::{CalendarRow, MentorSummaryRow, OfferingRow, SessionMode};
use crate::queries;
use crate::slots::{Interval, MAX_RANGE, Slot};

/// How many days a window has unless somebody says otherwise.
const WINDOW_DAYS: i64 = 14;

/// How many starts a mentor is shown with.
const NEXT: usize = 3;

/// When to be free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// In which the dates are meant; each mentor's own unless given.
    pub(crate) zone: Option<Tz>,
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
    /// Exactly this time, whatever the dates.
    pub(crate) span: Option<Interval>,
    pub(crate) now: DateTime<Utc>,
}

impl Window {
    /// Its first and last date, in a zone.
    pub(crate) fn dates(&self, zone: Tz) -> (NaiveDate, NaiveDate) {
        let from = self
            .from
            .unwrap_or_else(|| self.now.with_timezone(&zone).date_naive());
        let last = Days::new(WINDOW_DAYS.unsigned_abs() - 1);
        let to = self
            .to
            .unwrap_or_else(|| from.checked_add_days(last).unwrap_or(from));
        (from, to)
    }

    /// As instants, for a mentor of this zone; none when it is over there already.
    fn interval(&self, mentors: Tz) -> Option<Interval> {
        if self.span.is_some() {
            return self.span;
        }
        if self.from.is_none() && self.to.is_none() {
            return Interval::new(self.now, self.now + TimeDelta::days(WINDOW_DAYS)).ok();
        }
        let zone = self.zone.unwrap_or(mentors);
        let (from, to) = self.dates(zone);
        let whole = availability::local_range(zone, from, to)?;
        // 35 dates are an hour longer than 35 days where clocks are set back.
        let end = whole.end().min(whole.start() + MAX_RANGE);
        Interval::new(whole.start(), end).ok()
    }
}

/// What is better where there is a choice, and no condition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefer {
    pub(crate) mode: SessionMode,
    /// In minutes.
    pub(crate) duration: i16,
}

/// What somebody looks for.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) wanted: Wanted,
    pub(crate) session: queries::discovery::Session,
    pub(crate) prefer: Option<Prefer>,
    pub(crate) window: Window,
    pub(crate) sort: MentorSort,
}

/// A mentor who fits.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) mentor: MentorSummaryRow,
    pub(crate) display_name: String,
    pub(crate) zone: Tz,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) next: Option<Free>,
    pub(crate) rank: Rank,
}

/// An offering with its next starts, of which there is one at least.
#[derive(Debug)]
pub(crate) struct Free {
    pub(crate) offering: OfferingId,
    pub(crate) duration: i16,
    pub(crate) mode: SessionMode,
    pub(crate) slots: Vec<Slot>,
    soonest: DateTime<Utc>,
    needs_approval: bool,
}

struct Candidate {
    mentor: MentorSummaryRow,
    display_name: String,
    calendar: CalendarRow,
    offerings: Vec<OfferingRow>,
}

/// All mentors that fit, in order.
pub(crate) async fn search(
    conn: &AsyncPgConnection,
    search: &Search,
    viewer: Option<UserId>,
) -> Result<Vec<Found>, MentoringError> {
    let Search {
        wanted,
        session,
        window,
        sort,
        ..
    } = search;
    let rows = queries::discovery::candidates(conn, wanted, *session, viewer).await?;
    let mut candidates: BTreeMap<UserId, Candidate> = BTreeMap::new();
    let region = rows.first().and_then(|row| row.4.clone());
    for (mentor, display_name, offering, calendar, _) in rows {
        candidates
            .entry(mentor.user_id)
            .or_insert_with(|| Candidate {
                mentor,
                display_name,
                calendar,
                offerings: Vec::new(),
            })
            .offerings
            .push(offering);
    }
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let mut calendars: Vec<CalendarRow> = candidates
        .values()
        .map(|candidate| candidate.calendar.clone())
        .collect();
    let range = whole(&calendars, *window);
    calendars.extend(viewer.map(|viewer| CalendarRow::of_mentee(viewer, region, window.now)));
    let mut people = match range {
        Some(range) => availability::load(conn, calendars, range, window.now, None).await?,
        None => HashMap::new(),
    };
    let mentee = viewer.and_then(|viewer| people.remove(&viewer));
    let mut found: Vec<Found> = candidates
        .into_values()
        .map(|candidate| {
            let availability = people.get(&candidate.mentor.user_id);
            judged(candidate, availability, mentee.as_ref(), search)
        })
        .collect();
    found.sort_by(|one, other| one.rank.order(&other.rank, *sort));
    Ok(found)
}

/// From the first start to the last end of the window, over the zones of all mentors.
fn whole(calendars: &[CalendarRow], window: Window) -> Option<Interval> {
    let intervals: Vec<Interval> = calendars
        .iter()
        .filter_map(|calendar| window.interval(availability::zone(calendar)))
        .collect();
    let start = intervals.iter().map(|interval| interval.start()).min()?;
    let end = intervals.iter().map(|interval| interval.end()).max()?;
    Interval::new(start, end).ok()
}

fn judged(
    candidate: Candidate,
    availability: Option<&Availability>,
    mentee: Option<&Availability>,
    search: &Search,
) -> Found {
    let zone = availability::zone(&candidate.calendar);
    let free = |offering: &OfferingRow| free(offering, availability?, mentee, search);
    let next = candidate
        .offerings
        .iter()
        .filter_map(free)
        .min_by_key(|free| {
            let is_other = search.prefer.is_some_and(|prefer| prefer.mode != free.mode);
            (is_other, free.soonest, free.needs_approval, free.offering)
        });
    let (score, reasons) = judge(&search.wanted, &candidate.mentor);
    let rank = Rank {
        score,
        soonest: next.as_ref().map(|free| free.soonest),
        id: candidate.mentor.user_id,
    };
    Found {
        mentor: candidate.mentor,
        display_name: candidate.display_name,
        zone,
        reasons,
        next,
        rank,
    }
}

/// The next starts of an offering that suit both sides.
fn free(
    offering: &OfferingRow,
    mentor: &Availability,
    mentee: Option<&Availability>,
    Search {
        session,
        prefer,
        window,
        ..
    }: &Search,
) -> Option<Free> {
    let preferred = prefer.map(|prefer| prefer.duration);
    let preferred = preferred.filter(|duration| offering.durations.contains(duration));
    let usual = offering.durations.first().copied();
    let duration = session.duration.or(preferred).or(usual)?;
    let rules = availability::rules(offering, duration)?;
    let how = Session::of(offering, mentee.and_then(Availability::region));
    let range = window.interval(mentor.zone)?;
    let slots = mentor
        .first_slots(how, &rules, (range, window.now), NEXT, mentee)
        .ok()?;
    let soonest = slots.first()?.starts_at;
    Some(Free {
        offering: offering.id,
        duration,
        mode: offering.mode,
        slots,
        soonest,
        needs_approval: offering.needs_approval,
    })
}
