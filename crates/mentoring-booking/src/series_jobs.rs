//! Mails about a series of bookings: one a person, with all dates.

use karya_core::{BookingId, BookingSeriesId};
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, Options, Prepared, WorkerBuilder, enqueue_all};
use karya_notifications::{SeriesMail, SeriesNotice, Template};
use serde::{Deserialize, Serialize};

use crate::MentoringError;
use crate::jobs::{Context, post};
use crate::model::{BookingRow, BookingState, Party};
use crate::{queries, zones};

pub(crate) fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker.register::<TellSeries>(context.clone())
}

/// What the people of a series are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    Requested,
    Confirmed,
    Cancelled,
}

/// Mails both sides about these sessions of a series, in the transaction of what happened.
pub(crate) async fn announce(
    conn: &mut AsyncPgConnection,
    series_id: BookingSeriesId,
    bookings: &[BookingRow],
    notice: Notice,
) -> Result<(), MentoringError> {
    let mut jobs = Vec::new();
    for to in [Party::Mentor, Party::Mentee] {
        let job = TellSeries {
            series_id,
            bookings: bookings.iter().map(|booking| booking.id).collect(),
            notice,
            to,
        };
        jobs.push(Prepared::new(&job, Options::default())?);
    }
    Ok(enqueue_all(conn, jobs).await?)
}

/// Tells one side what happened to the sessions, apart from those to which something else happened since.
#[derive(Debug, Serialize, Deserialize)]
struct TellSeries {
    series_id: BookingSeriesId,
    bookings: Vec<BookingId>,
    notice: Notice,
    to: Party,
}

impl Job for TellSeries {
    const NAME: &'static str = "mentoring.tell_series";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let (notice, state) = match self.notice {
            Notice::Requested => (SeriesNotice::Requested, BookingState::Requested),
            Notice::Confirmed => (SeriesNotice::Confirmed, BookingState::Confirmed),
            Notice::Cancelled => (SeriesNotice::Cancelled, BookingState::Cancelled),
        };
        let bookings = queries::bookings::series(&conn, self.series_id).await?;
        let meant: Vec<&BookingRow> = bookings
            .iter()
            .filter(|booking| booking.state == state && self.bookings.contains(&booking.id))
            .collect();
        let Some(first) = meant.first() else {
            return Ok(());
        };
        let people = [first.mentor_id, first.mentee_id];
        let people = queries::people::contacts(&conn, &people).await?;
        let person = |id| people.iter().find(|person| person.user_id == id);
        let (Some(mentor), Some(mentee)) = (person(first.mentor_id), person(first.mentee_id))
        else {
            return Ok(());
        };
        let (reader, other) = if self.to == Party::Mentor {
            (mentor, mentee)
        } else {
            (mentee, mentor)
        };
        let offering = queries::offerings::find(&conn, first.offering_id).await?;
        let offering = offering.ok_or("the offering of a booking is gone")?;
        let (zone, lang) = (reader.timezone.tz(), reader.locale);
        let template = Template::Series(SeriesMail {
            notice,
            display_name: reader.display_name.clone(),
            other_name: other.display_name.clone(),
            title: offering.title,
            times: meant
                .iter()
                .map(|booking| zones::spell(booking.starts_at, booking.ends_at, zone, lang))
                .collect(),
            place: first.place.clone(),
        });
        post(&context, reader, &template).await
    }
}
