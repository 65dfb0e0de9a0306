//! Counts the SQL statements of a request, so that N+1 shows in the log and in tests.

use std::cell::Cell;
use std::future::Future;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

tokio::task_local! {
    static COUNT: Cell<i32>;
}

/// Runs `work` and tells how many statements it sent (`BEGIN` and `COMMIT` not counted).
pub async fn counted<F: Future>(work: F) -> (F::Output, i32) {
    COUNT
        .scope(Cell::new(0), async {
            let output = work.await;
            (output, COUNT.with(Cell::get))
        })
        .await
}

pub(crate) fn install() {
    #[expect(clippy::unnecessary_wraps, reason = "diesel's signature")]
    fn counter() -> Option<Box<dyn Instrumentation>> {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            // What controls a transaction is announced and then sent like any other statement.
            let change = match event {
                InstrumentationEvent::StartQuery { .. } => 1,
                InstrumentationEvent::BeginTransaction { .. }
                | InstrumentationEvent::CommitTransaction { .. }
                | InstrumentationEvent::RollbackTransaction { .. } => -1,
                _ => return,
            };
            let _outside_a_request = COUNT.try_with(|count| count.set(count.get() + change));
        }))
    }
    // Fails only when a default is being set at this very moment, which would be this same one.
    let _set_already = set_default_instrumentation(counter);
}
