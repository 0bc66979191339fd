//! Confirms what is placed, and ships what is charged. Neither looks whether it has done so before:
//! that each event has one effect is the bus's part.

use seam::StoreFailure;
use seam::prelude::*;

use super::desk::Placed;
use super::orders::before;
use super::till::Charged;

/// Confirms orders, and ships them.
#[seam::contract(name = "post", version = "1.0")]
pub(crate) trait Post {
    #[call(on)]
    async fn placed(&self, event: Placed) -> Result<(), PostError>;

    #[call(on)]
    async fn charged(&self, event: Charged) -> Result<(), PostError>;

    /// What was done until now.
    #[call(deadline = "30s")]
    async fn audit(&self) -> Result<Deeds, PostError>;
}

/// What the post has done.
#[seam::message]
#[derive(Copy, Default)]
pub(crate) struct Deeds {
    /// Orders that were confirmed, and shipped.
    pub(crate) mails: u64,
    pub(crate) shipments: u64,
    /// Of these, those to which that happened more than once.
    pub(crate) doubled: u64,
    /// Those whose customer's former order hadn't been confirmed before.
    pub(crate) out_of_order: u64,
}

#[seam::error]
pub(crate) enum PostError {
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(crate) struct PostService {
    /// By order: how often.
    mails: Table<u64, u64>,
    shipments: Table<u64, u64>,
    /// By customer: the last order that was confirmed.
    last: Table<u64, u64>,
    out_of_order: Table<u64, u64>,
}

impl Actor for PostService {
    type Contract = PostContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let (mails, shipments) = (setup.table("mails")?, setup.table("shipments")?);
        let (last, out_of_order) = (setup.table("last")?, setup.table("out_of_order")?);
        Ok(Self { mails, shipments, last, out_of_order })
    }
}

impl Post for PostService {
    async fn placed(&self, event: Placed) -> Result<(), PostError> {
        let Placed { customer, order, .. } = event;
        let (mails, last) = (self.mails.clone(), self.last.clone());
        let out_of_order = self.out_of_order.clone();
        let confirm = self.mails.store().transaction(move |tx| {
            let times = tx.get(&mails, &order)?.unwrap_or_default() + 1;
            tx.insert(&mails, &order, &times)?;
            let former = tx.get(&last, &customer)?.unwrap_or_default();
            if former != before(order) {
                tx.insert(&out_of_order, &order, &former)?;
            }
            tx.insert(&last, &customer, &order)
        });
        Ok(confirm.await?)
    }

    async fn charged(&self, event: Charged) -> Result<(), PostError> {
        let shipments = self.shipments.clone();
        let ship = self.shipments.store().transaction(move |tx| {
            let times = tx.get(&shipments, &event.order)?.unwrap_or_default() + 1;
            tx.insert(&shipments, &event.order, &times)
        });
        Ok(ship.await?)
    }

    async fn audit(&self) -> Result<Deeds, PostError> {
        let mails = self.mails.scan(Keys::all()).await?;
        let shipments = self.shipments.scan(Keys::all()).await?;
        let doubled = mails.iter().chain(&shipments).filter(|(_, times)| *times != 1).count();
        let out_of_order = self.out_of_order.count().await?;
        let (mails, shipments) = (mails.len() as u64, shipments.len() as u64);
        Ok(Deeds { mails, shipments, doubled: doubled as u64, out_of_order })
    }
}
