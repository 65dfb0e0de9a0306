use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::RegionCode;
use karya_db::TextList;
use karya_db::schema::session_alerts;
use serde::{Deserialize, Serialize};

use super::SessionMode;

/// What an alert reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Kemendagri codes; regions below count too. What is no code is left out.
    pub regions: Vec<String>,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// In person at any severity; the others when power and network are in doubt.
    pub modes: Vec<SessionMode>,
}

impl Reach {
    /// What codes of reached regions are SIMILAR TO. In that language (SQL:2003 §8.6) a point is a point.
    pub(crate) fn pattern(&self) -> String {
        let known = self.known_regions();
        let prefixes: Vec<String> = known.iter().map(|code| format!("{code}%")).collect();
        format!("({})", prefixes.join("|"))
    }

    /// Whether a session at that time falls into it.
    pub(crate) fn spans(&self, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> bool {
        starts_at < self.to && ends_at > self.from
    }

    /// Those of the regions that are written as they should be.
    pub(crate) fn known_regions(&self) -> Vec<String> {
        let known = self
            .regions
            .iter()
            .filter_map(|code| RegionCode::parse(code).ok());
        known.map(|code| code.as_str().to_owned()).collect()
    }
}

/// A disaster alert, as far as sessions are concerned.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_alerts, check_for_backend(Pg))]
pub(crate) struct AlertRow {
    pub(crate) id: String,
    #[diesel(deserialize_as = TextList)]
    pub(crate) regions: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) modes: Vec<String>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) lifted_at: Option<DateTime<Utc>>,
}

impl AlertRow {
    pub(crate) fn new(now: DateTime<Utc>, id: String, reach: &Reach) -> Self {
        Self {
            id,
            regions: reach.known_regions(),
            modes: reach.modes.iter().map(ToString::to_string).collect(),
            starts_at: reach.from,
            ends_at: reach.to,
            created_at: now,
            lifted_at: None,
        }
    }

    /// Whether it reaches sessions of this kind in this region, while it lasts.
    pub(crate) fn reaches(&self, mode: SessionMode, region: &str) -> bool {
        self.modes.iter().any(|reached| reached == mode.as_str())
            && self
                .regions
                .iter()
                .any(|above| region.starts_with(above.as_str()))
    }
}
