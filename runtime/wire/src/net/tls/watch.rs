//! Certificates that are replaced while a unit runs.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;

use super::credentials::{Credentials, Files};
use super::{CertificateError, Shared, Tls};

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// So long before a certificate ends, people are told once a day.
const NOTICE: Duration = Duration::from_secs(14 * DAY);
const DAY: u64 = 24 * 60 * 60;

impl Tls {
    /// Looks at the files every second, as long as somebody has this or a clone of it. New handshakes
    /// use what lies there; connections that stand go on. Files that can't be used, or are half
    /// written, leave the former in force, and the log says why. It also says, from 14 days before,
    /// when the certificate ends.
    pub fn watch(&self, runtime: &Handle) {
        runtime.spawn(watch(Arc::downgrade(&self.shared)));
    }

    /// Looks at the files once, now.
    #[doc(hidden)]
    pub fn look(&self) {
        self.shared.look();
    }
}

async fn watch(shared: Weak<Shared>) {
    loop {
        let Some(shared) = shared.upgrade() else { return };
        // A disk may make whoever asks it wait.
        let looked = tokio::task::spawn_blocking(move || shared.look());
        if looked.await.is_err() {
            // The runtime is going down.
            return;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

impl Shared {
    fn look(&self) {
        let mut seen = self.seen.lock();
        let found = Files::read(&self.folder, &self.unit).map_err(|error| error.to_string());
        if found != seen.files {
            match &found {
                Ok(files) => match self.credentials(files) {
                    Ok(credentials) => {
                        self.current.store(Arc::new(credentials));
                        seen.told = None;
                        tracing::info!(unit = self.unit, "its new certificate is in use");
                    }
                    Err(error) => self.kept(&error.to_string()),
                },
                Err(error) => self.kept(error),
            }
            seen.files = found;
        }
        let (now, ends) = (SystemTime::now(), self.current.load().ends);
        let today = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.as_secs()) / DAY;
        let left = ends.duration_since(now).unwrap_or_default();
        if left < NOTICE && seen.told != Some(today) {
            seen.told = Some(today);
            let (unit, days) = (&self.unit, left.as_secs() / DAY);
            tracing::warn!(unit, days, "its certificate ends soon: renew it");
        }
    }

    fn credentials(&self, files: &Files) -> Result<Credentials, CertificateError> {
        Credentials::new(files, &self.folder, &self.app, &self.unit)
    }

    fn kept(&self, reason: &str) {
        let unit = &self.unit;
        tracing::warn!(unit, reason, "its new certificate can't be used: the former stays in use");
    }
}
