//! Certificates that are replaced while an edge serves.

use std::sync::Arc;
use std::time::SystemTime;

use seam_tls::{Look, Looked};

use super::pair::{Files, Pair};
use super::{EdgeTls, Shared};

impl EdgeTls {
    /// Looks at the files every second, as long as somebody else has this or a clone of it. A pair that
    /// doesn't fit, or can't be used, leaves the former in use, and the log says why.
    pub(in crate::http) fn watching(&self) -> impl Future<Output = ()> + Send + use<> {
        seam_tls::watch(Arc::downgrade(&self.0))
    }

    /// Looks at the files once, now.
    #[doc(hidden)]
    pub fn look(&self) {
        self.0.look();
    }
}

impl Look for Shared {
    fn look(&self) {
        let (mut seen, cert) = (self.seen.lock(), self.paths.cert.display());
        let found = Files::read(&self.paths).map_err(|error| error.to_string());
        let looked = seen.look(found, |files| {
            let pair = Pair::new(files, &self.paths).map_err(|error| error.to_string())?;
            self.current.set(pair);
            Ok(())
        });
        match looked {
            Looked::Same => {}
            Looked::Taken => tracing::info!(%cert, "a new certificate is in use"),
            Looked::Kept(reason) => {
                tracing::warn!(
                    reason,
                    "no new certificate for the edge yet: the former stays in use"
                );
            }
        }
        if let Some(days) = seen.ends_soon(self.current.load().ends, SystemTime::now()) {
            tracing::warn!(%cert, days, "the edge's certificate ends soon, or has: renew it");
        }
    }
}
