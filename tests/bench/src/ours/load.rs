//! A service whose work is to call the other one: in an app, calls are made by services, on their
//! homes, and not by a thread of somebody else's.

use std::sync::OnceLock;

use seam::prelude::*;
use tokio::runtime::Handle;

use super::prices::PricesClient;

/// Nothing is asked of the load.
#[seam::contract(name = "load", version = "1.0")]
pub(crate) trait Load {
    async fn nothing(&self);
}

/// Hands out its client and its home, once it has started.
#[derive(Debug)]
pub(crate) struct LoadService;

/// Of the only load of a process.
pub(super) static LOAD: OnceLock<(PricesClient, Handle)> = OnceLock::new();

impl Actor for LoadService {
    type Contract = LoadContract;
    type Config = ();
    type Needs = (PricesClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let load = (setup.client()?, Handle::current());
        LOAD.set(load).map_err(|_| StartError::failed("a process has one load"))?;
        Ok(Self)
    }
}

impl Load for LoadService {
    async fn nothing(&self) {}
}
