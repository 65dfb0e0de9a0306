karya_core::text_enum! {
    /// Size of a business by PP 7/2021 art. 35.
    pub enum SizeClass {
        Mikro = "mikro",
        Kecil = "kecil",
        Menengah = "menengah",
        Besar = "besar",
    }
}

const BILLION: i64 = 1_000_000_000;

impl SizeClass {
    /// From what the owner declares, in whole rupiah: yearly sales if known (art. 35 (5), for businesses that run),
    /// else capital without land and buildings (art. 35 (3), for those that register). Upper bounds are inclusive.
    #[must_use]
    pub fn of(capital: Option<i64>, turnover: Option<i64>) -> Option<Self> {
        let by = |amount: i64, [mikro, kecil, menengah]: [i64; 3]| match amount {
            a if a <= mikro * BILLION => Self::Mikro,
            a if a <= kecil * BILLION => Self::Kecil,
            a if a <= menengah * BILLION => Self::Menengah,
            _ => Self::Besar,
        };
        turnover
            .map(|amount| by(amount, [2, 15, 50]))
            .or_else(|| capital.map(|amount| by(amount, [1, 5, 10])))
    }
}

#[cfg(test)]
mod tests {
    use super::SizeClass::{self, Besar, Kecil, Menengah, Mikro};

    #[test]
    fn upper_bounds_belong_to_the_lower_class() {
        const BN: i64 = 1_000_000_000;
        for (turnover, class) in [
            (0, Mikro),
            (2 * BN, Mikro),
            (2 * BN + 1, Kecil),
            (15 * BN, Kecil),
            (15 * BN + 1, Menengah),
            (50 * BN, Menengah),
            (50 * BN + 1, Besar),
            (i64::MAX, Besar),
        ] {
            assert_eq!(
                SizeClass::of(Some(0), Some(turnover)),
                Some(class),
                "{turnover}"
            );
        }
        for (capital, class) in [
            (BN, Mikro),
            (BN + 1, Kecil),
            (5 * BN, Kecil),
            (5 * BN + 1, Menengah),
            (10 * BN, Menengah),
            (10 * BN + 1, Besar),
        ] {
            assert_eq!(SizeClass::of(Some(capital), None), Some(class), "{capital}");
        }
        assert_eq!(SizeClass::of(None, None), None);
    }
}
