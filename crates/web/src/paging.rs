//! What every list does with its cursor.

use karya_core::{Cursors, PageSize};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::Problem;
use crate::codes::CURSOR_MISMATCH;

/// Which page of a list without filters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items on a page; 20 unless given.
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 500)]
    pub cursor: Option<String>,
}

/// For the members of a filter that say which page, and are no part of what a cursor is bound to. `skip_serializing`
/// would keep them out of the document too.
pub const fn is_no_filter<T>(_value: &T) -> bool {
    true
}

/// A list that is being paged through: its name and filter, to which cursors are bound, and where the page starts.
pub struct Paging<'a> {
    cursors: &'a Cursors,
    scope: String,
    cursor: Option<&'a str>,
    pub size: PageSize,
}

impl<'a> Paging<'a> {
    /// `scope`: the list and all that selects or orders, but not the page size.
    pub fn new(
        cursors: &'a Cursors,
        scope: String,
        limit: Option<i64>,
        cursor: Option<&'a str>,
    ) -> Result<Self, Problem> {
        let size = PageSize::parse(limit).map_err(|rule| Problem::parameter("limit", rule))?;
        Ok(Self {
            cursors,
            scope,
            cursor,
            size,
        })
    }

    /// The sort key of the last item of the page before; none on the first page.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        let decode = |cursor| {
            self.cursors
                .decode(&self.scope, cursor)
                .map_err(|_mismatch| Problem::of(&CURSOR_MISMATCH))
        };
        self.cursor.map(decode).transpose()
    }

    /// Cuts off the row that was fetched beyond the page; the key of the last row that stays leads to the next page.
    pub fn cut<T, K: Serialize>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> K,
    ) -> (Vec<T>, Option<String>) {
        let more = rows.len() > self.size.get();
        rows.truncate(self.size.get());
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .and_then(|last| self.cursors.encode(&self.scope, &key(last)));
        (rows, next_cursor)
    }
}
