//! Which endpoint of a service a call goes to.

mod among;
mod kind;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use self::among::Among;
pub use self::kind::{Balance, UnknownBalance};
use crate::time::Moment;

/// Latencies below this are as good as equal, in nanoseconds: a thread that had to wait for its
/// turn looks like that, and isn't to be left alone for the half minute that it would be remembered.
const FLOOR: u64 = 5_000_000;
/// And so are those of which one is at most so many times the other.
const ALIKE: u64 = 4;

/// An endpoint as a balancer sees it.
pub trait Endpoint {
    /// Whether it may get a call.
    fn standing(&self, now: Moment) -> Standing;

    /// The calls to it that are under way.
    fn pending(&self) -> u32;

    /// The nanoseconds that a call to it would take: see
    /// [`PeakEwma::latency`](super::PeakEwma::latency).
    fn latency(&self, now: Moment) -> u64;

    /// What it keeps as long as it is known, and no other has: [`Balance::Hash`] goes by it.
    fn id(&self) -> u64;
}

/// Whether an endpoint may get a call: the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It may.
    Ready,
    /// It may, and this call would say whether others may: its breaker has been open for long
    /// enough. Where two are weighed it goes first, or one that was slow would never be tried.
    Due,
    /// It may if no other can: it isn't well, or it has failed this very call before.
    Doubtful,
    /// It may not: there is no connection to it, its breaker is open, or it goes away.
    Shut,
}

/// Chooses endpoints.
#[derive(Debug)]
pub struct Balancer {
    balance: AtomicU8,
    /// How many were chosen in turn.
    turn: AtomicUsize,
}

impl Balancer {
    /// A balancer of that kind.
    pub const fn new(balance: Balance) -> Self {
        Self { balance: AtomicU8::new(balance as u8), turn: AtomicUsize::new(0) }
    }

    /// Changes the kind.
    pub fn set(&self, balance: Balance) {
        self.balance.store(balance as u8, Ordering::Relaxed);
    }

    /// How it chooses.
    #[inline]
    pub fn balance(&self) -> Balance {
        Balance::of(self.balance.load(Ordering::Relaxed))
    }

    /// The index of the endpoint that a call goes to, or `None` if none may get one.
    ///
    /// `random` is any number. `key` is the hash of what calls are routed by; a call without one is
    /// placed by two choices where others go by their hash.
    #[inline]
    pub fn pick<E: Endpoint>(
        &self,
        endpoints: &[E],
        now: Moment,
        random: u64,
        key: Option<u64>,
    ) -> Option<usize> {
        if let [only] = endpoints {
            return (only.standing(now) != Standing::Shut).then_some(0);
        }
        match (self.balance(), key) {
            (Balance::P2c, _) | (Balance::Hash, None) => two_choices(endpoints, now, random),
            (Balance::RoundRobin, _) => {
                let among = Among::all(endpoints, now)?;
                among.nth(self.turn.fetch_add(1, Ordering::Relaxed) % among.count)
            }
            (Balance::Random, _) => {
                let among = Among::all(endpoints, now)?;
                among.nth(below(random as u32, among.count))
            }
            (Balance::Least, _) => least(endpoints, now, random),
            (Balance::Hash, Some(key)) => {
                Among::all(endpoints, now)?.iter().max_by_key(|at| score(&endpoints[*at], key))
            }
        }
    }
}

/// The better of two that are drawn (Mitzenmacher's power of two choices; Finagle's `P2C`).
#[inline]
fn two_choices<E: Endpoint>(endpoints: &[E], now: Moment, random: u64) -> Option<usize> {
    if endpoints.len() < 2 {
        return None;
    }
    let (one, two) = draw(endpoints.len(), random);
    let standings = (endpoints[one].standing(now), endpoints[two].standing(now));
    if standings == (Standing::Ready, Standing::Ready) {
        return Some(cheaper(endpoints, now, one, two));
    }
    two_choices_among(endpoints, now, random, standings, (one, two))
}

