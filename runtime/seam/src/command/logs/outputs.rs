//! Where lines go.

#[cfg(test)]
use std::path::Path;
use std::{
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

#[cfg(test)]
use seam_telemetry::logs::LogFile;
use seam_telemetry::{
    logs::{Keep, Level},
    otlp::Export,
};

use super::{super::output::Output, Origin};

/// Where the lines of this process go.
#[derive(Clone)]
pub(in crate::command) struct Logs {
    pub(super) console: Output,
    pub(super) file: Output,
    /// How much of the file is kept; without any, nothing goes there.
    pub(super) keep: Keep,
    pub(super) origin: Origin,
    /// What takes lines to a collector, once there is something.
    pub(super) export: Arc<OnceLock<Arc<Export>>>,
}

impl Logs {
    /// How many lines somebody missed: who reads standard error, or the file.
    pub(in crate::command) fn dropped(&self) -> u64 {
        self.console.dropped() + self.file.dropped()
    }

    /// Waits until all is written, but no longer than `patience` for who takes nothing.
    pub(in crate::command) fn flush(&self, patience: Duration) {
        self.console.flush(patience);
        self.file.flush(patience);
    }

    /// Lines go to a collector as well from now on, whenever there is one.
    pub(in crate::command) fn export_by(&self, export: Option<Arc<Export>>) {
        if let Some(export) = export {
            // A process runs one unit.
            let _ = self.export.set(export);
        }
    }

    /// What takes a line of this thread to the collector, if there is one. What is said while lines are
    /// sent isn't sent: that would be said, too.
    pub(super) fn exporter(&self) -> Option<&Export> {
        let export = self.export.get().filter(|export| export.is_on())?;
        let sends = thread::current().name().is_some_and(|name| name.starts_with("otlp-"));
        (!sends).then_some(&**export)
    }

    /// Whether lines are kept.
    pub(super) fn are_kept(&self) -> bool {
        self.keep.bytes() > 0
    }

    /// Why the process ends, for the file: on standard error it is told in its own way.
    pub(in crate::command) fn last(&self, text: &str) {
        if self.are_kept() {
            self.file.line(self.origin.entry(Level::Error, text).line().as_bytes());
        }
    }
}

#[cfg(test)]
impl Logs {
    /// Lines go to standard error, and into no file.
    pub(in crate::command) fn unheard() -> Self {
        let console = Output::stderr(Box::new(|_| None)).unwrap();
        let origin = Origin { unit: "test".into(), instance: None };
        Self { file: console.clone(), console, keep: Keep::new(0), origin, export: Arc::default() }
    }

    /// Lines go into files in that folder, those for standard error into that of `console`.
    pub(super) fn of_test(folder: &Path, origin: Origin) -> Self {
        let keep = Keep::new(1 << 20);
        let file =
            |process: &str| origin.output(LogFile::new(folder, process, keep.clone())).unwrap();
        Self {
            console: file("console"),
            file: file("test"),
            keep: keep.clone(),
            origin,
            export: Arc::default(),
        }
    }
}
