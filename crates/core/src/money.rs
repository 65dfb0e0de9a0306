use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Rule;

/// An amount in whole rupiah.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Whole rupiah.
    #[schema(
        minimum = 0,
        maximum = 1_000_000_000_000_000_i64,
        example = 150_000_000
    )]
    pub amount: i64,
    pub currency: Currency,
}

crate::text_enum! {
    /// ISO 4217.
    pub enum Currency {
        Idr = "IDR",
    }
}

impl Money {
    /// Largest amount that is taken: a quadrillion rupiah, beyond any business and far from overflow.
    pub const MAX: i64 = 1_000_000_000_000_000;

    #[must_use]
    pub const fn rupiah(amount: i64) -> Self {
        Self {
            amount,
            currency: Currency::Idr,
        }
    }

    /// The amount, if it is one that is taken.
    #[expect(clippy::cast_precision_loss, reason = "the bound is a round number")]
    pub fn checked(self) -> Result<i64, Rule> {
        if (0..=Self::MAX).contains(&self.amount) {
            Ok(self.amount)
        } else {
            Err(Rule::OutOfRange {
                min: 0.0,
                max: Self::MAX as f64,
            })
        }
    }
}
