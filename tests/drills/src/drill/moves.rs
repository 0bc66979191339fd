//! Services that move between units while they are called: into their caller's process, and away.

use std::time::{Duration, Instant};

use super::times;
use crate::bar::Bar;
use crate::orders::{Orders, unharmed};
use crate::place::Shop;

/// One round: each service is at home again after it.
const ROUND: [(&str, &str); 4] =
    [("user", "pay"), ("payment", "front"), ("payment", "pay"), ("user", "front")];
/// Four moves each.
const ROUNDS: u32 = 25;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let shop = Shop::open(Vec::new(), 3).await?;
    let orders = Orders::begin(shop.edge, 4, Duration::ZERO);
    let from = Instant::now();
    let mut slowest = 0.0_f64;
    let rounds = times(ROUNDS, scale);
    for _ in 0..rounds {
        for (service, unit) in ROUND {
            let began = Instant::now();
            shop.command(&["move", service, unit]).await?;
            slowest = slowest.max(began.elapsed().as_secs_f64());
        }
    }
    let placed = orders.since(from);
    let mut bars = vec![
        Bar::told("moves", rounds as usize * ROUND.len()),
        Bar::told("the longest move, s", format!("{slowest:.2}")),
    ];
    bars.extend(unharmed(&placed));
    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}
