//! A registry that is killed and comes back: who knows one another goes on.

use std::time::{Duration, Instant};

use seam_tests::brokers::{Broker, Kind};
use serde_json::Value;

use super::{setting, wait};
use crate::bar::Bar;
use crate::orders::{Orders, unharmed};
use crate::place::Shop;

/// Six of its leases.
const AWAY: f64 = 60.0;
/// One `front`, one `pay`, and these of `quote`.
const UNITS: usize = 5;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let Some(mut broker) = Broker::start(Kind::Nats).await? else {
        return Ok(vec![Bar::told("skipped", "nats-server isn't installed")]);
    };
    let settings = vec![
        setting("SEAM__REGISTRY__ENGINE", "nats"),
        setting("SEAM__REGISTRY__URL", broker.url()),
        setting("SEAM__UNITS__QUOTE__INSTANCES", 3),
    ];
    let shop = Shop::open(settings, UNITS).await?;
    let orders = Orders::begin(shop.edge, 4, Duration::from_millis(5));
    until_fresh(&shop).await;
    let from = Instant::now();
    broker.kill().await?;
    wait(AWAY * scale).await;
    let doubted = !all_fresh(&shop.status().await);
    broker.resume().await?;
    let back = Instant::now();
    until_fresh(&shop).await;
    let fresh = back.elapsed().as_secs_f64();
    wait(1.0).await;
    let placed = orders.since(from);
    let mut bars = vec![
        Bar::holds("`status` says that the view is old", doubted, doubted),
        Bar::at_most("all views are fresh, s after its return", 2.0, fresh),
    ];
    bars.extend(unharmed(&placed));
    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}

fn all_fresh(status: &[Value]) -> bool {
    status.len() == UNITS && status.iter().all(|unit| unit["registry"]["fresh"] == true)
}

/// Looks until all views are, for half a minute at most.
async fn until_fresh(shop: &Shop) {
    let began = Instant::now();
    while !all_fresh(&shop.status().await) && began.elapsed() < Duration::from_secs(30) {
        wait(0.05).await;
    }
}
