//! Mails about documents: one for all that were added within some minutes.

use chrono::TimeDelta;
use karya_core::BookingId;
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, Options, WorkerBuilder, enqueue_with};
use karya_notifications::{DocumentsMail, Template};
use serde::{Deserialize, Serialize};

use crate::MentoringError;
use crate::jobs::{Context, post};
use crate::model::{DocumentRow, Side};
use crate::{queries, zones};

/// How long the mail waits for more documents.
const GATHER: TimeDelta = TimeDelta::minutes(5);

pub(crate) fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker.register::<TellOfDocuments>(context.clone())
}

/// Mails `to` about new documents, a while after the last one.
pub(crate) async fn announce(
    conn: &mut AsyncPgConnection,
    booking_id: BookingId,
    to: Side,
) -> Result<(), MentoringError> {
    let options = Options {
        delay: Some(GATHER),
        key: Some(format!("booking:{booking_id}:documents:{to}")),
        queue: None,
    };
    Ok(enqueue_with(conn, &TellOfDocuments { booking_id, to }, options).await?)
}

/// Tells one side of the documents that it does not know of. It finds none if all are gone or told.
#[derive(Debug, Serialize, Deserialize)]
struct TellOfDocuments {
    booking_id: BookingId,
    to: Side,
}

impl Job for TellOfDocuments {
    const NAME: &'static str = "mentoring.tell_of_documents";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        let Some(booking) = queries::bookings::find(&conn, self.booking_id).await? else {
            return Ok(());
        };
        let (reader, other) = match self.to {
            Side::Mentor => (booking.mentor_id, booking.mentee_id),
            Side::Mentee => (booking.mentee_id, booking.mentor_id),
        };
        let is_new = |row: &DocumentRow| !row.announced && row.uploader_id == other;
        let mut new = queries::documents::list(&conn, self.booking_id).await?;
        new.retain(is_new);
        if new.is_empty() {
            return Ok(());
        }
        let people = queries::people::contacts(&conn, &[reader, other]).await?;
        let person = |id| people.iter().find(|person| person.user_id == id);
        let (Some(reader), Some(other)) = (person(reader), person(other)) else {
            return Ok(());
        };
        let offering = queries::offerings::find(&conn, booking.offering_id).await?;
        let offering = offering.ok_or("the offering of a booking is gone")?;
        let (zone, lang) = (reader.timezone.tz(), reader.locale);
        let template = Template::Documents(DocumentsMail {
            display_name: reader.display_name.clone(),
            other_name: other.display_name.clone(),
            title: offering.title,
            when: zones::spell(booking.starts_at, booking.ends_at, zone, lang),
            count: new.len(),
        });
        post(&context, reader, &template).await?;
        let told: Vec<_> = new.iter().map(|row| row.id).collect();
        queries::documents::mark_announced(&mut conn, &told).await?;
        Ok(())
    }
}
