//! The power fails, again and again, while a unit publishes and hears what it publishes.
//!
//! The unit's data is on a file system of its own. What its device has got by the moment of a cut is
//! copied, mounted, and the unit begins there anew.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;
use seam_tests::process::{Process, signal};
use tokio::time::sleep;

use super::{times, wait};
use crate::bar::Bar;
use crate::disk::Disk;
use crate::feed::{self, Heard, SinkClient, SourceClient, TOGETHER, Tellers};
use crate::place::{App, role};

const CUTS: u32 = 100;
/// After so many a disk is begun anew, for it doesn't shrink.
const PER_DISK: u32 = 20;
/// In MiB: a database that is opened after a cut is copied first.
const SIZE: u64 = 256;
const TELLERS: usize = 16;
/// What is there has so long to be heard of.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was wrong after a cut.
#[derive(Debug, Default)]
struct Found {
    unopened: Vec<String>,
    lost: Vec<u64>,
    unheard: Vec<u64>,
    unsaid: Vec<u64>,
    doubled: Vec<u64>,
    acknowledged: usize,
}

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let cuts = times(CUTS, scale);
    let mut found = Found::default();
    let mut made = 0;
    while made < cuts {
        let more = PER_DISK.min(cuts - made);
        cut_often(more, &mut found).await?;
        made += more;
    }
    Ok(vec![
        Bar::told("power cuts", made),
        Bar::told("events acknowledged before them, in all", found.acknowledged),
        Bar::none("cuts after which the unit didn't begin", &found.unopened),
        Bar::none("acknowledged and gone", &found.lost),
        Bar::none("written down and never heard of", &found.unheard),
        Bar::none("heard of and not written down", &found.unsaid),
        Bar::none("heard of twice", &found.doubled),
    ])
}

/// On one disk.
async fn cut_often(cuts: u32, found: &mut Found) -> anyhow::Result<()> {
    let disk = Disk::new(SIZE)?;
    let folder = tempfile::tempdir()?;
    let listen = format!("[units.both]\nlisten = \"unix:{}/both\"", folder.path().display());
    let units = TOGETHER.replace("[units.both]", &listen);
    let file = folder.path().join("app.toml");
    std::fs::write(&file, feed::config(&disk.at().join("data"), &units))?;
    let mut unit = start(&file)?;
    let caller = feed::start("caller", feed::config(&folder.path().join("data"), &units)).await?;
    let source: SourceClient = caller.client()?;
    let tellers = Tellers::begin(&source, TELLERS);
    for _ in 0..cuts {
        wait(0.1 + fastrand::f64() * 0.5).await;
        let id = unit.id().context("the unit has ended")?;
        signal(id, Signal::STOP)?;
        // What was acknowledged is told by then.
        wait(0.02).await;
        let told = tellers.told().acknowledged;
        let cut = disk.cut();
        tellers.pause(true);
        signal(id, Signal::CONT)?;
        let cut = cut?;
        cut.mount()?;
        found.acknowledged += told.len();
        if let Err(why) = look(&cut.at().join("data"), &told, found).await {
            found.unopened.push(format!("{why:#}"));
        }
        tellers.pause(false);
    }
    drop(tellers);
    caller.stop().await;
    unit.stop().await?;
    Ok(())
}

/// Begins anew where the power was cut, and holds what is there against what was acknowledged.
async fn look(data: &Path, acknowledged: &BTreeSet<u64>, found: &mut Found) -> anyhow::Result<()> {
    let unit = feed::start("both", feed::config(data, TOGETHER)).await?;
    let (source, sink): (SourceClient, SinkClient) = (unit.client()?, unit.client()?);
    let told: BTreeSet<u64> = source.told().await?.into_iter().collect();
    let began = Instant::now();
    let heard = loop {
        let heard: BTreeMap<u64, u64> =
            sink.heard().await?.iter().map(|Heard { number, times }| (*number, *times)).collect();
        if told.iter().all(|number| heard.contains_key(number)) || began.elapsed() > PATIENCE {
            break heard;
        }
        sleep(Duration::from_millis(20)).await;
    };
    found.lost.extend(acknowledged.difference(&told));
    found.unheard.extend(told.iter().filter(|number| !heard.contains_key(number)));
    found.unsaid.extend(heard.keys().filter(|number| !told.contains(number)));
    found.doubled.extend(heard.iter().filter(|(_, times)| **times != 1).map(|(number, _)| number));
    unit.stop().await;
    Ok(())
}

fn start(file: &Path) -> anyhow::Result<Process> {
    let (log, file) = (file.with_extension("log"), file.display().to_string());
    let arguments = ["--config", &file, "run", "--unit", "both"];
    Ok(Process::start(&env::current_exe()?, arguments, &[role(App::Feed)], &log)?)
}
