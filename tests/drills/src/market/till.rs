//! Charges orders, as commands ask for it, and says so.

use seam::StoreFailure;
use seam::prelude::*;

use super::orders::{cents, key_of};

/// An order was charged.
#[seam::event(topic = "till.charged", key = customer)]
pub(crate) struct Charged {
    pub(crate) customer: u64,
    pub(crate) order: u64,
    pub(crate) cents: u64,
}

/// Charges orders.
#[seam::contract(name = "till", version = "1.0", events(Charged))]
pub(crate) trait Till {
    /// Charges an order, once however often it is asked for.
    #[call(idempotent)]
    async fn charge(&self, order: u64, cents: u64) -> Result<(), TillError>;

    /// How many were charged, and how many of them with another sum than they cost.
    #[call(deadline = "30s")]
    async fn audit(&self) -> Result<Money, TillError>;
}

/// What the till has.
#[seam::message]
#[derive(Copy, Default)]
pub(crate) struct Money {
    pub(crate) charged: u64,
    pub(crate) wrong: u64,
    pub(crate) cents: u64,
}

#[seam::error]
pub(crate) enum TillError {
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(crate) struct TillService {
    sums: Table<u64, u64>,
    charged: Topic<Charged>,
}

impl Actor for TillService {
    type Contract = TillContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { sums: setup.table("sums")?, charged: setup.topic()? })
    }
}

impl Till for TillService {
    async fn charge(&self, order: u64, cents: u64) -> Result<(), TillError> {
        let (sums, charged) = (self.sums.clone(), self.charged.clone());
        let charge = self.sums.store().transaction(move |tx| {
            if tx.get(&sums, &order)?.is_some() {
                return Ok(());
            }
            tx.insert(&sums, &order, &cents)?;
            tx.publish(&charged, &Charged { customer: key_of(order), order, cents })
        });
        Ok(charge.await?)
    }

    async fn audit(&self) -> Result<Money, TillError> {
        let sums = self.sums.scan(Keys::all()).await?;
        let mut money = Money::default();
        for (order, sum) in sums {
            money.charged += 1;
            money.wrong += u64::from(sum != cents(order));
            money.cents += sum;
        }
        Ok(money)
    }
}
