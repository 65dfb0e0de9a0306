//! Counts the SQL statements of a request, so that N+1 shows in the log and in tests.

use std::cell::Cell;
use std::future::Future;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

tokio::task_local! {
    static COUNT: Cell<u32>;
}

/// Runs `work` and tells how many statements it sent (`BEGIN` and `COMMIT` not counted).
pub async fn counted<F: Future>(work: F) -> (F::Output, u32) {
    COUNT
        .scope(Cell::new(0), async {
            let output = work.await;
            (output, COUNT.with(Cell::get))
        })
        .await
}

pub(crate) fn install() {
    fn counter() -> Option<Box<dyn Instrumentation>> {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let text = query.to_string();
                let control = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"];
                if !control.iter().any(|word| text.starts_with(word)) {
                    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
                }
            }
        }))
    }
    // Fails only when a default is being set at this very moment, which would be this same one.
    let _ = set_default_instrumentation(counter);
}
