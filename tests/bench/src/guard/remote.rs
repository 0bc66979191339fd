//! What a call between units takes, both ends together: callgrind counts this same binary as a whole,
//! with few calls and with many, and the difference is theirs.

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::callgrind;
use crate::measure::{Ask, runtime};
use crate::messages::{basket, is_price_of};
use crate::ours::{Shared, both_ends, ready};

/// So many calls are in flight at once.
const IN_FLIGHT: u64 = 64;
/// Each of them is made so often, with few calls and with many.
const ROUNDS: [u64; 2] = [50, 200];

/// How many instructions a call takes to a service with so many endpoints.
pub(super) fn instructions(endpoints: u16) -> anyhow::Result<u64> {
    let [few, many] = ROUNDS.map(|rounds| total(Job { endpoints, rounds }));
    Ok((many? - few?) / ((ROUNDS[1] - ROUNDS[0]) * IN_FLIGHT))
}

/// What the child does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    endpoints: u16,
    rounds: u64,
}

/// How many instructions the process takes for all that.
fn total(job: Job) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("counts");
    let child = ["count-remote", &serde_json::to_string(&job)?];
    // Its threads in turn, as they would run on cores of their own.
    callgrind::collected(&callgrind::run(child, &file, &["--fair-sched=yes"])?)
}

/// The child's side: makes the calls, on the caller's thread.
pub(crate) fn run(Job { endpoints, rounds }: Job) -> anyhow::Result<()> {
    runtime(1)?.block_on(async {
        let folder = tempfile::tempdir()?;
        let listen = format!("unix:{}", folder.path().join("server.sock").display());
        let units = both_ends(&listen, endpoints).await?;
        let caller = units.last().context("the caller is the last one")?;
        ready(&caller.unit).await?;
        let target = Shared(caller.client()?);
        let calls = (0..IN_FLIGHT).map(|n| {
            let target = target.clone();
            async move {
                for n in n * rounds..(n + 1) * rounds {
                    let priced = target.price(basket(n)).await?;
                    ensure!(is_price_of(n, &priced), "a wrong answer to call {n}");
                }
                Ok(())
            }
        });
        let calls = calls.map(|calls| async { caller.unit.spawn(calls).await? });
        try_join_all(calls).await.map(drop)
    })
}
