//! A tenth of the events can't be handled: what that costs the others.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::time::sleep;

use super::median;
use crate::bar::Bar;
use crate::feed::{self, APART, SinkClient, SourceClient};

const EVENTS: f64 = 100_000.0;
/// One in so many is poison.
const POISON: u64 = 10;
/// So many are published at once.
const AT_ONCE: u64 = 500;
/// Each is measured so often, in turn with the other.
const ROUNDS: usize = 5;
/// How much longer the others may take.
const MOST: f64 = 1.1;
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let events = (EVENTS * scale).ceil() as u64;
    let (mut ratios, mut cpu) = (Vec::new(), Vec::new());
    let (mut clean, mut poisoned, mut dead) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Whoever is first has the disk at its best, or at its worst.
        let with_first = round % 2 == 1;
        let first = measure(events, with_first).await?;
        let second = measure(events, !with_first).await?;
        let (with, without) = if with_first { (first, second) } else { (second, first) };
        ratios.push(with.others / without.others);
        cpu.push(with.cpu / without.cpu);
        clean.push(without.others);
        poisoned.push(with.others);
        dead.push(with.dead);
    }
    let aim = events / POISON;
    let all_dead = dead.iter().all(|(dead, _)| *dead == aim);
    Ok(vec![
        Bar::told("events, and those of them that are poison", format!("{events}, {aim}")),
        Bar::told("without poison: the others are done after, s", seconds(&clean)),
        Bar::told("with it, s", seconds(&poisoned)),
        Bar::at_most("with ÷ without, the median of the rounds", MOST, median(&ratios)),
        Bar::told("… of CPU time until then", format!("{:.3}", median(&cpu))),
        Bar::holds("every poisoned one is a dead letter", all_dead, format!("{dead:.1?}")),
    ])
}

/// What a run came to.
struct Came {
    /// After how many seconds those were done that are never poison.
    others: f64,
    /// The CPU time that this process took until then, in seconds.
    cpu: f64,
    /// How many dead letters there are, and when the last one was, in seconds.
    dead: (u64, f64),
}

/// Publishes all, and then begins to hear them.
async fn measure(events: u64, poisoned: bool) -> anyhow::Result<Came> {
    let folder = tempfile::tempdir()?;
    let source = feed::start("source", feed::config(folder.path(), APART)).await?;
    let client: SourceClient = source.client()?;
    let poison = if poisoned { POISON } else { 0 };
    for first in (1..=events).step_by(AT_ONCE as usize) {
        client.tell(first, AT_ONCE.min(events + 1 - first), poison).await?;
    }
    let (began, cpu) = (Instant::now(), cpu_time());
    let sink = feed::start("sink", feed::config(folder.path(), APART)).await?;
    let client: SinkClient = sink.client()?;
    let (others, bad) = (events - events / POISON, events / POISON);
    let wanted = if poisoned { others } else { events };
    let mut took = None;
    let mut dead = 0;
    while took.is_none() || (poisoned && dead < bad) {
        ensure!(began.elapsed() < PATIENCE, "{dead} dead after {PATIENCE:?}");
        sleep(Duration::from_millis(if took.is_none() { 5 } else { 100 })).await;
        if took.is_none() && client.count().await? >= wanted {
            took = Some((began.elapsed().as_secs_f64(), cpu_time() - cpu));
        }
        if took.is_some() && poisoned {
            dead = client.dead().await?;
        }
    }
    let done = began.elapsed().as_secs_f64();
    sink.stop().await;
    source.stop().await;
    let (others, cpu) = took.unwrap_or((done, cpu_time() - cpu));
    Ok(Came { others, cpu, dead: (dead, done) })
}

/// What this process has taken of the processors, in seconds.
fn cpu_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn seconds(all: &[f64]) -> String {
    let all: Vec<_> = all.iter().map(|one| format!("{one:.2}")).collect();
    all.join(", ")
}
