//! Restarts of all instances of a unit, one by one.

use std::time::Duration;

use super::{setting, times};
use crate::bar::Bar;
use crate::orders::{Orders, unharmed};
use crate::place::Shop;

/// The units, and how often each of them is restarted.
const ROUNDS: [(&str, u32); 3] = [("pay", 50), ("quote", 50), ("front", 50)];

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let settings = vec![
        setting("SEAM__UNITS__PAY__INSTANCES", 3),
        setting("SEAM__UNITS__QUOTE__INSTANCES", 3),
        setting("SEAM__UNITS__FRONT__INSTANCES", 2),
    ];
    let shop = Shop::open(settings, 8).await?;
    let orders = Orders::begin(shop.edge, 4, Duration::ZERO);
    let from = std::time::Instant::now();
    let mut bars = Vec::new();
    for (unit, full) in ROUNDS {
        let rounds = times(full, scale);
        for _ in 0..rounds {
            shop.command(&["restart", unit, "--rolling"]).await?;
        }
        bars.push(Bar::told(format!("rolling restarts of {unit}"), rounds));
    }
    let placed = orders.since(from);
    bars.extend(unharmed(&placed));
    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}
