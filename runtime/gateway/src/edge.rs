//! The edge of a unit, started and stopped.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seam_core::call::AnyClient;
use seam_core::live::Live;
use tokio::time::{sleep, timeout};

use crate::error::EdgeError;
use crate::http::{self, Connections, Phase, Running};
use crate::probe::Probe;
use crate::settings::EdgeSettings;
use crate::stage::Rate;
use crate::worker::{Shared, Table};

/// The HTTP side of a unit, on threads of its own. Dropping it closes its connections at once;
/// [`Edge::stop`] is the polite way.
pub struct Edge {
    address: SocketAddr,
    running: Running,
    settings: Live<EdgeSettings>,
    table: Live<Table>,
}

/// What the last ones who were let in need to get through the queue.
const QUEUE: Duration = Duration::from_millis(50);

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
        let table = Live::new(Table::new(clients)?);
        let address = settings.listen;
        let listen = |cause| EdgeError::Listen { address, cause };
        let listener = http::listen(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let settings = Live::new(settings);
        let shared = Shared {
            settings: settings.clone(),
            table: table.clone(),
            probe,
            rate: Rate::default(),
            connections: Arc::new(Connections::default()),
        };
        let running = http::start(shared, listener).map_err(EdgeError::Start)?;
        tracing::info!(%address, "the edge serves");
        Ok(Self { address, running, settings, table })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the edge goes by. Set anew, it holds for every request and every connection that begins
    /// from then on; only [`EdgeSettings::listen`], [`EdgeSettings::workers`],
    /// [`EdgeSettings::clock`] and [`EdgeLimits::idle_time`](crate::EdgeLimits::idle_time) are read
    /// once, when the edge is bound.
    pub const fn settings(&self) -> &Live<EdgeSettings> {
        &self.settings
    }

    /// Serves the contracts of these clients in place of those that it has served so far: all
    /// routes are swapped at once, and requests that have begun come to their end by the old ones.
    ///
    /// # Errors
    /// As [`Edge::bind`] for routes; then those of before stay.
    pub fn serve(&self, clients: Vec<Arc<dyn AnyClient>>) -> Result<(), EdgeError> {
        self.table.set(Table::new(clients)?);
        Ok(())
    }

    /// Ends in steps, so that no request is cut: for [`EdgeSettings::notice`] everything is still
    /// answered, as the last of its connection, and `/readyz` says no. Then no more connections are
    /// taken, idle ones are closed, and the others when their request is answered. What isn't after
    /// `grace` in all is cut off. Works on any runtime of tokio's.
    pub async fn stop(self, grace: Duration) {
        let Running { handle, lives, over, connections, listener } = self.running;
        let began = Instant::now();
        let notice = self.settings.load().notice.min(grace);
        connections.enter(Phase::Notice);
        sleep(notice).await;
        if !grace.is_zero() {
            http::let_no_more_in(&listener);
            sleep(QUEUE).await;
        }
        // The server's end of the listener goes with this; it is told by now.
        drop(handle.stop(true));
        drop(listener);
        connections.enter(Phase::Closing);
        let left = grace.saturating_sub(began.elapsed());
        if timeout(left, connections.none()).await.is_err() {
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
