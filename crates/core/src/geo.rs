use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Rule, Words};

/// A point on the map, WGS 84, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    #[schema(minimum = -90, maximum = 90, example = -6.8886)]
    pub latitude: f64,
    #[schema(minimum = -180, maximum = 180, example = 109.6753)]
    pub longitude: f64,
}

impl Coordinates {
    /// Half the Earth's circumference: no distance is longer.
    pub const MAX_DISTANCE_M: f64 = 20_037_508.0;

    pub fn parse(latitude: f64, longitude: f64) -> Result<Self, Rule> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Rule::OutOfRange {
                min: -90.0,
                max: 90.0,
            });
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Rule::OutOfRange {
                min: -180.0,
                max: 180.0,
            });
        }
        Ok(Self {
            latitude,
            longitude,
        })
    }

    /// Inside the box around the Indonesian archipelago, where a business must stand.
    pub fn in_indonesia(self) -> Result<Self, Rule> {
        if (-11.5..=6.5).contains(&self.latitude) && (94.5..=141.5).contains(&self.longitude) {
            Ok(self)
        } else {
            Err(Rule::Other {
                code: "outside_indonesia",
                words: Words {
                    id: "berada di luar Indonesia",
                    en: "lies outside Indonesia",
                },
            })
        }
    }

    /// The point to about 1.1 km: enough for a map of the neighbourhood, too little to find a home.
    #[must_use]
    pub fn rounded(self) -> Self {
        // As the SQL function public_point does it.
        let round = |degrees: f64| (degrees * 100.0).round_ties_even() / 100.0;
        Self {
            latitude: round(self.latitude),
            longitude: round(self.longitude),
        }
    }
}
