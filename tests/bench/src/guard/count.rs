//! Counting, by callgrind: it runs this same binary, and counts what the polls of one task execute.

use std::fs;
use std::future::Future;
use std::hint::black_box;
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use anyhow::{Context as _, ensure};

use super::callgrind;
use super::cell::Cell;
use crate::measure::{Ask, runtime};
use crate::messages::{basket, is_price_of};
use crate::ours::{Exclusive, Shared, all_in_one, bare};

/// Calls that aren't counted: the first ones start clocks, counters and the memory's own caches.
const WARM_UP: u64 = 1_000;
/// Calls that are counted.
pub(crate) const CALLS: u64 = 10_000;

/// How many instructions one call of this cell takes.
pub(super) fn instructions(cell: Cell) -> anyhow::Result<u64> {
    let told = counted_by_callgrind(cell, &tempfile::tempdir()?.path().join("counts"), &[])?;
    let collected = callgrind::collected(&told)?;
    ensure!(collected >= CALLS, "the calls weren't seen: is the binary stripped?");
    Ok(collected / CALLS)
}

/// How often each instruction of [`CALLS`] calls of this cell ran, as callgrind writes it.
pub(crate) fn profile(cell: Cell) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("counts");
    let in_full =
        ["--dump-instr=yes", "--dump-line=no", "--compress-strings=no", "--compress-pos=no"];
    counted_by_callgrind(cell, &file, &in_full)?;
    fs::read_to_string(&file).context("reading what callgrind wrote")
}

/// Has callgrind count what the polls of a cell's calls execute, into `file`; returns what it said.
fn counted_by_callgrind(cell: Cell, file: &Path, options: &[&str]) -> anyhow::Result<String> {
    // Only within the function `counted`, and what that calls on its thread.
    let within = ["--toggle-collect=*guard::count::counted*"];
    let options = [&within, options].concat();
    callgrind::run(["count-calls", &serde_json::to_string(&cell)?], file, &options)
}

/// The child's side: makes the calls, on the unit's thread.
pub(crate) fn run(cell: Cell) -> anyhow::Result<()> {
    runtime(1)?.block_on(async {
        let ours = match cell {
            Cell::Shared | Cell::Exclusive => all_in_one(1, "").await?,
            Cell::Off => bare(1).await?,
            Cell::Encoded => all_in_one(1, "[calls]\nresolution = \"encoded\"\n").await?,
        };
        let calls = match cell {
            Cell::Exclusive => ours.unit.spawn(calls(Exclusive(ours.client()?))),
            Cell::Shared | Cell::Off | Cell::Encoded => {
                ours.unit.spawn(calls(Shared(ours.client()?)))
            }
        };
        calls.await?
    })
}

async fn calls(target: impl Ask) -> anyhow::Result<()> {
    make(&target, WARM_UP).await?;
    let mut calls = pin!(make(&target, CALLS));
    std::future::poll_fn(|context| counted(calls.as_mut(), context)).await
}

async fn make(target: &impl Ask, calls: u64) -> anyhow::Result<()> {
    for n in 0..calls {
        let priced = target.price(basket(n)).await.map_err(Into::into)?;
        ensure!(is_price_of(n, &priced), "a wrong answer to call {n}");
    }
    Ok(())
}

/// Where callgrind begins and ends to count: never inlined, nor left by a jump.
#[inline(never)]
fn counted<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    black_box(future.poll(context))
}
