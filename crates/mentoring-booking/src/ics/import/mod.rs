//! Reads the busy times of a calendar feed that nobody vouches for. Work and memory are bounded, and
//! what is not understood is counted, never silently free.

mod component;
mod expand;
mod lines;
mod occupy;
mod property;
mod rule;
mod spans;
mod value;
mod zone;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use component::Calendar;
use occupy::Occupier;
use spans::Spans;
use zone::Zones;

/// How much of a feed is read; over any of these it is refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub bytes: usize,
    /// Events and free/busy components.
    pub events: usize,
    /// Busy times inside the window, before they are merged.
    pub instances: usize,
    /// Days that all recurrence rules together may try; a rule beyond is not understood.
    pub rule_days: u64,
    pub nesting: usize,
    /// Octets of one unfolded line among those that are read at all.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 2 * 1024 * 1024,
            events: 5_000,
            instances: 10_000,
            rule_days: 4_000_000,
            nesting: 8,
            line: 256 * 1024,
        }
    }
}

/// When somebody is busy. Why is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Half-open, sorted, without overlap or touch, inside the window.
    pub busy: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Events and free/busy components in the feed, free ones too.
    pub events: usize,
    /// Components of which some time may be missing or wrong in `busy`.
    pub not_understood: usize,
}

/// A feed is not usable at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("the feed is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("the feed is not an iCalendar stream")]
    NotACalendar,
    #[error("the feed ends or closes a component where it should not")]
    Unbalanced,
    #[error("the feed nests more than {max} components")]
    TooDeep { max: usize },
    #[error("the feed has a line of more than {max} bytes")]
    LineTooLong { max: usize },
    #[error("the feed has more than {max} events")]
    TooManyEvents { max: usize },
    #[error("the feed has more than {max} busy times in the window")]
    TooManyInstances { max: usize },
}

/// Reads a feed. `zone` is that of floating times and whole days.
///
/// # Errors
///
/// The feed is over a limit, or broken in its structure: then nothing of it may be relied on.
pub fn busy(
    bytes: &[u8],
    zone: Tz,
    window: (DateTime<Utc>, DateTime<Utc>),
    limits: Limits,
) -> Result<Imported, ImportError> {
    if bytes.len() > limits.bytes {
        return Err(ImportError::TooLarge { max: limits.bytes });
    }
    let mut calendar = Calendar::new(Zones::new(zone), limits);
    calendar.read(bytes)?;
    let mut occupier = Occupier::new(&calendar, Spans::new(window, limits.instances));
    occupier.occupy()?;
    Ok(occupier.finish())
}
