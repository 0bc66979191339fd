//! Seam, through its public API: with its defaults, with a thread of the service's own, and with
//! every local call encoded and decoded.

use super::job::{Job, Turn};
use crate::measure::{Ask, Caller, Sample, runtime};
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
    runtime(job.threads)?.block_on(async {
        let ours = start().await?;
        match job.turn {
            Some(Turn::Exclusive) => call(job, &ours, Exclusive(ours.client()?)).await,
            _ => call(job, &ours, Shared(ours.client()?)).await,
        }
    })
}

/// On one thread, callers are on the unit's own, as everybody's are on that of the actor; on several
/// they are on a runtime of the program's.
async fn call<A: Ask + Clone>(job: &Job, ours: &Ours, target: A) -> anyhow::Result<Sample> {
    match job.threads {
        1 => job.call(target, |caller: Caller<A>| ours.unit.spawn(caller.run())).await,
        _ => job.call(target, |caller: Caller<A>| tokio::spawn(caller.run())).await,
    }
}
