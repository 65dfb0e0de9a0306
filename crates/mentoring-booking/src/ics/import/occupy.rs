use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::component::{Calendar, Component};
use super::expand::{Range, Work, days};
use super::rule::Rule;
use super::spans::Spans;
use super::value::{Length, Moment};
use super::{ImportError, Imported};

/// Instances that a series does not have: exceptions, and those that another event stands in for.
#[derive(Debug, Default)]
struct Except {
    instants: HashSet<DateTime<Utc>>,
    dates: HashSet<NaiveDate>,
    /// The dates of all of them, for series of whole days.
    any: HashSet<NaiveDate>,
}

impl Except {
    fn add(&mut self, moment: Moment, zone: Tz) {
        self.any.insert(moment.date());
        match moment {
            Moment::Date(date) => {
                self.dates.insert(date);
            }
            Moment::Time { .. } => self.instants.extend(moment.instant(zone)),
        }
    }

    /// A date takes out what starts on it, at whatever time.
    fn holds(&self, moment: Moment, instant: DateTime<Utc>) -> bool {
        match moment {
            Moment::Date(date) => self.any.contains(&date),
            Moment::Time { .. } => {
                self.instants.contains(&instant) || self.dates.contains(&moment.date())
            }
        }
    }
}

/// Puts the busy times of a calendar into spans.
pub(super) struct Occupier<'a> {
    calendar: &'a Calendar,
    /// By UID.
    replaced: HashMap<&'a str, Except>,
    spans: Spans,
    work: Work,
    not_understood: usize,
}

impl<'a> Occupier<'a> {
    pub(super) fn new(calendar: &'a Calendar, spans: Spans) -> Self {
        let mut replaced: HashMap<&str, Except> = HashMap::new();
        for event in &calendar.events {
            if let Some(moment) = event.instead_of
                && !event.uid.is_empty()
            {
                let except = replaced.entry(&event.uid).or_default();
                except.add(moment, calendar.zones.floating);
            }
        }
        Self {
            calendar,
            replaced,
            spans,
            work: Work::new(calendar.limits.rule_days),
            not_understood: calendar.not_understood,
        }
    }

    pub(super) fn finish(self) -> Imported {
        Imported {
            busy: self.spans.merged(),
            events: self.calendar.events.len() + self.calendar.free_busy.len(),
            not_understood: self.not_understood,
        }
    }

    pub(super) fn occupy(&mut self) -> Result<(), ImportError> {
        for component in &self.calendar.free_busy {
            for &(start, end) in &component.periods {
                self.spans.add(start, end)?;
            }
            self.not_understood += usize::from(component.not_understood);
        }
        for event in self.calendar.events.iter().filter(|event| !event.free) {
            let understood = self.event(event)?;
            self.not_understood += usize::from(!understood || event.not_understood);
        }
        Ok(())
    }

    /// Whether all of it was understood.
    fn event(&mut self, event: &Component) -> Result<bool, ImportError> {
        let zone = self.calendar.zones.floating;
        let Some((start, clock)) = event.start else {
            return Ok(false);
        };
        let Some(length) = length(event, start, zone) else {
            return Ok(false);
        };
        let series = Series {
            start,
            length,
            zone,
            except: except(event, zone),
            replaced: match event.instead_of {
                None => self.replaced.get(event.uid.as_str()),
                Some(_) => None,
            },
        };
        for &(from, to) in &event.periods {
            let moment = Moment::Time {
                local: from.naive_utc(),
                zone: Tz::UTC,
            };
            if !series.lacks(moment, from) {
                self.spans.add(from, to)?;
            }
        }
        if length.is_zero() {
            return Ok(true);
        }
        series.add(start, &mut self.spans)?;
        for &moment in &event.more {
            series.add(series.at_its_time(moment), &mut self.spans)?;
        }
        if event.instead_of.is_some() {
            return Ok(event.rules.is_empty());
        }
        let mut understood = true;
        for text in &event.rules {
            let rule = Rule::parse(text, start.date(), clock);
            let days = rule.and_then(|rule| {
                let range = series.range(self.spans.window())?;
                let last = rule.last(start, zone);
                days(&rule, start, last, range, &mut self.work)
            });
            understood &= days.is_some();
            for day in days.unwrap_or_default() {
                series.add(series.on(day), &mut self.spans)?;
            }
        }
        Ok(understood)
    }
}

fn except(event: &Component, zone: Tz) -> Except {
    let mut except = Except::default();
    for &moment in &event.except {
        except.add(moment, zone);
    }
    except
}

/// Nothing when the event ends before it starts.
fn length(event: &Component, start: Moment, zone: Tz) -> Option<Length> {
    match (event.end, event.duration) {
        (Some(Moment::Date(end)), _) if start.is_date() => {
            let days = (end - start.date()).num_days();
            // Some write the one day of an event as its end.
            (days >= 0).then(|| Length::days(days.max(1)))
        }
        (Some(end), _) => {
            let exact = end.instant(zone)? - start.instant(zone)?;
            (exact >= TimeDelta::zero()).then(|| Length::exact(exact))
        }
        (None, Some(length)) => Some(length),
        (None, None) => Some(Length::days(i64::from(start.is_date()))),
    }
}

/// An event and what repeats it.
struct Series<'a> {
    start: Moment,
    length: Length,
    zone: Tz,
    except: Except,
    replaced: Option<&'a Except>,
}

impl Series<'_> {
    fn lacks(&self, moment: Moment, instant: DateTime<Utc>) -> bool {
        self.except.holds(moment, instant)
            || self
                .replaced
                .is_some_and(|replaced| replaced.holds(moment, instant))
    }

    fn on(&self, day: NaiveDate) -> Moment {
        match self.start {
            Moment::Date(_) => Moment::Date(day),
            Moment::Time { local, zone } => Moment::Time {
                local: day.and_time(local.time()),
                zone,
            },
        }
    }

    /// A date stands for the instance of that day.
    fn at_its_time(&self, moment: Moment) -> Moment {
        match moment {
            Moment::Date(day) => self.on(day),
            Moment::Time { .. } => moment,
        }
    }

    fn add(&self, moment: Moment, spans: &mut Spans) -> Result<(), ImportError> {
        let Some(start) = moment.instant(self.zone) else {
            return Ok(());
        };
        if self.lacks(moment, start) {
            return Ok(());
        }
        let end = self.length.end(moment, self.zone);
        spans.add(start, end.unwrap_or(start))
    }

    /// The days on which an instance may start that reaches into the window.
    fn range(&self, window: (DateTime<Utc>, DateTime<Utc>)) -> Option<Range> {
        let length = self
            .length
            .days
            .checked_add(self.length.exact.num_days())
            .and_then(|days| days.checked_add(2));
        let from = window.0.date_naive();
        let from = length
            .and_then(|days| u64::try_from(days).ok())
            .and_then(|days| from.checked_sub_days(Days::new(days)))
            .unwrap_or(NaiveDate::MIN)
            .max(self.start.date());
        let to = window.1.date_naive().checked_add_days(Days::new(2))?;
        Some(Range { from, to })
    }
}
