//! Certificates that are replaced while a unit runs.

use std::sync::Arc;
use std::time::SystemTime;

use seam_tls::{Look, Looked};
use tokio::runtime::Handle;

use super::credentials::{Credentials, Files};
use super::{Shared, Tls};

impl Tls {
    /// Looks at the files every second, as long as somebody has this or a clone of it. New handshakes
    /// use what lies there; connections that stand go on. Files that can't be used, or are half
    /// written, leave the former in force, and the log says why. It also says, from 14 days before,
    /// when the certificate ends.
    pub fn watch(&self, runtime: &Handle) {
        runtime.spawn(seam_tls::watch(Arc::downgrade(&self.shared)));
    }

    /// Looks at the files once, now.
    #[doc(hidden)]
    pub fn look(&self) {
        self.shared.look();
    }
}

impl Look for Shared {
    fn look(&self) {
        let (mut seen, unit) = (self.seen.lock(), &self.unit);
        let found = Files::read(&self.folder, unit).map_err(|error| error.to_string());
        let looked = seen.look(found, |files| {
            let made = Credentials::new(files, &self.folder, &self.app, unit);
            self.current.store(Arc::new(made.map_err(|error| error.to_string())?));
            Ok(())
        });
        match looked {
            Looked::Same => {}
            Looked::Taken => tracing::info!(unit, "its new certificate is in use"),
            Looked::Kept(reason) => tracing::warn!(
                unit,
                reason,
                "its new certificate can't be used: the former stays in use"
            ),
        }
        if let Some(days) = seen.ends_soon(self.current.load().ends, SystemTime::now()) {
            tracing::warn!(unit, days, "its certificate ends soon: renew it");
        }
    }
}
