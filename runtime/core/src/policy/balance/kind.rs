//! The kinds of balancing, as config spells them.

use std::fmt;
use std::str::FromStr;

/// How calls are spread over the endpoints of a service: `balance` in config. All pass by an endpoint
/// that isn't ready while another is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Balance {
    /// `p2c`, the default: the cheaper of two that are drawn, by latency and calls under way.
    #[default]
    P2c,
    /// `round_robin`: one after the other.
    RoundRobin,
    /// `random`: any.
    Random,
    /// `least`: that with the fewest calls under way.
    Least,
    /// `hash`: calls with the same key go to the same one, as long as the set stays.
    Hash,
}

impl Balance {
    const ALL: [Self; 5] = [Self::P2c, Self::RoundRobin, Self::Random, Self::Least, Self::Hash];

    /// That with this number.
    #[inline]
    pub(super) const fn of(number: u8) -> Self {
        match number {
            1 => Self::RoundRobin,
            2 => Self::Random,
            3 => Self::Least,
            4 => Self::Hash,
            _ => Self::P2c,
        }
    }

    /// How config spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P2c => "p2c",
            Self::RoundRobin => "round_robin",
            Self::Random => "random",
            Self::Least => "least",
            Self::Hash => "hash",
        }
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Balance {
    type Err = UnknownBalance;

    fn from_str(text: &str) -> Result<Self, UnknownBalance> {
        let known = Self::ALL.into_iter().find(|balance| balance.as_str() == text);
        known.ok_or_else(|| UnknownBalance(text.into()))
    }
}

/// A text that names no [`Balance`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way to balance: use `p2c`, `round_robin`, `random`, `least` or `hash`")]
pub struct UnknownBalance(Box<str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_can_spell_all_of_them() {
        for balance in Balance::ALL {
            assert_eq!(balance.to_string().parse(), Ok(balance));
            assert_eq!(Balance::of(balance as u8), balance);
        }
        assert_eq!(
            "P2C".parse::<Balance>().unwrap_err().to_string(),
            "`P2C` is no way to balance: use `p2c`, `round_robin`, `random`, `least` or `hash`"
        );
    }
}
