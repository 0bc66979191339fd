//! Writers of rows on a store of their own: with an event of each row, and without.
//!
//! The whole path is there, and runs within the window: the outbox, the mover and the log. What is
//! published faster than it is moved would only be paid for later, so a run whose mover falls behind
//! says nothing.

use anyhow::{bail, ensure};
use quanta::Instant;
use seam::App;
use serde::{Deserialize, Serialize};

use super::desk::{DeskClient, DeskService};
use crate::cli::Options;
use crate::measure::{Child, Entry, Sample, Timing, Window, runtime, while_open};
use crate::ours::Ours;
use crate::report::Labels;

/// Writers, each with one transaction under way.
const WRITERS: usize = 64;
/// The threads that drive them; the store has threads of its own.
const THREADS: usize = 2;
/// What may wait for the mover in the end: this share of what was published, or what it has under way.
const BEHIND: f64 = 0.1;
const UNDER_WAY: f64 = 1_024.0;

/// A kind of writer, by name: whether it publishes.
const CONTENDERS: [(&str, bool); 2] = [("row", false), ("seam", true)];

/// What a measuring process is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct PublishJob {
    publish: bool,
    writers: usize,
    timing: Timing,
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.into_iter().map(|(name, _)| name)
}

pub(super) fn entries(options: &Options) -> Vec<Entry> {
    let wanted = CONTENDERS.into_iter().filter(|(name, _)| options.wants(name));
    let entry = |(name, publish): (&str, bool)| {
        let job = PublishJob { publish, writers: WRITERS, timing: options.timing() };
        let labels = Labels {
            bench: "bus",
            callers: Some(WRITERS),
            threads: Some(THREADS),
            contender: name.to_owned(),
            ..Labels::default()
        };
        let work = job.timing.warm_up() + job.timing.measured();
        Entry::new(labels, move || Child::start("measure-bus", &job)?.sample(work, |_| Ok(())))
    };
    wanted.map(entry).collect()
}

/// The measuring child's side.
pub(crate) fn run(job: &PublishJob) -> anyhow::Result<Sample> {
    runtime(THREADS)?.block_on(async {
        let app = App::new("bench").service::<DeskService>();
        let ours = Ours::start(app.config_text("[units.all]\nservices = [\"desk\"]\n")).await?;
        let desk: DeskClient = ours.unit.client()?;
        let (writers, publish) = (job.writers as u64, job.publish);
        let sample = while_open(
            job.timing,
            |_| {},
            async |window| {
                let writer = |number| {
                    let (desk, window) = (desk.clone(), window.clone());
                    tokio::spawn(async move { write(&desk, number, publish, &window).await })
                };
                for ended in (0..writers).map(writer).collect::<Vec<_>>() {
                    ended.await?;
                }
                Ok(())
            },
        );
        let sample = sample.await?;
        let waiting = match desk.waiting().await {
            Ok(waiting) => waiting,
            Err(why) => bail!("what the mover has left can't be told: {why}"),
        };
        let most = (sample.calls as f64 * BEHIND).max(UNDER_WAY);
        ensure!(waiting as f64 <= most, "the mover is {waiting} of {} behind", sample.calls);
        ours.unit.stop().await;
        Ok(sample)
    })
}

/// One row after the other until the window closes, each under a key of its own.
async fn write(desk: &DeskClient, number: u64, publish: bool, window: &Window) {
    let (mut order, mut calls) = (number << 32, 0);
    while !window.is_closed() {
        let (open, start) = (window.is_open(), Instant::now());
        if let Err(why) = desk.place(order, publish).await {
            window.fail(why);
            break;
        }
        if open {
            window.record(start.elapsed());
            calls += 1;
        }
        order += 1;
    }
    window.count(calls);
}
