//! A service that keeps its callers waiting, for what they share a connection with.

use std::time::Duration;

use seam::prelude::*;

use crate::messages::answer_tiny;

/// Answers late.
#[seam::contract(name = "naps", version = "1.0")]
pub(crate) trait Naps {
    async fn nap(&self, ms: u64) -> u64;
}

/// A service without state.
#[derive(Debug)]
pub(crate) struct NapsService;

impl Actor for NapsService {
    type Contract = NapsContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Naps for NapsService {
    async fn nap(&self, ms: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        answer_tiny(ms)
    }
}
