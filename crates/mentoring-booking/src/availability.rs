//! A person's time as the slot engine takes it, loaded in three statements whatever the number of people.

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel::QueryResult;
use karya_core::UserId;
use karya_db::AsyncPgConnection;
use uuid::Uuid;

use crate::MentoringError;
use crate::holidays::{self, HolidayKind};
use crate::model::{AlertRow, CalendarRow, OfferingRow, SessionMode, day_windows, weekly_rules};
use crate::queries::alerts;
use crate::queries::availability as queries;
use crate::slots::{self, Busy, Calendar, Holiday, Interval, Override, Schedule, WeeklyRule};

/// How far outside a range buffers and caps look: the rest of a day on both sides, or of a week where a cap counts
/// weeks, and the longest session.
const MARGIN: TimeDelta = TimeDelta::days(2);
const MARGIN_OF_WEEKS: TimeDelta = TimeDelta::days(8);

/// All that decides when somebody is free, over one range.
#[derive(Debug, Clone)]
pub(crate) struct Availability {
    pub(crate) zone: Tz,
    region: Option<String>,
    weekly: Vec<WeeklyRule>,
    schedules: Vec<Schedule>,
    overrides: Vec<Override>,
    time_off: Vec<Interval>,
    busy: Vec<Busy>,
    /// Those that stand, wherever.
    alerts: Arc<[AlertRow]>,
    row: CalendarRow,
}

/// What is asked of a calendar: for whom, how they meet, and when this is given at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    mode: SessionMode,
    /// Where the mentee is, if that is known.
    mentee_region: Option<&'a str>,
    /// The offering's own hours; none: all open ones.
    hours: &'a [(Bound<i32>, Bound<i32>)],
}

impl<'a> Session<'a> {
    /// Of an offering.
    pub(crate) fn of(offering: &'a OfferingRow, mentee_region: Option<&'a str>) -> Self {
        Self {
            mode: offering.mode,
            mentee_region,
            hours: &offering.weekly,
        }
    }

    /// Of no offering: whenever the mentor is open.
    pub(crate) const fn any(mode: SessionMode) -> Self {
        Self {
            mode,
            mentee_region: None,
            hours: &[],
        }
    }
}

impl Availability {
    /// The slots that start within `range`.
    pub(crate) fn slots(
        &self,
        session: Session<'_>,
        offering: &slots::Offering,
        range: Interval,
        now: DateTime<Utc>,
    ) -> Result<Vec<slots::Slot>, slots::RangeTooLong> {
        self.first_slots(session, offering, (range, now), usize::MAX, None)
    }

    /// The first `most` slots within `range` at which the mentee, if there is one, is free too.
    pub(crate) fn first_slots(
        &self,
        session: Session<'_>,
        offering: &slots::Offering,
        (range, now): (Interval, DateTime<Utc>),
        most: usize,
        mentee: Option<&Self>,
    ) -> Result<Vec<slots::Slot>, slots::RangeTooLong> {
        let (holidays, blackouts) = self.closed_now(session);
        let offered = weekly_rules(session.hours);
        let calendar = self.calendar(&holidays, &blackouts, &offered);
        let suits = |slot: &slots::Slot| {
            mentee.is_none_or(|mentee| mentee.is_free(slot.starts_at, slot.ends_at))
        };
        slots::first_slots(&calendar, offering, range, now, most, suits)
    }

    /// Whether a session may start at `start`.
    pub(crate) fn bookable(
        &self,
        session: Session<'_>,
        offering: &slots::Offering,
        start: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), slots::Refusal> {
        let (holidays, blackouts) = self.closed_now(session);
        let offered = weekly_rules(session.hours);
        let calendar = self.calendar(&holidays, &blackouts, &offered);
        slots::bookable(&calendar, offering, start, now)
    }

