//! The unit's edge.

use std::net::SocketAddr;
use std::time::Duration;

pub(super) struct Edge;

impl Edge {
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    pub(super) async fn stop(self, _grace: Duration) {}
}
