//! The HTTP front: a program around a unit without services, whose thread serves the visitors, so
//! that a request is answered on the thread that its call leaves from, as at every other contender.

use actix_rt::{self as rt, Arbiter};
use anyhow::ensure;
use seam::Running;
use tokio::sync::oneshot;

use super::contracts::FrontendApiClient;
use crate::boutique::front::{self, Pages};
use crate::boutique::messages::{
    AddItem, HomePage, Nothing, OrderPage, PlaceOrder, ProductPage, ProductVisit, Visitor,
};

/// Serves HTTP on the unit's thread, until that fails.
pub(crate) async fn open(unit: &Running) -> anyhow::Result<()> {
    let pages = Frontend(unit.client()?);
    let (fail, failed) = oneshot::channel();
    // The front can't leave its thread, so a task of the unit's has to start it there.
    let serving = async {
        Arbiter::current().spawn_fn(|| {
            rt::spawn(async {
                // Nobody is left to be told if the process ends.
                let _ = fail.send(front::serve(pages).await);
            });
        })
    };
    ensure!(unit.spawn(serving).await?, "the unit's thread has ended");
    failed.await?
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
