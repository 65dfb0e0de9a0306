//! Keyset paging: page sizes and opaque, signed cursors.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{MasterKey, Rule};

const TAG: usize = 12;

/// How many items a page holds: 20 unless asked, never over 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u8);

impl PageSize {
    pub const DEFAULT: Self = Self(20);
    pub const MAX: u8 = 100;

    pub fn parse(raw: Option<i64>) -> Result<Self, Rule> {
        match raw.map(u8::try_from) {
            None => Ok(Self::DEFAULT),
            Some(Ok(n)) if (1..=Self::MAX).contains(&n) => Ok(Self(n)),
            Some(_) => Err(Rule::OutOfRange {
                min: 1.0,
                max: f64::from(Self::MAX),
            }),
        }
    }

    #[must_use]
    pub fn get(self) -> usize {
        self.0.into()
    }

    /// One row more than the page tells whether there is another page.
    #[must_use]
    pub fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// The cursor was cut, changed, or made for another list or filter.
#[derive(Debug, thiserror::Error)]
#[error("the cursor does not belong to this list and filter")]
pub struct CursorMismatch;

/// Makes and checks cursors. The text is signed, so clients can keep it but not forge it.
#[derive(Clone)]
pub struct Cursors(hmac::Key);

impl Cursors {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            master.derive("cursor").as_ref(),
        ))
    }

    fn tag(&self, scope: &str, payload: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&scope.len().to_be_bytes());
        context.update(scope.as_bytes());
        context.update(payload);
        context.sign()
    }

    /// `key`: the sort key of the last item; `scope`: the list and its filter, so that a cursor fits only there.
    pub fn encode<K: Serialize>(&self, scope: &str, key: &K) -> Option<String> {
        let payload = serde_json::to_vec(key).ok()?;
        let tag = self.tag(scope, &payload);
        Some(URL_SAFE_NO_PAD.encode([tag.as_ref().get(..TAG)?, &payload].concat()))
    }

    pub fn decode<K: DeserializeOwned>(
        &self,
        scope: &str,
        cursor: &str,
    ) -> Result<K, CursorMismatch> {
        let bytes = URL_SAFE_NO_PAD
            .decode(cursor)
            .map_err(|_error| CursorMismatch)?;
        let (tag, payload) = bytes.split_at_checked(TAG).ok_or(CursorMismatch)?;
        let expected = self.tag(scope, payload);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(
            tag,
            expected.as_ref().get(..TAG).unwrap_or_default(),
        )) {
            return Err(CursorMismatch);
        }
        serde_json::from_slice(payload).map_err(|_error| CursorMismatch)
    }
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursors(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursors, PageSize};
    use crate::MasterKey;

    #[test]
    fn a_cursor_fits_only_its_own_list_and_filter() {
        let cursors = Cursors::new(&MasterKey::from_bytes([1; 32]));
        let cursor = cursors.encode("businesses?region=33", &(12, "a")).unwrap();
        assert_eq!(
            cursors
                .decode::<(i32, String)>("businesses?region=33", &cursor)
                .unwrap(),
            (12, "a".to_owned())
        );
        assert!(
            cursors
                .decode::<(i32, String)>("businesses?region=34", &cursor)
                .is_err()
        );
        for bad in [
            "",
            "x",
            "!!",
            &cursor[..cursor.len() - 1],
            &format!("{cursor}A"),
            &cursor.replace('A', "B"),
        ] {
            assert!(
                bad == cursor
                    || cursors
                        .decode::<(i32, String)>("businesses?region=33", bad)
                        .is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn page_sizes_are_bounded() {
        assert_eq!(PageSize::parse(None), Ok(PageSize::DEFAULT));
        assert_eq!(PageSize::parse(Some(100)).unwrap().and_one(), 101);
        for bad in [0, -1, 101, i64::MAX, i64::MIN, 256 + 20] {
            assert!(PageSize::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
