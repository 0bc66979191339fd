//! The edge of a unit, started and stopped.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use seam_core::call::AnyClient;

use crate::admission::Rate;
use crate::desk::Office;
use crate::error::EdgeError;
use crate::probe::Probe;
use crate::routes::Routes;
use crate::server::{self, Running};
use crate::settings::EdgeSettings;

/// The HTTP side of a unit, on threads of its own. Dropping it closes its connections at once;
/// [`Edge::stop`] is the polite way.
pub struct Edge {
    address: SocketAddr,
    running: Running,
}

impl Edge {
    /// Serves the contracts of `clients`, one per service. The edge calls with clients of its own
    /// made from these, for the caller [`Edge`](seam_core::remote::Caller::Edge), and installs no
    /// signal handlers.
    ///
    /// # Errors
    /// [`EdgeError`], for an address that is taken and for routes that can't be told apart.
    pub fn bind(
        settings: EdgeSettings,
        clients: Vec<Arc<dyn AnyClient>>,
        probe: Arc<dyn Probe>,
    ) -> Result<Self, EdgeError> {
        let routes = Routes::new(&clients)?;
        let address = settings.listen;
        let listen = |cause| EdgeError::Listen { address, cause };
        let listener = server::listen(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let rate = settings.limits.rate.map(Rate::new);
        let office = Office { settings, routes, clients, probe, rate };
        let running = server::start(office, listener).map_err(EdgeError::Start)?;
        tracing::info!(%address, "the edge serves");
        Ok(Self { address, running })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, closes idle ones, lets requests in flight come to their end for
    /// at most `grace`, then cuts off what is left. Works on any runtime.
    pub async fn stop(self, grace: Duration) {
        let Running { handle, lives, over } = self.running;
        if tokio::time::timeout(grace, handle.stop(true)).await.is_err() {
            tracing::warn!(?grace, "the edge cuts off requests that took too long to end");
        }
        drop(lives);
        // An error means that the threads are gone already.
        let _ = over.await;
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("address", &self.address).finish_non_exhaustive()
    }
}
