//! What the guard counts.

use serde::{Deserialize, Serialize};

/// A kind of call with the message `price`: making it, the handler and verifying the answer
/// included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cell {
    /// A shared turn in this process.
    Shared,
    /// An exclusive turn in this process.
    Exclusive,
    /// A shared turn in this process, with every policy off.
    Off,
    /// A shared turn, encoded and decoded as if it crossed the wire.
    Encoded,
}

impl Cell {
    pub(crate) const ALL: [Self; 4] = [Self::Shared, Self::Exclusive, Self::Off, Self::Encoded];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Exclusive => "exclusive",
            Self::Off => "off",
            Self::Encoded => "encoded",
        }
    }
}
