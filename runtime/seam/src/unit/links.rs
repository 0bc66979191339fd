//! The unit's side of the wire: links to its peers, and the listener for theirs.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_wire::{Identity, Link, LinkConfig, LinkState, ListenError, Server, ServerConfig};

use super::StartFailure;
use super::awaited::calls;
use super::descriptors::{connections, left};
use super::failure::unbound;
use super::placement::Placement;
use crate::config::{Config, RemoteService, UnitLayout};
use crate::services::{Graph, Opened, Registry};

/// Who this process is to its peers.
pub(super) fn identity(registry: &Registry, config: &Config, layout: &UnitLayout) -> Identity {
    Identity::new(config.app.name.as_str(), layout.unit.as_str(), &*registry.release)
}

/// The links to the units that host what this one may call.
pub(super) struct Links {
    links: Mutex<Vec<Peer>>,
}

struct Peer {
    unit: String,
    link: Link,
    /// Whether it has answered once; from then on an outage doesn't make this unit unready.
    answered: bool,
}

impl Links {
    /// Links to the peers that host what this unit calls, and leads the services' routes there.
    pub(super) fn start(
        graph: &Graph,
        identity: &Identity,
        layout: &UnitLayout,
        opened: &[(ServiceId, Arc<dyn Opened>)],
        homes: &[Home],
        placement: &Placement<'_>,
    ) -> Self {
        let mut links: Vec<Peer> = Vec::new();
        let called = |remote: &&RemoteService| calls(graph, layout, &remote.service);
        for remote in layout.remote.iter().filter(called) {
            let found = opened.iter().find(|(id, _)| id.name() == remote.service);
            let Some((id, open)) = found else { continue };
            let number = match links.iter().position(|peer| peer.unit == remote.unit) {
                Some(number) => number,
                None => {
                    let home = &homes[placement.link(&remote.unit, links.len())];
                    let config = LinkConfig::new(identity.clone());
                    let Some(endpoint) = remote.endpoints.first() else { continue };
                    let link = Link::open(config, endpoint.address.clone(), home.runtime());
                    links.push(Peer { unit: remote.unit.clone(), link, answered: false });
                    links.len() - 1
                }
            };
            let contract = open.client().descriptor();
            open.lead_to(Arc::new(links[number].link.service(*id, contract)));
        }
        Self { links: Mutex::new(links) }
    }

    /// The peers that haven't answered once.
    pub(super) fn waits_for(&self) -> Vec<String> {
        let waits_for = |peer: &mut Peer| {
            let state = peer.link.state().borrow().clone();
            match state {
                LinkState::Connected { .. } => {
                    peer.answered = true;
                    None
                }
                _ if peer.answered => None,
                LinkState::Down { reason } => Some(format!("unit `{}`: {reason}", peer.unit)),
                _ => Some(format!("unit `{}` hasn't answered yet", peer.unit)),
            }
        };
        self.links.lock().iter_mut().filter_map(waits_for).collect()
    }

    /// Waits until these peers have answered, but not for longer than `patience`.
    pub(super) async fn connected_within(
        &self,
        patience: Duration,
        awaited: impl Fn(&str) -> bool,
    ) {
        let states: Vec<_> = {
            let links = self.links.lock();
            let awaited = links.iter().filter(|peer| awaited(&peer.unit));
            awaited.map(|peer| peer.link.state()).collect()
        };
        let all = async {
            for mut state in states {
                // The sender lives as long as the link.
                let _ = state.wait_for(|state| matches!(state, LinkState::Connected { .. })).await;
            }
        };
        // Who isn't there by then is waited for by nobody: calls to it say so.
        let _ = tokio::time::timeout(patience, all).await;
    }

    /// Ends all connections.
    pub(super) fn stop(&self) {
        self.links.lock().clear();
    }
}

/// The listener for other units.
pub(super) struct Listening {
    server: Server,
}

impl Listening {
    pub(super) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Offers nothing any more, says go-away, and waits for the calls that are in.
    pub(super) async fn stop(self, grace: Duration) {
        if tokio::time::timeout(grace, self.server.drain()).await.is_err() {
            tracing::warn!(?grace, "calls from other units were still running at the end of it");
        }
    }
}

/// Listens for other units, if the layout says so.
pub(super) async fn listen(
    identity: &Identity,
    layout: &UnitLayout,
    inlets: Vec<Arc<dyn Inlet>>,
    home: &Home,
) -> Result<Option<Listening>, StartFailure> {
    let Some(listen) = &layout.listen else { return Ok(None) };
    let refused =
        |reason: String| StartFailure::Address { what: "listen", address: listen.clone(), reason };
    let mut config = ServerConfig::new(identity.clone());
    config.connections = connections(config.connections, 1, left());
    let server = Server::start(config, listen, inlets, home.runtime()).await;
    let server = server.map_err(|error| match error {
        ListenError::Io { error, .. } => refused(unbound(&error, &layout.unit, "listen", listen)),
        error => refused(error.to_string()),
    })?;
    tracing::info!(address = %server.address(), "listening for other units");
    Ok(Some(Listening { server }))
}
