//! How long entries and claims live.

use std::time::Duration;

use seam_core::policy::LeaseSettings;

/// How long entries and claims live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Who hasn't renewed for so long is gone. Default: 10 s.
    pub lease: Duration,
    /// So often it is renewed. Default: 3 s, so that three times fit into a lease.
    pub heartbeat: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lease: Duration::from_secs(10), heartbeat: Duration::from_secs(3) }
    }
}

impl From<Settings> for LeaseSettings {
    fn from(settings: Settings) -> Self {
        let Settings { lease, heartbeat } = settings;
        Self { time: lease, heartbeat, ..Self::default() }
    }
}
