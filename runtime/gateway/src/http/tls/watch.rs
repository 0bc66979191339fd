//! Certificates that are replaced while an edge serves.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use super::pair::{Files, Pair};
use super::{EdgeTls, Shared};

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// So long before a certificate ends, people are told once a day.
const NOTICE: Duration = Duration::from_secs(14 * DAY);
const DAY: u64 = 24 * 60 * 60;

impl EdgeTls {
    /// Looks at the files every second, as long as somebody else has this or a clone of it. A pair that
    /// doesn't fit, or can't be used, leaves the former in use, and the log says why.
    pub(in crate::http) fn watching(&self) -> impl Future<Output = ()> + Send + use<> {
        watch(Arc::downgrade(&self.0))
    }

    /// Looks at the files once, now.
    #[doc(hidden)]
    pub fn look(&self) {
        self.0.look();
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
        let found = Files::read(&self.paths).map_err(|error| error.to_string());
        if found != seen.files {
            match &found {
                Ok(files) => match Pair::new(files, &self.paths) {
                    Ok(pair) => {
                        self.current.set(pair);
                        seen.told = None;
                        tracing::info!(cert = %self.paths.cert.display(), "a new certificate is in use");
                    }
                    Err(error) => kept(&error.to_string()),
                },
                Err(error) => kept(error),
            }
            seen.files = found;
        }
        let (now, ends) = (SystemTime::now(), self.current.load().ends);
        let today = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.as_secs()) / DAY;
        let left = ends.duration_since(now).unwrap_or_default();
        if left < NOTICE && seen.told != Some(today) {
            seen.told = Some(today);
            let (cert, days) = (self.paths.cert.display(), left.as_secs() / DAY);
            tracing::warn!(%cert, days, "the edge's certificate ends soon, or has: renew it");
        }
    }
}

fn kept(reason: &str) {
    tracing::warn!(reason, "no new certificate for the edge yet: the former stays in use");
}
