//! How far the bench is, on stderr.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{Write, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::row::Labels;

/// One bar over all measurements, or a line per cell where nobody looks at a terminal. It ticks only
/// between two of them: a thread that redraws would be measured too.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// The cells that had their line.
    told: RefCell<BTreeSet<String>>,
}

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
        Self { bar, told: RefCell::default() }
    }

    /// A measurement begins.
    pub(crate) fn step(&self, labels: &Labels) {
        self.bar.set_message(labels.to_string());
        self.bar.inc(1);
        let cell = labels.cell();
        if self.bar.is_hidden() && self.told.borrow_mut().insert(cell.clone()) {
            let (step, steps) = (self.bar.position(), self.bar.length().unwrap_or_default());
            let elapsed = self.bar.elapsed().as_secs();
            // Nobody reads it if this fails.
            let _ = writeln!(stderr(), "{step}/{steps} · {elapsed} s · {cell}");
        }
    }

    /// Something else writes to the terminal.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// How long it took, once done.
    pub(crate) fn finish(&self) -> Duration {
        self.bar.finish_and_clear();
        self.bar.elapsed()
    }
}
