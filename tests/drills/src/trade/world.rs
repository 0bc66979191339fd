//! What the services that a saga calls have done. They do it once however often they are asked, and
//! undoing what never was does nothing, as sagas ask of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::crashes::Crashes;

/// How an order is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Shipped,
    /// There is no room for it, which is found when a place was taken already.
    NotBooked,
    /// It is booked, and not taken along.
    NotDispatched,
}

impl Fate {
    /// That of an order, by its number.
    pub(crate) const fn of(order: u64) -> Self {
        match order % 4 {
            0 => Self::NotBooked,
            1 => Self::NotDispatched,
            _ => Self::Shipped,
        }
    }
}

/// What an order costs.
pub(super) const fn cents(order: u64) -> u64 {
    order * 13 % 5_000 + 1
}

/// Takes money, and gives it back.
#[seam::contract(name = "bank", version = "1.0")]
pub(crate) trait Bank {
    #[call(idempotent)]
    async fn pay(&self, order: u64, cents: u64) -> Result<u64, Refusal>;

    #[call(idempotent)]
    async fn refund(&self, order: u64) -> Result<(), Refusal>;
}

/// Takes goods along.
#[seam::contract(name = "ferry", version = "1.0")]
pub(crate) trait Ferry {
    #[call(idempotent)]
    async fn book(&self, order: u64) -> Result<u64, Refusal>;

    #[call(idempotent)]
    async fn cancel(&self, order: u64) -> Result<(), Refusal>;

    #[call(idempotent)]
    async fn dispatch(&self, order: u64) -> Result<(), Refusal>;
}

#[seam::error]
pub(crate) enum Refusal {
    /// it can't be done
    No,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct World {
    crashes: Crashes,
    done: Mutex<Done>,
}

#[derive(Debug, Default)]
struct Done {
    paid: HashMap<u64, u64>,
    booked: HashSet<u64>,
    dispatched: HashSet<u64>,
}

impl World {
    pub(crate) fn new(crashes: Crashes) -> Self {
        Self { crashes, done: Mutex::default() }
    }

    /// What of an order isn't as the end of its saga, if anything.
    pub(crate) fn wrong(&self, order: u64, answered: bool) -> Option<String> {
        let done = self.done.lock();
        let shipped = Fate::of(order) == Fate::Shipped;
        let paid = done.paid.get(&order).copied();
        let (booked, dispatched) = (done.booked.contains(&order), done.dispatched.contains(&order));
        let aim = (shipped, shipped.then(|| cents(order)), shipped, shipped);
        let is = (answered, paid, booked, dispatched);
        (is != aim).then(|| format!("answered, paid, booked, dispatched: {is:?}"))
    }

    /// The money that is there.
    pub(crate) fn kept(&self) -> u64 {
        self.done.lock().paid.values().sum()
    }

    /// What so many orders owe.
    pub(crate) fn owed(&self, orders: u64) -> u64 {
        (1..=orders).filter(|order| Fate::of(*order) == Fate::Shipped).map(cents).sum()
    }

    /// Does something, between two points at which the saga may be cut off.
    async fn act(&self, points: [&'static str; 2], act: impl FnOnce(&mut Done)) {
        if self.crashes.pass(points[0]).await {
            act(&mut self.done.lock());
            self.crashes.pass(points[1]).await;
        }
    }
}

/// Stands in for a service of the world.
#[derive(Debug)]
pub(super) struct Of(pub(super) Arc<World>);

impl Bank for Of {
    async fn pay(&self, order: u64, cents: u64) -> Result<u64, Refusal> {
        let pay = |done: &mut Done| {
            done.paid.insert(order, cents);
        };
        self.0.act(["to pay", "paid"], pay).await;
        Ok(cents)
    }

    async fn refund(&self, order: u64) -> Result<(), Refusal> {
        let refund = |done: &mut Done| {
            done.paid.remove(&order);
        };
        self.0.act(["to refund", "refunded"], refund).await;
        Ok(())
    }
}

impl Ferry for Of {
    async fn book(&self, order: u64) -> Result<u64, Refusal> {
        let book = |done: &mut Done| {
            done.booked.insert(order);
        };
        self.0.act(["to book", "booked"], book).await;
        if Fate::of(order) == Fate::NotBooked { Err(Refusal::No) } else { Ok(order) }
    }

    async fn cancel(&self, order: u64) -> Result<(), Refusal> {
        let cancel = |done: &mut Done| {
            done.booked.remove(&order);
        };
        self.0.act(["to cancel", "cancelled"], cancel).await;
        Ok(())
    }

    async fn dispatch(&self, order: u64) -> Result<(), Refusal> {
        let taken = Fate::of(order) == Fate::Shipped;
        let dispatch = |done: &mut Done| {
            if taken {
                done.dispatched.insert(order);
            }
        };
        self.0.act(["to dispatch", "dispatched"], dispatch).await;
        if taken { Ok(()) } else { Err(Refusal::No) }
    }
}
