//! What is kept, and for how long.

use std::time::Duration;

/// The least that `keep_bytes` may be, in bytes: 1 MiB.
const LEAST: u64 = 1024 * 1024;

/// What a log keeps. Records go, oldest first, as soon as *either* says so, whether they were read or
/// not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOptions {
    /// How long a record is kept, by its own time. Default: 7 days.
    pub keep: Duration,
    /// How much is kept, in bytes on disk; less than 1 MiB counts as that. The whole folder stays
    /// below three times as much, and below 100 MB more than it if it is large: the engine's journal
    /// and what isn't given back yet come on top. Default: 1 GiB.
    pub keep_bytes: u64,
}

impl LogOptions {
    /// With records kept for so long.
    #[must_use]
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// With so many bytes kept.
    #[must_use]
    pub const fn keep_bytes(mut self, bytes: u64) -> Self {
        self.keep_bytes = bytes;
        self
    }

    /// How many bytes the tables of records may take.
    pub(crate) fn table_bytes(&self) -> u64 {
        self.keep_bytes.max(LEAST)
    }

    /// How many bytes gather in memory before they become a table. What is given back is given back
    /// by the table.
    pub(crate) fn memory_bytes(&self) -> u64 {
        (self.table_bytes() / 16).clamp(128 * 1024, 8 * 1024 * 1024)
    }

    /// How long a journal may get before it is begun anew.
    pub(crate) fn journal_bytes(&self) -> u64 {
        self.table_bytes() / 2
    }
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 24 * 60 * 60), keep_bytes: 1024 * 1024 * 1024 }
    }
}
