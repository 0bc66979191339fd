//! What a call between units takes, both ends together: callgrind counts this same binary as a whole,
//! with few calls and with many, and the difference is theirs.

use std::process::Command;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;

use crate::measure::{Ask, runtime};
use crate::messages::{basket, is_price_of};
use crate::ours::{Shared, both_ends, ready};

/// As many endpoints has the service.
const INSTANCES: u16 = 3;
/// So many calls are in flight at once.
const IN_FLIGHT: u64 = 64;
/// Each of them is made so often, with few calls and with many.
const ROUNDS: [u64; 2] = [50, 200];

/// How many instructions a call takes.
pub(super) fn instructions() -> anyhow::Result<u64> {
    let [few, many] = ROUNDS.map(total);
    Ok((many? - few?) / ((ROUNDS[1] - ROUNDS[0]) * IN_FLIGHT))
}

/// How many instructions the process takes with so many rounds of calls.
fn total(rounds: u64) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--fair-sched=yes"])
        .arg(format!("--callgrind-out-file={}", folder.path().join("counts").display()))
        .arg(std::env::current_exe().context("finding the bench's own binary")?)
        .args(["count-remote", &rounds.to_string()])
        .output()
        .context("starting valgrind, which counts the instructions: `apt-get install valgrind`")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "counting remote calls failed:\n{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let collected = collected.and_then(|(_, count)| count.trim().parse().ok());
    collected.with_context(|| format!("valgrind counted nothing:\n{told}"))
}

/// The child's side: makes the calls, on the caller's thread.
pub(crate) fn run(rounds: u64) -> anyhow::Result<()> {
    runtime(1)?.block_on(async {
        let folder = tempfile::tempdir()?;
        let listen = format!("unix:{}", folder.path().join("server.sock").display());
        let units = both_ends(&listen, INSTANCES).await?;
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
