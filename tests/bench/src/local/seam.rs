//! Seam, through its public API: with its defaults, with a thread of the service's own, and with
//! every local call encoded and decoded.

use std::sync::Arc;

use super::job::{Job, Turn};
use super::runtime::on_tokio;
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced};
use crate::ours::{Exclusive, Ours, Shared, all_in_one};

/// As an app starts that says nothing about calls.
pub(crate) fn inline(job: &Job) -> anyhow::Result<Sample> {
    run(job, "")
}

/// Turns on the service's own thread.
pub(crate) fn arbiter(job: &Job) -> anyhow::Result<Sample> {
    run(job, "[services.prices]\nlane = \"arbiter\"\n")
}

/// The rehearsal of a split.
pub(crate) fn encoded(job: &Job) -> anyhow::Result<Sample> {
    run(job, "[calls]\nresolution = \"encoded\"\n")
}

fn run(job: &Job, config: &str) -> anyhow::Result<Sample> {
    match job.turn {
        Some(Turn::Exclusive) => on_tokio(job, async || {
            let ours = all_in_one(config).await?;
            Ok(Kept { target: Exclusive(ours.client()?), _ours: Arc::new(ours) })
        }),
        _ => on_tokio(job, async || {
            let ours = all_in_one(config).await?;
            Ok(Kept { target: Shared(ours.client()?), _ours: Arc::new(ours) })
        }),
    }
}

/// A client and the unit that must outlive its calls.
#[derive(Clone, Debug)]
struct Kept<A> {
    target: A,
    _ours: Arc<Ours>,
}

impl<A: Ask> Ask for Kept<A> {
    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        self.target.tiny(n).await
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        self.target.price(basket).await
    }
}