    /// Why a session that is booked already would not fit the hours as they are now, if it does not.
    ///
    /// Only the hours: not other sessions, caps, notice or horizon, and any start within them will do.
    pub(crate) fn left_out(
        &self,
        session: Session<'_>,
        (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Option<slots::Refusal> {
        let minutes = (ends_at - starts_at).num_minutes();
        let rules = slots::Offering {
            duration_min: u16::try_from(minutes).ok().and_then(NonZeroU16::new)?,
            interval_min: NonZeroU16::MIN,
            before_min: 0,
            after_min: 0,
            notice_min: 0,
            horizon_days: u16::MAX,
        };
        let (holidays, blackouts) = self.closed_days(session);
        let calendar = Calendar {
            busy: &[],
            daily_cap: None,
            weekly_cap: None,
            ..self.calendar(&holidays, &blackouts, &[])
        };
        slots::bookable(&calendar, &rules, starts_at, starts_at).err()
    }

    /// Whether no session of this person's overlaps this time, however briefly.
    pub(crate) fn is_free(&self, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> bool {
        let mut sessions = self.busy.iter().filter(|busy| busy.counts);
        Interval::new(starts_at, ends_at)
            .is_ok_and(|time| !sessions.any(|busy| busy.interval.overlaps(time)))
    }

    /// Takes note of a session that is going to be booked.
    pub(crate) fn occupy(
        &mut self,
        starts_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
        (before_min, after_min): (i16, i16),
    ) {
        if let Ok(interval) = Interval::new(starts_at, ends_at) {
            self.busy.push(Busy {
                interval,
                before_min: u16::try_from(before_min).unwrap_or_default(),
                after_min: u16::try_from(after_min).unwrap_or_default(),
                counts: true,
            });
        }
    }

    /// Whether a blackout of this person's region, or of the mentee's, reaches into `interval`, or an alert does.
    pub(crate) fn is_blacked_out(&self, session: Session<'_>, interval: Interval) -> bool {
        let (_, blackouts) = self.closed_now(session);
        blackouts.iter().any(|blackout| blackout.overlaps(interval))
    }

    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    fn calendar<'a>(
        &'a self,
        holidays: &'a [Holiday],
        blackouts: &'a [Interval],
        offered: &'a [WeeklyRule],
    ) -> Calendar<'a> {
        let cap = |cap: Option<i16>| cap.and_then(|cap| u16::try_from(cap).ok());
        Calendar {
            zone: self.zone,
            weekly: &self.weekly,
            schedules: &self.schedules,
            overrides: &self.overrides,
            offered,
            holidays,
            holiday_policy: self.row.holiday_policy.into(),
            time_off: &self.time_off,
            blackouts,
            busy: &self.busy,
            daily_cap: cap(self.row.daily_cap),
            weekly_cap: cap(self.row.weekly_cap),
            paused_until: self.row.paused_until,
        }
    }

    /// The same as [`Self::closed_days`], and while disaster alerts last there is nothing either.
    fn closed_now(&self, session: Session<'_>) -> (Vec<Holiday>, Vec<Interval>) {
        let (days, mut blackouts) = self.closed_days(session);
        let regions = [self.region(), session.mentee_region];
        let reaching = self.alerts.iter().filter(|alert| {
            let mut regions = regions.iter().flatten();
            regions.any(|region| alert.reaches(session.mode, region))
        });
        blackouts.extend(
            reaching.filter_map(|alert| Interval::new(alert.starts_at, alert.ends_at).ok()),
        );
        (days, blackouts)
    }

    /// The holidays of this person's region, and the blackouts of either side's.
    fn closed_days(&self, session: Session<'_>) -> (Vec<Holiday>, Vec<Interval>) {
        let lies_in = |region: Option<&str>, province: &str| {
            region.is_some_and(|region| region.starts_with(province))
        };
        let (mut days, mut blackouts) = (Vec::new(), Vec::new());
        for holiday in holidays::all() {
            let province = holiday.region_code.as_deref();
            let mine = province.is_none_or(|province| lies_in(self.region(), province));
            let kind = match holiday.kind {
                HolidayKind::National => slots::HolidayKind::National,
                HolidayKind::CutiBersama => slots::HolidayKind::CutiBersama,
                HolidayKind::Regional => slots::HolidayKind::Regional,
                HolidayKind::Blackout => {
                    // The telephone network stays up.
                    let reached = session.mode != SessionMode::Phone
                        && (mine || province.is_some_and(|it| lies_in(session.mentee_region, it)));
                    let interval = holiday.starts_at.zip(holiday.ends_at);
                    let interval = interval.and_then(|(from, to)| Interval::new(from, to).ok());
                    blackouts.extend(interval.filter(|_| reached));
                    continue;
                }
            };
            if mine {
                days.push(Holiday {
                    date: holiday.local_date,
                    kind,
                });
            }
        }
        (days, blackouts)
    }
}

/// The offering's rules for one of its durations.
pub(crate) fn rules(offering: &OfferingRow, duration_min: i16) -> Option<slots::Offering> {
    let positive = |minutes: i16| u16::try_from(minutes).ok().and_then(NonZeroU16::new);
    let minutes = |minutes: i16| u16::try_from(minutes).ok();
    Some(slots::Offering {
        duration_min: positive(duration_min)?,
        interval_min: positive(offering.interval_min)?,
        before_min: minutes(offering.before_min)?,
        after_min: minutes(offering.after_min)?,
        notice_min: u16::try_from(offering.notice_min).ok()?,
        horizon_days: minutes(offering.horizon_days)?,
    })
}

/// Loads what decides over `range`, for each of `calendars`. Claims for `ignoring` do not count: the caller moves them.
pub(crate) async fn load(
    conn: &AsyncPgConnection,
    calendars: Vec<CalendarRow>,
    range: Interval,
    now: DateTime<Utc>,
    ignoring: Option<Uuid>,
) -> Result<HashMap<UserId, Availability>, MentoringError> {
    let owners: Vec<UserId> = calendars.iter().map(|row| row.user_id).collect();
    let counts_weeks = calendars.iter().any(|row| row.weekly_cap.is_some());
    let margin = if counts_weeks {
        MARGIN_OF_WEEKS
    } else {
        MARGIN
    };
    let (from, to) = (range.start() - margin, range.end() + margin);
    // One way there and back for all three.
    let (alerts, dated_hours, taken) = tokio::try_join!(
        standing_alerts(conn, now),
        queries::dated_hours(conn, &owners, from.date_naive(), to.date_naive()),
        queries::taken(conn, &owners, (from, to), now),
    )?;
    let mut people: HashMap<UserId, Availability> = calendars
        .into_iter()
        .map(|row| (row.user_id, Availability::of(row, &alerts)))
        .collect();
    for dated in dated_hours {
        if let Some(person) = people.get_mut(&dated.user_id) {
            if dated.is_override {
                person.overrides.push(Override {
                    date: dated.valid_from,
                    windows: day_windows(&dated.minutes),
                });
            } else {
                person.schedules.push(Schedule {
                    valid_from: dated.valid_from,
                    valid_to: dated.valid_to,
                    rules: weekly_rules(&dated.minutes),
                });
            }
        }
    }
    for taken in taken {
        let Some(person) = people.get_mut(&taken.owner_id) else {
            continue;
        };
        let Ok(interval) = Interval::new(taken.starts_at, taken.ends_at) else {
            continue;
        };
        match taken.ref_id {
            None => person.time_off.push(interval),
            Some(ref_id) if Some(ref_id) == ignoring => {}
            Some(_) => person.busy.push(Busy {
                interval,
                before_min: u16::try_from(taken.before_min).unwrap_or_default(),
                after_min: u16::try_from(taken.after_min).unwrap_or_default(),
                counts: taken.counts,
            }),
        }
    }
    Ok(people)
}

impl Availability {
    /// Without anything that is loaded for a range: enough for zone, region and blackouts.
    pub(crate) fn of(row: CalendarRow, alerts: &Arc<[AlertRow]>) -> Self {
        Self {
            zone: zone(&row),
            region: row.region_code.clone(),
            weekly: weekly_rules(&row.weekly),
            schedules: Vec::new(),
            overrides: Vec::new(),
            time_off: Vec::new(),
            busy: Vec::new(),
            alerts: Arc::clone(alerts),
            row,
        }
    }
}

/// The alerts under which there are no sessions now.
pub(crate) async fn standing_alerts(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Arc<[AlertRow]>> {
    Ok(alerts::standing(conn, now).await?.into())
}

/// The zone of a calendar.
pub(crate) fn zone(row: &CalendarRow) -> Tz {
    // It was checked when it was written; an unknown one would be a data set older than the row.
    row.zone.parse().unwrap_or(Tz::Asia__Jakarta)
}

/// The first and the instant after the last of local dates, both inclusive.
pub(crate) fn local_range(
    zone: Tz,
    from: chrono::NaiveDate,
    to: chrono::NaiveDate,
) -> Option<Interval> {
    let midnight = |date: chrono::NaiveDate| -> Option<DateTime<Utc>> {
        // A zone whose clocks jump at midnight has none on that date; an hour later it has.
        (0..4).find_map(|hour| {
            let at = date.and_hms_opt(hour, 0, 0)?;
            at.and_local_timezone(zone).earliest().map(|at| at.to_utc())
        })
    };
    let sane = |date: chrono::NaiveDate| (2000..2200).contains(&date.year());
    if !sane(from) || !sane(to) {
        return None;
    }
    Interval::new(midnight(from)?, midnight(to.succ_opt()?)?).ok()
}
