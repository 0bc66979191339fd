//! Takes orders, says so, and has some of them charged.

use seam::StoreFailure;
use seam::prelude::*;

use super::orders::{cents, is_charged, key_of};
use super::till::TillClient;

/// An order was placed.
#[seam::event(topic = "desk.placed", key = customer)]
pub(crate) struct Placed {
    pub(crate) customer: u64,
    pub(crate) order: u64,
    pub(crate) cents: u64,
}

/// Takes orders.
#[seam::contract(name = "desk", version = "1.0", events(Placed))]
pub(crate) trait Desk {
    /// Places orders, each once however often it is asked for: a row and an event each, and a command
    /// for those that are charged, all in one transaction.
    #[call(idempotent)]
    async fn place(&self, orders: Vec<u64>) -> Result<(), DeskError>;

    /// How many there are.
    #[call(deadline = "30s")]
    async fn placed(&self) -> Result<u64, DeskError>;
}

#[seam::error]
pub(crate) enum DeskError {
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(crate) struct DeskService {
    orders: Table<u64, u64>,
    placed: Topic<Placed>,
    till: TillClient,
}

impl Actor for DeskService {
    type Contract = DeskContract;
    type Config = ();
    type Needs = (TillClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let (orders, placed) = (setup.table("orders")?, setup.topic()?);
        Ok(Self { orders, placed, till: setup.client()? })
    }
}

impl Desk for DeskService {
    async fn place(&self, orders: Vec<u64>) -> Result<(), DeskError> {
        let (rows, placed, till) = (self.orders.clone(), self.placed.clone(), self.till.clone());
        let place = self.orders.store().transaction(move |tx| {
            for order in orders {
                if tx.get(&rows, &order)?.is_some() {
                    continue;
                }
                let (customer, cents) = (key_of(order), cents(order));
                tx.insert(&rows, &order, &cents)?;
                tx.publish(&placed, &Placed { customer, order, cents })?;
                if is_charged(order) {
                    tx.send(till.charge(order, cents).enqueue(format!("order-{order}")))?;
                }
            }
            Ok::<_, DeskError>(())
        });
        Ok(place.await?)
    }

    async fn placed(&self) -> Result<u64, DeskError> {
        Ok(self.orders.count().await?)
    }
}
