//! Writers of rows on a store of their own: with an event of each row, and without.
//!
//! The whole path is there, and runs within the window: the outbox, the mover and the log. What is
//! published faster than it is moved would only be paid for later, so a run whose mover falls behind
//! says nothing.

use anyhow::{bail, ensure};
use seam::App;
use serde::{Deserialize, Serialize};

use super::desk::{DeskClient, DeskService};
use super::labels;
use super::writers::write;
use crate::cli::Options;
use crate::measure::{Child, Entry, Sample, Timing, runtime, while_open};
use crate::ours::Ours;

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
        let labels = labels(name, WRITERS, THREADS);
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
                let desk = desk.clone();
                write(writers, window, move |order| {
                    let desk = desk.clone();
                    async move { desk.place(order, publish).await }
                })
                .await
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
