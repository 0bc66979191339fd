//! One actix actor on an arbiter of its own, its callers elsewhere.

use actix::{Actor, Arbiter, System};
use tokio::sync::oneshot;

use super::actix_same::{Handle, Prices};
use super::job::Job;
use crate::measure::{Caller, Sample};

/// Callers are spread over as many arbiters as the job has threads: actix's own way to use several
/// cores, and cheaper than a work-stealing runtime.
#[expect(clippy::disallowed_methods, reason = "the peer as its own users start it")]
pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    System::new().block_on(async {
        let home = Arbiter::new();
        let actor = Handle(Prices::start_in_arbiter(&home.handle(), |_| Prices));
        let arbiters: Vec<_> = (0..job.threads).map(|_| Arbiter::new()).collect();
        let mut arbiters = arbiters.iter().cycle();
        job.call(actor, |caller: Caller<Handle<Prices>>| {
            let (end, ended) = oneshot::channel();
            let work = async move {
                caller.run().await;
                let _ = end.send(());
            };
            // An arbiter that doesn't take it drops `end`, which `ended` tells.
            arbiters.next().map(|arbiter| arbiter.spawn(work));
            ended
        })
        .await
    })
}
