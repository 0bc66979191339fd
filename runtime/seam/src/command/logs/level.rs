//! What is logged, as it is changed while the process runs.

use seam_telemetry::logs::Keep;

use crate::config::LogConfig;

/// What is logged, and how much of it is kept, to be changed while the process runs. A program that logs
/// by itself goes on as it does.
pub(in crate::command) struct Level {
    pub(super) set: Box<dyn Fn(&str) + Send + Sync>,
    pub(super) keep: Keep,
}

impl Level {
    /// Logs at this level from now on.
    pub(in crate::command) fn set(&self, level: &str) {
        (self.set)(level);
    }

    /// Goes by another config, as far as that can be without a restart.
    pub(in crate::command) fn take(&self, config: &LogConfig) {
        self.set(&config.level);
        self.keep.set(config.keep);
    }
}
