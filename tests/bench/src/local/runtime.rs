//! Where callers run: on tasks of their own, never in `block_on`'s root future, whose wake-ups
//! cost several hundred nanoseconds more.

use std::sync::Arc;

use actix::System;
use tokio::runtime::Builder;

use super::job::{Job, caller, measure};
use crate::measure::{Ask, Sample};
use crate::ours::Ours;

/// On a tokio runtime: current-thread for one thread, else work stealing on so many workers.
/// `build` runs inside of it, and may spawn actors.
pub(crate) fn on_tokio<A: Ask + Clone>(
    job: &Job,
    build: impl AsyncFnOnce() -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    let runtime = match job.threads {
        1 => Builder::new_current_thread().enable_all().build()?,
        n => Builder::new_multi_thread().worker_threads(n).enable_all().build()?,
    };
    measure(job, |window| {
        runtime.block_on(async {
            let target = build().await?;
            let callers: Vec<_> = (0..job.callers)
                .map(|n| tokio::spawn(caller(target.clone(), job.clone(), n, Arc::clone(window))))
                .collect();
            for task in callers {
                task.await?;
            }
            Ok(())
        })
    })
}

/// On the only thread of a unit of seam.
pub(crate) fn on_unit<A: Ask + Clone>(
    job: &Job,
    start: impl AsyncFnOnce() -> anyhow::Result<Ours>,
    target: impl FnOnce(&Ours) -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    measure(job, |window| {
        runtime.block_on(async {
            let ours = start().await?;
            let target = target(&ours)?;
            let callers: Vec<_> = (0..job.callers)
                .map(|n| caller(target.clone(), job.clone(), n, Arc::clone(window)))
                .map(|caller| ours.unit.spawn(caller))
                .collect();
            for task in callers {
                task.await?;
            }
            Ok(())
        })
    })
}

/// On one actix arbiter, that of the actor too.
pub(crate) fn on_actix<A: Ask + Clone>(
    job: &Job,
    build: impl FnOnce() -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    measure(job, |window| {
        System::new().block_on(async {
            let target = build()?;
            let callers: Vec<_> = (0..job.callers)
                .map(|n| actix::spawn(caller(target.clone(), job.clone(), n, Arc::clone(window))))
                .collect();
            for task in callers {
                task.await?;
            }
            Ok(())
        })
    })
}
