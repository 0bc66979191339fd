//! The service that the HTTP front is: its home serves the visitors, so that a request is answered
//! on the thread that its call leaves from, as at every other contender.

use std::sync::OnceLock;

use actix_rt::{self as rt, Arbiter, ArbiterHandle};
use anyhow::{Context, ensure};
use seam::prelude::*;

use super::contracts::FrontendApiClient;
use crate::boutique::front::{self, Pages};
use crate::boutique::messages::{
    AddItem, HomePage, Nothing, OrderPage, PlaceOrder, ProductPage, ProductVisit, Visitor,
};
use crate::measure::{Event, announce};

/// Nothing is asked of the door.
#[seam::contract(name = "door", version = "1.0")]
pub(crate) trait Door {
    async fn nothing(&self);
}

#[derive(Debug)]
pub(crate) struct DoorService;

/// The client and the home of the only door of a process.
static DOOR: OnceLock<(FrontendApiClient, ArbiterHandle)> = OnceLock::new();

impl Actor for DoorService {
    type Contract = DoorContract;
    type Config = ();
    type Needs = (FrontendApiClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let door = (setup.client()?, Arbiter::current());
        DOOR.set(door).map_err(|_| StartError::failed("a process has one door"))?;
        Ok(Self)
    }
}

impl Door for DoorService {
    async fn nothing(&self) {}
}

/// Serves HTTP on the door's home, once it has started and the frontend is there.
pub(crate) fn open() -> anyhow::Result<()> {
    let (frontend, home) = DOOR.get().context("the door hasn't started")?;
    let pages = Frontend(frontend.clone());
    let serving = move || {
        rt::spawn(async {
            if let Err(why) = front::serve(pages).await {
                announce(&Event::Failed(format!("{why:#}")));
            }
        });
    };
    ensure!(home.spawn_fn(serving), "the door's home has ended");
    Ok(())
}

/// The HTTP front's way to the frontend.
#[derive(Clone, Debug)]
struct Frontend(FrontendApiClient);

impl Pages for Frontend {
    async fn home(&self, q: Visitor) -> anyhow::Result<HomePage> {
        Ok(self.0.home(q).await?)
    }

    async fn product(&self, q: ProductVisit) -> anyhow::Result<ProductPage> {
        Ok(self.0.product(q).await?)
    }

    async fn add_to_cart(&self, q: AddItem) -> anyhow::Result<Nothing> {
        Ok(self.0.add_to_cart(q).await?)
    }

    async fn checkout(&self, q: PlaceOrder) -> anyhow::Result<OrderPage> {
        Ok(self.0.checkout(q).await?)
    }
}
