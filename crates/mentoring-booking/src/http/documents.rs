//! Making documents is work of some milliseconds that must not hold up a thread that serves: it is done elsewhere, a
//! few at a time.

use std::fmt::Display;
use std::time::Duration;

use karya_web::Problem;
use tokio::sync::Semaphore;

use crate::MentoringError;

pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// Makes a document. 503 when too many are being made.
pub(super) async fn make<E: Display + Send + 'static>(
    work: impl FnOnce() -> Result<Vec<u8>, E> + Send + 'static,
) -> Result<Vec<u8>, Problem> {
    let busy = || Problem::from(MentoringError::DocumentsBusy);
    let turn = tokio::time::timeout(PATIENCE, AT_ONCE.acquire());
    let permit = turn.await.map_err(|_elapsed| busy())?;
    let permit = permit.map_err(|_closed| busy())?;
    let made = tokio::task::spawn_blocking(move || {
        // Kept until the work ends, also if nobody waits for it any more.
        let _permit = permit;
        work()
    });
    let failed = |error: &dyn Display| {
        tracing::error!(%error, "a document cannot be made");
        Problem::of(&karya_db::INTERNAL)
    };
    made.await
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))
}
