//! How far the bench is, on stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::row::Labels;

/// One bar over all measurements. It ticks only between two of them: a thread that redraws would
/// be measured too.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:30.cyan/blue} {pos}/{len} · {elapsed} of about {duration} · {msg}",
        ) {
            bar.set_style(style);
        }
        bar.reset_eta();
        bar.tick();
        Self(bar)
    }

    /// A measurement begins.
    pub(crate) fn step(&self, labels: &Labels) {
        self.0.set_message(labels.to_string());
        self.0.inc(1);
    }

    /// Something else writes to the terminal.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }

    /// How long it took, once done.
    pub(crate) fn finish(&self) -> Duration {
        self.0.finish_and_clear();
        self.0.elapsed()
    }
}
