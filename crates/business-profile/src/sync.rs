//! Businesses for clients that keep a copy.

use karya_core::{BusinessId, UserId};
use karya_db::AsyncPgConnection;

use crate::model::BusinessState;
use crate::{BusinessError, queries};

pub use crate::http::view::BusinessView;

/// Those of the businesses that `viewer` may see, as they now are, in one statement. What is missing is gone for them.
pub async fn load(
    conn: &AsyncPgConnection,
    viewer: UserId,
    ids: &[BusinessId],
) -> Result<Vec<BusinessView>, BusinessError> {
    let found = queries::find_many(conn, ids, viewer).await?;
    let visible = found
        .into_iter()
        .filter(|(row, _, role)| row.state == BusinessState::Active || role.is_some());
    Ok(visible.map(BusinessView::for_member).collect())
}
