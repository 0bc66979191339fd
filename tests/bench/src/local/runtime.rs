//! Where callers run: on tasks of their own, never in `block_on`'s root future, whose wake-ups
//! cost several hundred nanoseconds more.

use actix::System;

use super::job::Job;
use crate::measure::{Ask, Caller, Sample, runtime};

/// On a tokio runtime with the job's threads. `build` runs inside of it, and may spawn actors.
pub(crate) fn on_tokio<A: Ask + Clone>(
    job: &Job,
    build: impl AsyncFnOnce() -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    runtime(job.threads)?.block_on(async {
        let target = build().await?;
        job.call(target, |caller: Caller<A>| tokio::spawn(caller.run())).await
    })
}

/// On one actix arbiter, that of the actor too.
pub(crate) fn on_actix<A: Ask + Clone>(
    job: &Job,
    build: impl FnOnce() -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    System::new().block_on(async {
        let target = build()?;
        job.call(target, |caller: Caller<A>| actix::spawn(caller.run())).await
    })
}
