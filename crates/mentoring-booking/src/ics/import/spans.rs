use chrono::{DateTime, Utc};

use super::ImportError;

type Span = (DateTime<Utc>, DateTime<Utc>);

/// Busy times inside a window.
#[derive(Debug)]
pub(super) struct Spans {
    window: Span,
    max: usize,
    inside: Vec<Span>,
}

impl Spans {
    pub(super) fn new(window: Span, max: usize) -> Self {
        Self {
            window,
            max,
            inside: Vec::new(),
        }
    }

    pub(super) fn window(&self) -> Span {
        self.window
    }

    pub(super) fn add(
        &mut self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<(), ImportError> {
        let start = start.max(self.window.0);
        let end = end.min(self.window.1);
        if start >= end {
            return Ok(());
        }
        if self.inside.len() >= self.max {
            return Err(ImportError::TooManyInstances { max: self.max });
        }
        self.inside.push((start, end));
        Ok(())
    }

    /// Sorted, what overlaps or touches as one.
    pub(super) fn merged(mut self) -> Vec<Span> {
        self.inside.sort_unstable();
        let mut merged: Vec<Span> = Vec::new();
        for (start, end) in self.inside {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged
    }
}
