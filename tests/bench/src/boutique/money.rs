//! Money in units and nanos, as the boutique counts it.

use super::messages::Money;

const NANOS: i128 = 1_000_000_000;

pub(crate) fn usd(cents: i64) -> Money {
    from_nanos("USD", i128::from(cents) * (NANOS / 100))
}

/// The sum, in the first one's currency.
pub(crate) fn sum(a: &Money, b: &Money) -> Money {
    from_nanos(&a.currency, nanos(a) + nanos(b))
}

pub(crate) fn times(money: &Money, factor: u32) -> Money {
    from_nanos(&money.currency, nanos(money) * i128::from(factor))
}

/// The money in another currency, whose worth stands to this one's as `per_from` to `per_to`.
pub(crate) fn converted(money: &Money, per_from: i128, per_to: i128, to: &str) -> Money {
    from_nanos(to, nanos(money) * per_to / per_from)
}

fn nanos(money: &Money) -> i128 {
    i128::from(money.units) * NANOS + i128::from(money.nanos)
}

fn from_nanos(currency: &str, nanos: i128) -> Money {
    Money {
        currency: currency.to_owned(),
        units: (nanos / NANOS) as i64,
        nanos: (nanos % NANOS) as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanos_carry_into_units() {
        let total = sum(&usd(199), &usd(2));
        assert_eq!((total.units, total.nanos), (2, 10_000_000));
        assert_eq!(times(&usd(150), 3), usd(450));
        assert_eq!(converted(&usd(100), 1_000, 2_000, "USD"), usd(200));
    }
}
