//! What the tests of this crate share.

use std::time::Duration;

use seam_core::time::Moment;

use crate::entry::Entry;

/// So many seconds from the beginning.
pub(crate) fn at(seconds: u64) -> Moment {
    Moment::default().after(Duration::from_secs(seconds))
}

/// An instance of `quote`, as that process.
pub(crate) fn entry(instance: u16, launch: u64) -> Entry {
    Entry {
        app: "shop".into(),
        unit: "quote".into(),
        instance,
        address: format!("127.0.0.1:{}", 7301 + instance),
        host: None,
        launch,
        release: "1".into(),
    }
}
