//! The unit's edge: its HTTP side, as config says.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::call::AnyClient;
use seam_core::metrics::MethodMetrics;
use seam_core::remote::Caller;
use seam_gateway::{EdgeError, EdgeLimits, EdgeListener, EdgeSettings, Own, Probe, Readiness};

use super::StartFailure;
use super::clients::Routes;
use super::descriptors::{connections, left};
use super::failure::{Taker, unbound};
use super::parts::Parts;
use crate::config::{Address, Config, EdgeConfig};

/// The HTTP side of a unit.
pub(super) struct Edge {
    inner: seam_gateway::Edge,
    /// How many descriptors were left for connections when it was bound.
    left: Option<usize>,
}

impl Edge {
    /// Serves on `listener`, which is at `http`; `/readyz` asks `unit`.
    pub(super) fn start(
        config: &Config,
        http: &Address,
        listener: EdgeListener,
        routes: &Routes,
        unit: Weak<Parts>,
        own: Own,
    ) -> Result<Self, StartFailure> {
        let left = left();
        let settings = settings(&config.edge, left);
        let clients = routes.all().iter().map(|client| client.for_caller(Caller::Edge)).collect();
        let probe = Arc::new(UnitProbe(unit));
        if !config.edge.knows_clients() {
            tracing::warn!(
                "whoever reaches the edge at {http} may ask for everything: [edge.jwt], [edge.keys.NAME] \
                 and [edge.session] say who its clients are"
            );
        }
        let bound = seam_gateway::Edge::bind_on(listener, settings, clients, probe, own);
        bound.map(|inner| Self { inner, left }).map_err(|error| refused(http, error.to_string()))
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.inner.address()
    }

    /// Serves the contracts of these clients from the next request on.
    ///
    /// # Errors
    /// Routes that can't be told apart; then those of before stay.
    pub(super) fn serve(&self, clients: Vec<Arc<dyn AnyClient>>) -> Result<(), EdgeError> {
        let clients = clients.iter().map(|client| client.for_caller(Caller::Edge)).collect();
        self.inner.serve(clients)
    }

    /// Goes by another config from the next request on.
    pub(super) fn tune(&self, edge: &EdgeConfig) {
        self.inner.settings().set(settings(edge, self.left));
    }

    /// What the program's own routes were asked; `None` if they never were.
    pub(super) fn own(&self) -> Option<MethodMetrics> {
        self.inner.own()
    }

    pub(super) async fn stop(self, grace: Duration) {
        self.inner.stop(grace).await;
    }
}

/// What config says of an edge, wherever that is.
fn settings(edge: &EdgeConfig, left: Option<usize>) -> EdgeSettings {
    let limits = EdgeLimits {
        head_time: edge.head_time,
        body: usize::try_from(edge.body).unwrap_or(usize::MAX),
        body_time: edge.body_time,
        write_time: edge.write_time,
        connections: connections(edge.connections, 3, left),
        connections_per_address: edge.connections_per_address,
        rate: NonZeroU32::new(edge.rate),
        unknown_query: edge.unknown_query,
        ..EdgeLimits::default()
    };
    let (deadline, notice) = (edge.deadline, edge.notice);
    let errors = edge.errors.as_str().into();
    let rules = edge.allow.iter().map(|own| (own.method.clone(), own.rule.clone()));
    EdgeSettings {
        deadline,
        notice,
        errors,
        known: edge.knows_clients(),
        allow: Arc::new(rules.collect()),
        versions: Arc::new(edge.versions.clone()),
        limits,
        ..Default::default()
    }
}

/// What `/readyz` asks.
struct UnitProbe(Weak<Parts>);

impl Probe for UnitProbe {
    fn ready(&self) -> BoxFuture<'_, Readiness> {
        Box::pin(async {
            match self.0.upgrade() {
                Some(unit) => unit.ready().await,
                None => Err("the unit is stopping".into()),
            }
        })
    }
}

/// Takes the address at which a unit serves HTTP; `taker` is who does it, for the error's words.
pub(crate) fn listen(
    http: &Address,
    unit: &str,
    taker: Taker,
) -> Result<EdgeListener, StartFailure> {
    let bound = resolve(http).and_then(EdgeListener::bind);
    bound.map_err(|error| refused(http, unbound(&error, unit, "http", http, taker)))
}

fn refused(http: &Address, reason: String) -> StartFailure {
    StartFailure::Address { what: "serve HTTP", address: http.clone(), reason }
}

/// The edge serves one socket: the first address that the host's name stands for.
fn resolve(http: &Address) -> std::io::Result<SocketAddr> {
    let Address::Tcp { host, port } = http else {
        return Err(std::io::Error::other("the edge serves HOST:PORT, no Unix socket"));
    };
    let none = || std::io::Error::other("the name stands for no address");
    (host.as_str(), *port).to_socket_addrs()?.next().ok_or_else(none)
}
