//! Bookings for clients that keep a copy.

use karya_core::{BookingId, UserId};
use karya_db::AsyncPgConnection;

use crate::{MentoringError, ops, queries};

pub use crate::http::view::BookingView;

/// Those of the bookings that `viewer` takes part in, as they now are, in one statement.
pub async fn load(
    conn: &AsyncPgConnection,
    viewer: UserId,
    ids: &[BookingId],
) -> Result<Vec<BookingView>, MentoringError> {
    let found = queries::bookings::find_many(conn, ids).await?;
    let own = found
        .into_iter()
        .filter_map(|row| ops::party(&row, viewer).map(|party| BookingView::new(row, party)));
    Ok(own.collect())
}
