//! The edge of a unit, started and stopped.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seam_core::call::AnyClient;
use seam_core::live::Live;
use seam_core::metrics::MethodMetrics;
use seam_core::record::Recorder;
use tokio::time::{sleep, timeout};

use crate::error::EdgeError;
use crate::http::{self, Connections, EdgeListener, EdgeListeners, Phase, Running};
use crate::metered::{CountedRequests, Metered};
use crate::openapi::Cached;
use crate::own::{Own, OwnMetrics};
use crate::probe::Probe;
use crate::settings::EdgeSettings;
use crate::stage::{Failures, InFlight};
use crate::together::Alone;
use crate::worker::{Shared, Table};

/// The HTTP side of a unit, on threads of its own. Dropping it closes its connections at once;
/// [`Edge::stop`] is the polite way.
pub struct Edge {
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    running: Running,
    shared: Arc<Shared>,
}

/// What the last connections that were let in need to be accepted, and then to come to the threads
/// that serve them: a scheduler's time slices, on a busy machine.
const HANDED_ON: Duration = Duration::from_millis(100);

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
        Self::bind_with(settings, clients, probe, Own::default())
    }

    /// As [`Edge::bind`], with what the program adds.
    ///
    /// # Errors
    /// As [`Edge::bind`].
    pub fn bind_with(
        settings: EdgeSettings,
        clients: Vec<Arc<dyn AnyClient>>,
        probe: Arc<dyn Probe>,
        own: Own,
    ) -> Result<Self, EdgeError> {
        let address = settings.listen;
        let listener = EdgeListener::bind(address);
        let listener = listener.map_err(|cause| EdgeError::Listen { address, cause })?;
        Self::bind_on(listener, settings, clients, probe, own)
    }

    /// As [`Edge::bind_with`], on sockets that listen already, in place of
    /// [`EdgeSettings::listen`]. All of them are of one edge, and end together.
    ///
    /// # Errors
    /// As [`Edge::bind`], for routes.
    pub fn bind_on(
        listeners: impl Into<EdgeListeners>,
        settings: EdgeSettings,
        clients: Vec<Arc<dyn AnyClient>>,
        probe: Arc<dyn Probe>,
        own: Own,
    ) -> Result<Self, EdgeError> {
        let table = Live::new(Table::new(clients)?);
        let together = own.together.clone();
        let together = together.unwrap_or_else(|| Arc::new(Alone::new(settings.clock.clone())));
        let listeners = listeners.into();
        let address = |listener: &EdgeListener| listener.address().map_err(EdgeError::Start);
        let http = listeners.http.as_ref().map(address).transpose()?;
        let https = listeners.https.as_ref().map(|(listener, _)| address(listener)).transpose()?;
        let recorder = own.recorder.clone();
        let recorder = recorder.unwrap_or_else(|| Arc::new(Recorder::new(&settings.clock, 0)));
        let shared = Shared {
            metered: Metered::new(recorder),
            settings: Live::new(settings),
            table,
            probe,
            own,
            own_metrics: OwnMetrics::default(),
            failures: Failures::default(),
            in_flight: InFlight::default(),
            together,
            cache: Arc::default(),
            document: Cached::default(),
            connections: Arc::new(Connections::default()),
            https: https.map(|address| address.port()),
        };
        let shared = Arc::new(shared);
        let running = http::start(Arc::clone(&shared), listeners).map_err(EdgeError::Start)?;
        if let Some(address) = http {
            tracing::info!(%address, "the edge serves");
        }
        if let Some(address) = https {
            tracing::info!(%address, "the edge serves by TLS");
        }
        Ok(Self { http, https, running, shared })
    }

    /// Where it listens; by TLS if it does nothing else.
    pub fn address(&self) -> SocketAddr {
        self.http.or(self.https).unwrap_or(self.shared.settings.load().listen)
    }

    /// Where it speaks HTTP as it is, if it does.
    pub const fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Where it speaks HTTP by TLS, if it does.
    pub const fn https(&self) -> Option<SocketAddr> {
        self.https
    }

    /// What the edge goes by. Set anew, it holds for every request and every connection that begins
    /// from then on; only [`EdgeSettings::listen`], [`EdgeSettings::workers`],
    /// [`EdgeSettings::clock`] and [`EdgeLimits::idle_time`](crate::EdgeLimits::idle_time) are read
    /// once, when the edge is bound.
    pub fn settings(&self) -> &Live<EdgeSettings> {
        &self.shared.settings
    }

    /// What the program's own routes were asked, all of them together; `None` if they never were.
    /// Answers with a status from 500 on are counted as of an unknown outcome.
    pub fn own(&self) -> Option<MethodMetrics> {
        self.shared.own_metrics.read()
    }

    /// What was counted of requests, each of them once.
    pub fn requests(&self) -> Vec<CountedRequests> {
        self.shared.metered.read()
    }

    /// Serves the contracts of these clients in place of those that it has served so far: all
    /// routes are swapped at once, and requests that have begun come to their end by the old ones.
    ///
    /// # Errors
    /// As [`Edge::bind`] for routes; then those of before stay.
    pub fn serve(&self, clients: Vec<Arc<dyn AnyClient>>) -> Result<(), EdgeError> {
        self.shared.table.set(Table::new(clients)?);
        Ok(())
    }

    /// Ends in steps, so that no request is cut: for [`EdgeSettings::notice`] everything is still
    /// answered, as the last of its connection, and `/readyz` says no. Then no more connections are
    /// taken, idle ones are closed, and the others when their request is answered. What isn't after
    /// `grace` in all is cut off. A socket that others accept connections from, too, stays as it is.
    /// Works on any runtime of tokio's.
    pub async fn stop(self, grace: Duration) {
        let Running { handle, lives, over, connections, listeners } = self.running;
        let began = Instant::now();
        let notice = self.shared.settings.load().notice.min(grace);
        connections.enter(Phase::Notice);
        if let Some(pushes) = &self.shared.own.pushes {
            // Streams have no end of their own; their clients come back, to another edge perhaps.
            pushes.board().end();
        }
        sleep(notice).await;
        let last = listeners.iter().all(EdgeListener::is_last);
        if !grace.is_zero() {
            if last {
                listeners.iter().for_each(EdgeListener::let_no_more_in);
                sleep(HANDED_ON).await;
            }
            // From here on the server accepts nobody; what it has accepted goes on.
            handle.pause().await;
            sleep(HANDED_ON).await;
        }
        // Each of them is asked, whatever the others say.
        let refuse = || listeners.iter().filter(|listener| !listener.refuse()).count() == 0;
        if grace.is_zero() || (last && !refuse()) {
            drop(handle.stop(true));
        }
        drop(listeners);
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
        let mut shown = f.debug_struct("Edge");
        shown.field("http", &self.http).field("https", &self.https).finish_non_exhaustive()
    }
}
