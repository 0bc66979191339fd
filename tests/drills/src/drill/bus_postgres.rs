//! The same on PostgreSQL: the instance that hands events over is found by a lease, which a killed one
//! leaves behind for some seconds, so there has to be time between two kills.

use std::ops::Range;

use super::bus::soak;
use crate::bar::Bar;
use crate::server::Server;

/// From one kill to the next, in seconds.
const PAUSES: Range<f64> = 1.0..8.0;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let Some(server) = Server::start() else {
        return Ok(vec![Bar::told("PostgreSQL isn't installed", "skipped")]);
    };
    let store = format!("[store]\nengine = \"postgres\"\nurl = {:?}\n", server.url());
    soak(scale, &store, PAUSES, None).await
}
