//! A log of a million events: how soon its publisher is back after it was killed.

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use seam_bus::subscription::Kept;
use seam_store::Store;
use seam_tests::http::get;
use seam_tests::process::Process;
use tokio::time::sleep;

use super::{median, times};
use crate::bar::Bar;
use crate::feed::{self, APART, SinkClient, SourceClient};
use crate::place::{App, role};
use crate::ports::{loopback, row};

const EVENTS: f64 = 1_000_000.0;
const AT_ONCE: u64 = 1_000;
/// What it may take until its unit is ready, in seconds.
const MOST: f64 = 1.5;
/// No number that is published otherwise.
const LAST: u64 = u64::MAX / 2;
const PATIENCE: Duration = Duration::from_secs(60);
/// So often it is looked.
const LOOK: Duration = Duration::from_millis(5);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let events = (EVENTS * scale).ceil() as u64;
    let folder = tempfile::tempdir()?;
    let (data, file) = (folder.path().join("data"), folder.path().join("app.toml"));
    let edge = loopback(row(1)?);
    let text = feed::config(&data, APART);
    let served = format!("[units.source]\nhttp = \"{edge}\"");
    std::fs::write(&file, text.replace("[units.source]", &served))?;

    let mut unit = start(&file)?;
    let caller = feed::app().config_text(text.clone()).unit("caller").start().await;
    let caller = caller.context("starting the caller")?;
    let source: SourceClient = caller.client()?;
    let begun = Instant::now();
    for first in (1..=events).step_by(AT_ONCE as usize) {
        soon("publishing", async || source.hint(first, AT_ONCE).await.is_ok()).await?;
    }
    let published = begun.elapsed();

    // Who subscribes has heard of all of them, and waits for what comes next.
    heard_of(&data.join("services/sink"), events).await?;
    let sink = feed::start("sink", text).await?;
    let heard: SinkClient = sink.client()?;
    source.tell(LAST, 1, 0).await?;
    soon("everything is in the log", async || heard.has(LAST).await.is_ok_and(|has| has)).await?;
    let moved = begun.elapsed();
    let (mut ready, mut answered, mut handed) = (Vec::new(), Vec::new(), Vec::new());
    let kills = times(10, scale);
    for number in 1..=u64::from(kills) {
        // It publishes when it is killed, and has something to move when it is back.
        let busy = tokio::spawn(publish(source.clone(), (number * 2) << 32));
        sleep(Duration::from_millis(300)).await;
        unit.kill().await?;
        let killed = Instant::now();
        unit = start(&file)?;
        soon("the unit is ready", async || is_ready(edge).await).await?;
        ready.push(killed.elapsed().as_secs_f64());
        busy.await?;
        let last = (number * 2 + 1) << 32;
        soon("it publishes", async || source.tell(last, 1, 0).await.is_ok()).await?;
        answered.push(killed.elapsed().as_secs_f64());
        soon("what it publishes is heard of", async || heard.has(last).await.is_ok_and(|has| has))
            .await?;
        handed.push(killed.elapsed().as_secs_f64());
    }
    unit.stop().await?;
    sink.stop().await;
    caller.stop().await;
    let longest = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    Ok(vec![
        Bar::told("events in the log", events),
        Bar::told("published in, s", format!("{:.1}", published.as_secs_f64())),
        Bar::told("… and in the log after, s", format!("{:.1}", moved.as_secs_f64())),
        Bar::told("ready after a kill, s, the median", format!("{:.3}", median(&ready))),
        Bar::at_most(format!("… the longest of {kills}"), MOST, longest(&ready)),
        Bar::told("an event is acknowledged after, s, the longest", seconds(longest(&answered))),
        Bar::told("… and handed over after, s, the longest", seconds(longest(&handed))),
    ])
}

fn start(file: &Path) -> anyhow::Result<Process> {
    let (log, file) = (file.with_extension("log"), file.display().to_string());
    let arguments = ["--config", &file, "run", "--unit", "source"];
    Ok(Process::start(&env::current_exe()?, arguments, &[role(App::Feed)], &log)?)
}

/// A subscriber's store in which everything up to there is settled.
async fn heard_of(store: &Path, events: u64) -> anyhow::Result<()> {
    let store = Store::open_async(store).await?;
    let kept = Kept::open(&store, "source")?;
    store.transaction(move |tx| kept.note(tx, events)).await?;
    Ok(store.close().await?)
}

/// Publishes one after the other until that fails.
async fn publish(source: SourceClient, first: u64) {
    let mut number = first;
    while source.tell(number, 1, 0).await.is_ok() {
        number += 1;
    }
}

async fn is_ready(edge: SocketAddr) -> bool {
    get("/readyz").send(edge).await.is_ok_and(|answer| answer.status == 200)
}

async fn soon(what: &str, holds: impl AsyncFn() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !holds().await {
        if began.elapsed() > PATIENCE {
            bail!("not within {PATIENCE:?}: {what}");
        }
        sleep(LOOK).await;
    }
    Ok(())
}

fn seconds(time: f64) -> String {
    format!("{time:.3}")
}
