//! Calls within one process: over cores, and over actors.

use std::iter::repeat_n;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::blobs::Echo;
use super::unit::{UnitJob, name};
use crate::measure::{Ask, Caller, Load, Sample, Timing, call_from_tasks, pin, runtime};
use crate::messages::{Basket, Message, Priced, answer_price, answer_tiny};
use crate::ours::{Exclusive, PricesClient, Shared};

/// One measurement within a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InsideJob {
    pub(super) unit: UnitJob,
    /// The cores that the process may use; as many threads drive callers.
    pub(super) cores: Vec<usize>,
    pub(super) callers: usize,
    pub(super) calls: Calls,
    pub(super) timing: Timing,
}

/// What the callers do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Calls {
    /// `price` of an async function behind an `Arc`, without any runtime: what the machine can do.
    Plain,
    /// `price` of the actors, one after the other.
    Shared,
    Exclusive,
    /// Echoes of so many bytes, as bytes or as text.
    Echo {
        size: usize,
        text: bool,
    },
}

/// One call in so many is timed, a prime so that nothing periodic is hit.
const TIMED: u64 = 61;

/// The measuring child's side.
pub(super) fn run(job: &InsideJob) -> anyhow::Result<Sample> {
    pin(&job.cores)?;
    runtime(job.cores.len())?.block_on(async {
        if let Calls::Plain = job.calls {
            return measure(job, Message::Price, TIMED, Arc::new(Plain)).await;
        }
        let ours = job.unit.start().await?;
        let clients = |count: usize| -> anyhow::Result<Vec<PricesClient>> {
            (0..count).map(|n| Ok(ours.unit.client_of(&name(n))?)).collect()
        };
        match job.calls {
            Calls::Plain | Calls::Shared => {
                let actors = clients(job.unit.actors)?.into_iter().map(Shared).collect();
                measure(job, Message::Price, TIMED, Actors(actors)).await
            }
            Calls::Exclusive => {
                let actors = clients(job.unit.actors)?.into_iter().map(Exclusive).collect();
                measure(job, Message::Price, TIMED, Actors(actors)).await
            }
            Calls::Echo { size, text } => {
                let echo = Echo::new(ours.unit.client()?, text, size);
                measure(job, Message::Tiny, 1, echo).await
            }
        }
    })
}

/// Callers on tasks of their own.
async fn measure<A: Ask + Clone>(
    job: &InsideJob,
    message: Message,
    timed: u64,
    target: A,
) -> anyhow::Result<Sample> {
    let load = Load { message, timed, nap_ms: None, timing: job.timing };
    let targets = repeat_n(target, job.callers);
    call_from_tasks(load, targets, |caller: Caller<A>| tokio::spawn(caller.run()), |_| {}).await
}

/// Several clients: a caller's calls go to one after the other.
#[derive(Clone, Debug)]
pub(super) struct Actors<A>(pub(super) Vec<A>);

impl<A> Actors<A> {
    fn of(&self, n: u64) -> &A {
        // A caller's calls are numbered from its own number in the upper half on.
        let turn = (n >> 32).wrapping_add(n & u64::from(u32::MAX));
        &self.0[(turn % self.0.len() as u64) as usize]
    }
}

impl<A: Ask> Ask for Actors<A> {
    type Error = A::Error;

    fn tiny(&self, n: u64) -> impl Future<Output = Result<u64, A::Error>> + Send {
        self.of(n).tiny(n)
    }

    fn price(&self, basket: Basket) -> impl Future<Output = Result<Priced, A::Error>> + Send {
        self.of(basket.id).price(basket)
    }
}

/// What an actor's handler does, as a method.
#[derive(Debug)]
struct Plain;

impl Ask for Arc<Plain> {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(answer_tiny(n))
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(answer_price(&basket))
    }
}
