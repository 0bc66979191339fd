//! A service as users write them: a table, and an event of what is written there.

use seam::StoreFailure;
use seam::prelude::*;
use seam_bus::Outbox;

/// An order was placed.
#[seam::event(topic = "desk.placed", key = order)]
pub(crate) struct Placed {
    pub(crate) order: u64,
    pub(crate) customer: u64,
    pub(crate) total_cents: u64,
}

/// An order, as it is kept.
#[seam::message]
pub(crate) struct Order {
    pub(crate) customer: u64,
    pub(crate) total_cents: u64,
}

#[seam::contract(name = "desk", version = "1.0", events(Placed))]
pub(crate) trait Desk {
    /// Writes an order down; with an event of it, or without.
    async fn place(&self, order: u64, publish: bool) -> Result<(), DeskError>;

    /// How many events aren't in the log yet.
    async fn waiting(&self) -> Result<u64, DeskError>;
}

#[seam::error]
pub(crate) enum DeskError {
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(crate) struct DeskService {
    orders: Table<u64, Order>,
    placed: Topic<Placed>,
}

impl Actor for DeskService {
    type Contract = DeskContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { orders: setup.table("orders")?, placed: setup.topic()? })
    }
}

impl Desk for DeskService {
    async fn place(&self, order: u64, publish: bool) -> Result<(), DeskError> {
        let (orders, placed) = (self.orders.clone(), self.placed.clone());
        let place = self.orders.store().transaction(move |tx| {
            let (customer, total_cents) = (order % 1_000, order % 10_000);
            tx.insert(&orders, &order, &Order { customer, total_cents })?;
            if publish {
                tx.publish(&placed, &Placed { order, customer, total_cents })?;
            }
            Ok::<_, DeskError>(())
        });
        Ok(place.await?)
    }

    async fn waiting(&self) -> Result<u64, DeskError> {
        let outbox = Outbox::open(self.orders.store())?;
        let first = outbox.first(1).await?;
        let Some((first, _)) = first.events.first() else { return Ok(0) };
        Ok(outbox.head().await?.saturating_sub(first - 1))
    }
}
