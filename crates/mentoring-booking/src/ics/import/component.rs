use super::lines::Lines;
use super::property::Property;
use super::value::{Clock, Length, Moment};
use super::zone::Zones;
use super::{ImportError, Limits};

type Period = (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>);

/// What of a VEVENT (RFC 5545 section 3.6.1) or VFREEBUSY (section 3.6.4) bears on when it is busy.
#[derive(Debug, Default)]
pub(super) struct Component {
    pub(super) uid: String,
    pub(super) start: Option<(Moment, Clock)>,
    pub(super) end: Option<Moment>,
    pub(super) duration: Option<Length>,
    pub(super) rules: Vec<String>,
    pub(super) more: Vec<Moment>,
    pub(super) except: Vec<Moment>,
    pub(super) periods: Vec<Period>,
    pub(super) instead_of: Option<Moment>,
    pub(super) free: bool,
    pub(super) not_understood: bool,
}

/// The components of a stream that count.
#[derive(Debug)]
pub(super) struct Calendar {
    pub(super) zones: Zones,
    pub(super) limits: Limits,
    pub(super) events: Vec<Component>,
    pub(super) free_busy: Vec<Component>,
    /// Components that are not read at all, and may hold busy times.
    pub(super) not_understood: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Event,
    FreeBusy,
}

impl Calendar {
    pub(super) fn new(zones: Zones, limits: Limits) -> Self {
        Self {
            zones,
            limits,
            events: Vec::new(),
            free_busy: Vec::new(),
            not_understood: 0,
        }
    }

    /// A line that is not understood is left out, a structure that is not is an error.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        let mut open: Vec<String> = Vec::new();
        let mut current: Option<(Kind, Component)> = None;
        let mut calendars = 0_usize;
        for line in Lines::new(bytes) {
            let max = self.limits.line;
            let text = String::from_utf8_lossy(line.get(..max).unwrap_or(&line));
            let Some(property) = Property::parse(&text) else {
                // Between calendars, anything goes; before the first one, this is not a calendar.
                if calendars == 0 {
                    return Err(ImportError::NotACalendar);
                }
                if let Some((_, component)) = &mut current
                    && is_read(first_word(&text))
                {
                    component.not_understood = true;
                }
                continue;
            };
            if property.is("BEGIN") {
                if open.is_empty() && !property.has("VCALENDAR") {
                    return Err(ImportError::NotACalendar);
                }
                if open.len() >= self.limits.nesting {
                    let max = self.limits.nesting;
                    return Err(ImportError::TooDeep { max });
                }
                calendars += usize::from(open.is_empty());
                self.begin(property.value, open.len(), &mut current)?;
                open.push(property.value.to_ascii_uppercase());
            } else if property.is("END") {
                if open.pop().is_none_or(|name| !property.has(&name)) {
                    return Err(ImportError::Unbalanced);
                }
                if open.len() == 1
                    && let Some((kind, component)) = current.take()
                {
                    match kind {
                        Kind::Event => self.events.push(component),
                        Kind::FreeBusy => self.free_busy.push(component),
                    }
                }
            } else if calendars == 0 {
                return Err(ImportError::NotACalendar);
            } else if open.len() == 2
                && let Some((_, component)) = &mut current
                && is_read(property.name)
            {
                if line.len() > max {
                    return Err(ImportError::LineTooLong { max });
                }
                component.read(&property, self.zones);
            }
        }
        match (calendars, open.is_empty()) {
            (0, _) => Err(ImportError::NotACalendar),
            (_, false) => Err(ImportError::Unbalanced),
            (_, true) => Ok(()),
        }
    }

    fn begin(
        &mut self,
        name: &str,
        depth: usize,
        current: &mut Option<(Kind, Component)>,
    ) -> Result<(), ImportError> {
        let kind = match name.to_ascii_uppercase().as_str() {
            "VEVENT" => Kind::Event,
            "VFREEBUSY" => Kind::FreeBusy,
            // RFC 7953: busy outside of what it names.
            "VAVAILABILITY" => {
                self.not_understood += 1;
                return Ok(());
            }
            _ => return Ok(()),
        };
        if depth != 1 {
            self.not_understood += 1;
            return Ok(());
        }
        let max = self.limits.events;
        if self.events.len() + self.free_busy.len() >= max {
            return Err(ImportError::TooManyEvents { max });
        }
        *current = Some((kind, Component::default()));
        Ok(())
    }
}

const READ: [&str; 13] = [
    "UID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "EXRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "FREEBUSY",
    "STATUS",
    "TRANSP",
    "X-MICROSOFT-CDO-BUSYSTATUS",
];

fn is_read(name: &str) -> bool {
    READ.iter().any(|read| read.eq_ignore_ascii_case(name))
}

fn first_word(text: &str) -> &str {
    text.split([';', ':']).next().unwrap_or_default().trim()
}

impl Component {
    fn read(&mut self, property: &Property<'_>, zones: Zones) {
        let name = property.name.to_ascii_uppercase();
        match name.as_str() {
            "UID" => property.value.clone_into(&mut self.uid),
            "STATUS" => self.free |= property.has("CANCELLED"),
            "TRANSP" => self.free |= property.has("TRANSPARENT"),
            "X-MICROSOFT-CDO-BUSYSTATUS" => self.free |= property.has("FREE"),
            "RRULE" => self.rules.push(property.value.to_owned()),
            "DURATION" => {
                self.duration = Length::parse(property.value);
                self.not_understood |= self.duration.is_none();
            }
            // Its exceptions stay busy (RFC 2445 section 4.8.5.2, gone in RFC 5545).
            "EXRULE" => self.not_understood = true,
            _ => self.read_times(&name, property, Clock::of(property, zones)),
        }
    }

    fn read_times(&mut self, name: &str, property: &Property<'_>, clock: Clock) {
        let mut sound = clock.known;
        match name {
            "DTSTART" => {
                self.start = clock.moment(property.value).map(|start| (start, clock));
                sound &= self.start.is_some();
            }
            "DTEND" => {
                self.end = clock.moment(property.value);
                sound &= self.end.is_some();
            }
            "RECURRENCE-ID" => {
                self.instead_of = clock.moment(property.value);
                // A new time for all that follow is not worked out.
                sound &= self.instead_of.is_some() && property.parameter("RANGE").is_none();
            }
            "EXDATE" => {
                for value in property.values() {
                    let moment = clock.moment(value);
                    sound &= moment.is_some();
                    self.except.extend(moment);
                }
            }
            "RDATE" => {
                for value in property.values() {
                    let moment = clock.moment(value);
                    let period = clock.period(value);
                    sound &= moment.is_some() || period.is_some();
                    self.more.extend(moment);
                    self.periods.extend(period);
                }
            }
            "FREEBUSY" if !property.parameter_is("FBTYPE", "FREE") => {
                for value in property.values() {
                    let period = clock.period(value);
                    sound &= period.is_some();
                    self.periods.extend(period);
                }
            }
            _ => {}
        }
        self.not_understood |= !sound;
    }
}
