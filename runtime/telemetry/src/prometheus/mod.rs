//! Metrics as Prometheus reads them, and the files by which it does.

mod accept;
mod escape;
mod files;
mod text;

use crate::Snapshot;
pub use accept::Exposition;
pub use files::{ALERTS_PAGE, RULES, Scrape};

/// All metrics of these units as Prometheus's text, version 0.0.4.
///
/// ```
/// use seam_telemetry::{Snapshot, prometheus};
///
/// let text = prometheus::write(&[Snapshot { unit: "front".into(), ..Snapshot::default() }]);
/// assert!(text.contains("\nseam_unit_ready{unit=\"front\"} 0\n"));
/// ```
pub fn write(snapshots: &[Snapshot]) -> String {
    Exposition::Text.write(snapshots, &[])
}
