//! The unit's edge: its HTTP side, as config says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::call::AnyClient;
use seam_core::metrics::MethodMetrics;
use seam_core::remote::Caller;
use seam_gateway::{
    Authenticators, Cors, CountedRequests, EdgeError, EdgeLimits, EdgeSettings, FileFolder, Own,
    Probe, Readiness, WebSettings,
};

use super::StartFailure;
use super::clients::Routes;
use super::descriptors::{connections, left};
use super::edge_sockets::EdgeSockets;
use super::parts::Parts;
use crate::config::{Config, CorsConfig, EdgeConfig};

/// The HTTP side of a unit.
pub(super) struct Edge {
    inner: seam_gateway::Edge,
    /// How many descriptors were left for connections when it was bound.
    left: Option<usize>,
}

impl Edge {
    /// Serves on `sockets`; `/readyz` asks `unit`.
    pub(super) fn start(
        config: &Config,
        sockets: EdgeSockets,
        routes: &Routes,
        unit: Weak<Parts>,
        own: Own,
    ) -> Result<Self, StartFailure> {
        let left = left();
        let settings = settings(&config.edge, left, &Authenticators::default());
        let clients = routes.all().iter().map(|client| client.for_caller(Caller::Edge)).collect();
        let probe = Arc::new(UnitProbe(unit));
        if !config.edge.knows_clients() {
            tracing::warn!(
                "whoever reaches the edge may ask for everything: [edge.jwt], [edge.keys.NAME] and \
                 [edge.session] say who its clients are"
            );
        }
        let listeners = sockets.into_listeners(config)?;
        let bound = seam_gateway::Edge::bind_on(listeners, settings, clients, probe, own);
        bound.map(|inner| Self { inner, left }).map_err(StartFailure::Edge)
    }

    /// Where it serves, and where by TLS.
    pub(super) fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (self.inner.http(), self.inner.https())
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
        let auth = self.inner.settings().get().auth.clone();
        self.inner.settings().set(settings(edge, self.left, &auth));
    }

    /// What was counted of requests.
    pub(super) fn requests(&self) -> Vec<CountedRequests> {
        self.inner.requests()
    }

    /// What the program's own routes were asked; `None` if they never were.
    pub(super) fn own(&self) -> Option<MethodMetrics> {
        self.inner.own()
    }

    pub(super) async fn stop(self, grace: Duration) {
        self.inner.stop(grace).await;
    }
}

/// What config says of an edge, wherever that is. What is known of an issuer stays known.
pub(super) fn settings(
    edge: &EdgeConfig,
    left: Option<usize>,
    auth: &Authenticators,
) -> EdgeSettings {
    let limits = EdgeLimits {
        head_time: edge.head_time,
        body: usize::try_from(edge.body).unwrap_or(usize::MAX),
        body_time: edge.body_time,
        write_time: edge.write_time,
        connections: connections(edge.connections, 3, left),
        connections_per_address: edge.connections_per_address,
        rate: edge.rate,
        failures: edge.failures,
        in_flight: edge.in_flight,
        unknown_query: edge.unknown_query,
        ..EdgeLimits::default()
    };
    let (deadline, notice) = (edge.deadline, edge.notice);
    let errors = edge.errors.as_str().into();
    let rules = edge.allow.iter().map(|own| (own.method.clone(), own.rule.clone()));
    let rates = edge.rates.iter().map(|own| (own.method.clone(), own.quota));
    EdgeSettings {
        deadline,
        notice,
        errors,
        known: edge.knows_clients(),
        allow: Arc::new(rules.collect()),
        versions: Arc::new(edge.versions.clone()),
        auth: auth.with(edge.auth.settings()),
        web: web(edge).into(),
        schemes: edge.auth.schemes(),
        redirect: edge.tls.as_ref().is_some_and(|tls| tls.redirect),
        limits,
        rates: Arc::new(rates.collect()),
        trusted: edge.trusted.clone().into(),
        ..Default::default()
    }
}

/// What config says of the web around an edge.
fn web(edge: &EdgeConfig) -> WebSettings {
    let CorsConfig { origins, credentials, max_age } = edge.cors.clone();
    let folder = |(prefix, path): &(String, PathBuf)| {
        if !path.is_dir() {
            let path = path.display();
            tracing::warn!(%path, prefix, "there is no such folder: its files aren't found");
        }
        FileFolder { prefix: prefix.clone(), path: path.clone() }
    };
    WebSettings {
        cors: Cors { origins, credentials, max_age },
        cache: edge.cache.iter().cloned().collect(),
        files: edge.files.iter().map(folder).collect(),
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
