//! Seam, through its public API: with its defaults, with a thread of the service's own, and with
//! every local call encoded and decoded.

use std::sync::Arc;

use super::job::{Job, Turn};
use super::runtime::{on_tokio, on_unit};
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced};
use crate::ours::{Exclusive, Ours, Shared, all_in_one, bare};

/// As an app starts that says nothing about calls.
pub(crate) fn inline(job: &Job) -> anyhow::Result<Sample> {
    run(job, "")
}

/// With every policy off: what is left is the turn.
pub(crate) fn off(job: &Job) -> anyhow::Result<Sample> {
    start(job, async || bare(job.threads).await)
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
    start(job, async || all_in_one(job.threads, config).await)
}

fn start(job: &Job, start: impl AsyncFnOnce() -> anyhow::Result<Ours>) -> anyhow::Result<Sample> {
    match job.turn {
        Some(Turn::Exclusive) => drive(job, start, |ours| Ok(Exclusive(ours.client()?))),
        _ => drive(job, start, |ours| Ok(Shared(ours.client()?))),
    }
}

/// On one thread, callers are on the unit's own, as everybody's are on that of the actor; on several
/// they are on a runtime of the program's.
fn drive<A: Ask + Clone>(
    job: &Job,
    start: impl AsyncFnOnce() -> anyhow::Result<Ours>,
    target: impl FnOnce(&Ours) -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    if job.threads == 1 {
        return on_unit(job, start, target);
    }
    on_tokio(job, async || {
        let ours = start().await?;
        Ok(Kept { target: target(&ours)?, _ours: Arc::new(ours) })
    })
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