/// The same where not all are ready.
#[cold]
fn two_choices_among<E: Endpoint>(
    endpoints: &[E],
    now: Moment,
    random: u64,
    standings: (Standing, Standing),
    (one, two): (usize, usize),
) -> Option<usize> {
    match standings {
        (Standing::Due, Standing::Ready | Standing::Due) => return Some(one),
        (Standing::Ready, Standing::Due) => return Some(two),
        _ => {}
    }
    let among = Among::all(endpoints, now)?;
    if among.count == 1 {
        return among.nth(0);
    }
    let (one, two) = draw(among.count, random);
    let (one, two) = (among.nth(one)?, among.nth(two)?);
    let is_due = |at: usize| endpoints[at].standing(now) == Standing::Due;
    match (is_due(one), is_due(two)) {
        (true, _) => Some(one),
        (_, true) => Some(two),
        _ => Some(cheaper(endpoints, now, one, two)),
    }
}

/// Which of two costs less, by latency·(pending + 1), or by pending alone where the latencies are
/// alike; the first of two that cost the same.
#[inline]
fn cheaper<E: Endpoint>(endpoints: &[E], now: Moment, one: usize, two: usize) -> usize {
    let cost = |at: usize| {
        let endpoint = &endpoints[at];
        (endpoint.latency(now).max(FLOOR), u64::from(endpoint.pending()) + 1)
    };
    let ((slow, calls), (other_slow, other_calls)) = (cost(one), cost(two));
    let alike =
        slow <= other_slow.saturating_mul(ALIKE) && other_slow <= slow.saturating_mul(ALIKE);
    let other_is_cheaper = if alike {
        other_calls < calls
    } else {
        other_slow.saturating_mul(other_calls) < slow.saturating_mul(calls)
    };
    if other_is_cheaper { two } else { one }
}

/// Two different ones of at least two.
#[inline]
fn draw(count: usize, random: u64) -> (usize, usize) {
    let one = below(random as u32, count);
    let two = below((random >> 32) as u32, count - 1);
    (one, if two >= one { two + 1 } else { two })
}

/// A number below `count`, by 32 random bits.
#[inline]
fn below(random: u32, count: usize) -> usize {
    ((u64::from(random) * count as u64) >> 32) as usize
}

/// That with the fewest calls under way, one by chance of several such.
fn least<E: Endpoint>(endpoints: &[E], now: Moment, random: u64) -> Option<usize> {
    let among = Among::all(endpoints, now)?;
    let first = below(random as u32, among.count);
    let burden = |(nth, at): &(usize, usize)| {
        let endpoint = &endpoints[*at];
        (endpoint.standing(now) != Standing::Due, endpoint.pending(), *nth < first, *nth)
    };
    Some(among.iter().enumerate().min_by_key(burden)?.1)
}

/// How well an endpoint and a key fit: the best fit gets the key (rendezvous hashing, Thaler and
/// Ravishankar, 1998). In place of a ring, for it needs nothing that must be built anew for each set
/// of endpoints, is even without a hundred points for each, and costs a few instructions for each of
/// the 64 that there may be. When one joins or leaves, its own keys move and no others.
fn score<E: Endpoint>(endpoint: &E, key: u64) -> u64 {
    mixed(mixed(endpoint.id()) ^ key)
}

/// SplitMix64's finalizer, after its increment.
const fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl<E: Endpoint + ?Sized> Endpoint for Arc<E> {
    #[inline]
    fn standing(&self, now: Moment) -> Standing {
        (**self).standing(now)
    }

    #[inline]
    fn pending(&self) -> u32 {
        (**self).pending()
    }

    #[inline]
    fn latency(&self, now: Moment) -> u64 {
        (**self).latency(now)
    }

    #[inline]
    fn id(&self) -> u64 {
        (**self).id()
    }
}

impl Default for Balancer {
    fn default() -> Self {
        Self::new(Balance::default())
    }
}
