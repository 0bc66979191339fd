//! What all requests share.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::routes::{Route, routes};
use crate::auth::{Logins, OperatorToken, Tokens};
use crate::settings::AdminSettings;
use crate::steering::Steering;
use crate::units::Units;

/// What all requests share.
pub(crate) struct State {
    pub(super) settings: AdminSettings,
    /// Where it is served, with the real port.
    pub(super) address: SocketAddr,
    pub(super) operator: OperatorToken,
    pub(super) tokens: Tokens,
    pub(super) logins: Logins,
    pub(super) units: Arc<dyn Units>,
    pub(super) steering: Steering,
    /// The routes of each path.
    pub(super) paths: matchit::Router<Vec<&'static Route>>,
    /// Held by each who listens.
    pub(super) streams: Arc<Semaphore>,
    /// Held by each act while it is done.
    pub(super) acts: Arc<Semaphore>,
}

impl State {
    pub(crate) fn new(
        settings: AdminSettings,
        address: SocketAddr,
        operator: OperatorToken,
        units: Arc<dyn Units>,
        steering: Steering,
    ) -> Self {
        let tokens = Tokens::new(&operator, &settings.tokens);
        let (streams, acts) = (settings.streams, settings.acts);
        Self {
            settings,
            address,
            operator,
            tokens,
            logins: Logins::default(),
            units,
            steering,
            paths: paths(),
            streams: Arc::new(Semaphore::new(streams)),
            acts: Arc::new(Semaphore::new(acts)),
        }
    }
}

fn paths() -> matchit::Router<Vec<&'static Route>> {
    let mut paths = matchit::Router::new();
    for route in routes() {
        let same = routes().iter().filter(|other| other.path == route.path);
        // The first of a path has put them all there; a test makes sure that paths don't clash.
        let _ = paths.insert(route.path, same.collect());
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_path() {
        let paths = paths();
        for route in routes() {
            let found = paths.at(&route.path.replace(['{', '}'], "x")).unwrap().value;
            assert!(found.iter().any(|own| std::ptr::eq(*own, route)), "{route:?}");
        }
    }
}
