//! What the tests of this crate share.

use proptest::prelude::ProptestConfig;

/// At least `cases` runs of a property, or as many as `PROPTEST_CASES` asks for.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases.max(cases),
        failure_persistence: None,
        ..config
    }
}
