//! The two messages that every contender carries, and the work behind them.
//!
//! `tiny` is the price of a call itself. `price` is the work of the table in the design's notes:
//! a request of an id, a 16-character string and four order lines, answered by an id and four
//! totals. Handlers read every field; callers know the answer beforehand and verify it.

use serde::{Deserialize, Serialize};

/// Which message a cell carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Message {
    Tiny,
    Price,
}

impl Message {
    pub(crate) const ALL: [Self; 2] = [Self::Tiny, Self::Price];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Price => "price",
        }
    }
}

/// What `price` asks for.
#[seam::message]
pub(crate) struct Basket {
    pub(crate) id: u64,
    /// Sixteen characters.
    pub(crate) customer: String,
    /// Four of them.
    pub(crate) lines: Vec<Line>,
}

/// One product of a basket.
#[seam::message]
#[derive(Copy)]
pub(crate) struct Line {
    pub(crate) unit_cents: u64,
    pub(crate) quantity: u32,
}

/// What `price` answers.
#[seam::message]
pub(crate) struct Priced {
    pub(crate) id: u64,
    pub(crate) totals: [u64; 4],
}

/// The handler of `tiny`.
#[inline]
pub(crate) const fn answer_tiny(n: u64) -> u64 {
    n.rotate_left(7) ^ 0x5eed
}

/// The handler of `price`.
#[inline]
pub(crate) fn answer_price(basket: &Basket) -> Priced {
    Priced {
        id: basket.id.wrapping_add(fold(basket.customer.as_bytes())),
        totals: totals(&basket.lines),
    }
}

/// The basket of the caller's call `n`: every call's differs, so that nothing can be remembered.
#[inline]
pub(crate) fn basket(n: u64) -> Basket {
    Basket { id: n, customer: CUSTOMERS[(n & 7) as usize].to_owned(), lines: lines(n).to_vec() }
}

/// Whether an answer is the one to [`basket`] `n`.
#[inline]
pub(crate) fn is_price_of(n: u64, priced: &Priced) -> bool {
    priced.id == n.wrapping_add(FOLDED[(n & 7) as usize]) && priced.totals == totals(&lines(n))
}

#[inline]
fn lines(n: u64) -> [Line; 4] {
    let line =
        |k: u64| Line { unit_cents: (n & 0xffff) + 100 * k, quantity: (n as u32 & 7) + k as u32 };
    [line(1), line(2), line(3), line(4)]
}

#[inline]
fn totals(lines: &[Line]) -> [u64; 4] {
    let mut totals = [0; 4];
    for (total, line) in totals.iter_mut().zip(lines) {
        *total = line.unit_cents.wrapping_mul(u64::from(line.quantity));
    }
    totals
}

const fn fold(bytes: &[u8]) -> u64 {
    let (mut sum, mut at) = (0u64, 0);
    while at < bytes.len() {
        sum = sum.wrapping_mul(31).wrapping_add(bytes[at] as u64);
        at += 1;
    }
    sum
}

const CUSTOMERS: [&str; 8] = [
    "ada lovelace ---",
    "grace hopper ---",
    "barbara liskov -",
    "leslie lamport -",
    "edsger dijkstra ",
    "tony hoare -----",
    "frances allen --",
    "robin milner ---",
];

/// The fold of each customer, so that verifying an answer doesn't cost what the handler costs.
const FOLDED: [u64; 8] = {
    let mut folded = [0; 8];
    let mut at = 0;
    while at < 8 {
        assert!(CUSTOMERS[at].len() == 16, "PEERS' string has 16 characters");
        folded[at] = fold(CUSTOMERS[at].as_bytes());
        at += 1;
    }
    folded
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_accept_the_handlers_answer_and_no_other() {
        for n in [0, 1, 7, 8, 12_345, u64::MAX] {
            let priced = answer_price(&basket(n));
            assert!(is_price_of(n, &priced));
            assert!(!is_price_of(n.wrapping_add(1), &priced));
        }
    }
}
