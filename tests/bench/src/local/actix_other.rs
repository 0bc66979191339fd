//! One actix actor on an arbiter of its own, its callers elsewhere.

use std::sync::Arc;

use actix::{Actor, Arbiter, System};
use anyhow::Context;

use super::actix_same::{Handle, Prices};
use super::job::{Job, caller, measure};
use crate::measure::Sample;

/// Callers are spread over as many arbiters as the job has threads: actix's own way to use several
/// cores, and cheaper than a work-stealing runtime.
#[expect(clippy::disallowed_methods, reason = "the peer as its own users start it")]
pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    measure(job, |window| {
        System::new().block_on(async {
            let home = Arbiter::new();
            let actor = Handle(Prices::start_in_arbiter(&home.handle(), |_| Prices));
            let arbiters: Vec<_> = (0..job.threads).map(|_| Arbiter::new()).collect();
            let mut ends = Vec::new();
            for n in 0..job.callers {
                let (end, ended) = tokio::sync::oneshot::channel();
                let work = caller(actor.clone(), job.clone(), n, Arc::clone(window));
                arbiters[n % arbiters.len()].spawn(async move {
                    work.await;
                    let _ = end.send(());
                });
                ends.push(ended);
            }
            for ended in ends {
                ended.await.context("a caller's arbiter died")?;
            }
            Ok(())
        })
    })
}
