//! Threads that send.

use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};

use super::{
    answer::Answer,
    drops::{Drops, What},
    post::Post,
    queue::Queue,
    retry::Retry,
};
use crate::Snapshot;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often metrics are read and sent.
const INTERVAL: Duration = Duration::from_secs(10);

/// Sends what is of one kind.
#[derive(Debug)]
pub(super) struct Sender<T> {
    pub(super) what: What,
    pub(super) queue: Arc<Queue<T>>,
    pub(super) post: Post,
    pub(super) drops: Drops,
    /// Whether the last one failed: that is logged once.
    pub(super) failing: bool,
}

impl<T> Sender<T> {
    /// Sends what comes in, as `write` writes it, until the queue is ended; `write` says how many it had to
    /// leave out.
    pub(super) fn run(mut self, write: impl Fn(&[T]) -> (Vec<u8>, usize)) {
        while let Some(batch) = self.queue.take() {
            let count = batch.len();
            if self.is_over() {
                self.drops.add(self.what, count);
                continue;
            }
            let (body, left_out) = write(&batch);
            drop(batch);
            self.drops.add(self.what, left_out);
            let Some(body) = compressed(&body) else { continue };
            let mut retry = Retry::new(Instant::now());
            while let Some(wait) = self.send(&body, count - left_out, &mut retry) {
                self.queue.pause(wait);
            }
        }
    }

    /// Sends once; how long to wait before the next try, if there is one.
    fn send(&mut self, body: &[u8], count: usize, retry: &mut Retry) -> Option<Duration> {
        let (why, wait) = match self.post.send(body, self.patience()) {
            Answer::Taken { rejected } => {
                self.drops.add(self.what, usize::try_from(rejected).unwrap_or(count).min(count));
                self.took();
                return None;
            }
            Answer::Refused(why) => (why, None),
            Answer::Later { why, after } => {
                let wait = retry.wait(Instant::now(), after, fastrand::f64());
                (why, wait.filter(|_| self.queue.ends().is_none()))
            }
        };
        self.failed(&why);
        if wait.is_none() {
            self.drops.add(self.what, count);
        }
        wait
    }

    /// Reads and sends metrics every ten seconds, and once more at the end. What failed isn't sent again:
    /// the next one says it all.
    pub(super) fn run_every(
        mut self,
        read: impl Fn() -> Snapshot,
        write: impl Fn(&Snapshot) -> Vec<u8>,
    ) {
        let mut wait = INTERVAL;
        let mut is_last = false;
        while !is_last {
            self.queue.pause(wait);
            is_last = self.queue.ends().is_some();
            let Some(body) = compressed(&write(&read())) else { continue };
            let began = Instant::now();
            let mut wanted = Duration::ZERO;
            match self.post.send(&body, self.patience()) {
                Answer::Taken { rejected: 0 } => self.took(),
                Answer::Taken { .. } => self.drops.add(self.what, 1),
                Answer::Refused(why) => {
                    self.failed(&why);
                    self.drops.add(self.what, 1);
                }
                Answer::Later { why, after } => {
                    self.failed(&why);
                    self.drops.add(self.what, 1);
                    wanted = after.unwrap_or_default().min(6 * INTERVAL);
                }
            }
            wait = INTERVAL.saturating_sub(began.elapsed()).max(wanted);
        }
    }

    /// How long an answer is waited for.
    fn patience(&self) -> Duration {
        let left = |ends: Instant| ends.saturating_duration_since(Instant::now());
        self.queue.ends().map_or(PATIENCE, left).clamp(Duration::from_millis(1), PATIENCE)
    }

    fn is_over(&self) -> bool {
        self.queue.ends().is_some_and(|ends| ends <= Instant::now())
    }

    fn took(&mut self) {
        if self.failing {
            self.failing = false;
            tracing::info!("{} takes {} again", self.post.url(), self.what.name());
        }
    }

    fn failed(&mut self, why: &str) {
        if !self.failing {
            self.failing = true;
            let (url, what) = (self.post.url(), self.what.name());
            tracing::warn!(
                "{url} doesn't take {what}, and what there is no room for is dropped: {why}"
            );
        }
    }
}

/// In gzip, as fast as it goes; memory takes everything.
fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let write = || -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body)?;
        encoder.finish()
    };
    write().ok()
}
