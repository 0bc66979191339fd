//! Five instances of `quote`, each behind a fault proxy.

use std::time::{Duration, Instant};

use seam_tests::proxy::{Fault, Proxy};

use super::{setting, times, wait};
use crate::bar::Bar;
use crate::orders::{Orders, failed, longest};
use crate::place::{Shop, kill, until};
use crate::ports::{loopback, row};

const INSTANCES: u16 = 5;
/// How long the network between the two takes when it is slow.
const SLOW: Duration = Duration::from_millis(200);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let ports = row(2 * INSTANCES)?;
    let mut proxies = Vec::new();
    for number in 0..INSTANCES {
        let (at, to) = (loopback(ports + INSTANCES + number), loopback(ports + number));
        proxies.push(Proxy::open(at, to).await?);
    }
    let settings = vec![
        setting("SEAM__UNITS__QUOTE__INSTANCES", INSTANCES),
        setting("SEAM__UNITS__QUOTE__LISTEN", loopback(ports)),
        setting("SEAM__UNITS__QUOTE__ADDRESS", loopback(ports + INSTANCES)),
    ];
    let shop = Shop::open(settings, 2 + usize::from(INSTANCES)).await?;
    let orders = Orders::begin(shop.edge, 8, Duration::ZERO);
    let mut bars = Vec::new();

    wait(2.0).await;
    let shares = shares(&proxies, 4.0).await;
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    bars.push(Bar::at_least("five alike: the least share, %", 6.0, least));
    bars.push(Bar::at_most("five alike: the largest share, %", 40.0, most(&shares)));

    proxies[2].set(Fault::Delay(SLOW / 2));
    wait(2.0).await;
    let slow = self::shares(&proxies, 4.0).await[2];
    proxies[2].set(Fault::None);
    bars.push(Bar::at_most("one at +200 ms: its share after 2 s, %", 5.0, slow));

    wait(12.0 * scale).await;
    let cut = Instant::now();
    proxies[1].set(Fault::BlackHole);
    wait(8.0).await;
    let healed = Instant::now();
    proxies[1].set(Fault::None);
    let placed = orders.between(cut - Duration::from_secs(1), healed);
    let later = orders.between(cut + Duration::from_millis(3_500), healed);
    bars.push(Bar::none("one cut off: orders that failed", &failed(&placed)));
    bars.push(Bar::at_most("one cut off: the longest order, s", 3.5, longest(&placed)));
    bars.push(Bar::at_most("… of those 3.5 s later, s", 1.5, longest(&later)));
    wait(4.0).await;
    let back = self::shares(&proxies, 4.0).await[1];
    bars.push(Bar::at_least("healed: its share after 4 s, %", 4.0, back));

    let from = Instant::now();
    for _ in 0..times(3, scale) {
        if let Some((_, pid)) = shop.pids("quote").await.first() {
            kill(*pid)?;
        }
        wait(3.0).await;
    }
    let placed = orders.since(from);
    bars.push(Bar::none("one killed, thrice: orders that failed", &failed(&placed)));
    bars.push(Bar::at_most("one killed: the longest order, s", 3.5, longest(&placed)));

    let gone = Instant::now();
    proxies.iter().for_each(|proxy| proxy.set(Fault::BlackHole));
    wait(8.0).await;
    let placed = orders.between(gone + Duration::from_secs(3), Instant::now());
    proxies.iter().for_each(|proxy| proxy.set(Fault::None));
    let plain: Vec<_> =
        placed.iter().filter(|one| !one.degraded || one.total != Some(100)).collect();
    bars.push(Bar::none("none left: orders that failed", &failed(&placed)));
    bars.push(Bar::none("none left: answers that aren't marked as degraded", &plain));
    bars.push(Bar::at_most("none left: the longest order, s", 1.5, longest(&placed)));
    let whole = until("the discount is back", Duration::from_secs(20), async || {
        let last = orders.last();
        last.is_some_and(|one| !one.degraded && one.total == Some(95))
    });
    bars.push(Bar::at_most(
        "all are back: whole answers after, s",
        6.0,
        whole.await?.as_secs_f64(),
    ));

    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}

/// Which share of the calls each carries, over some seconds, in percent.
async fn shares(proxies: &[Proxy], seconds: f64) -> Vec<f64> {
    let before: Vec<_> = proxies.iter().map(Proxy::calls).collect();
    wait(seconds).await;
    let carried = proxies.iter().zip(before).map(|(proxy, before)| proxy.calls() - before);
    let carried: Vec<_> = carried.map(|calls| calls as f64).collect();
    let all = carried.iter().sum::<f64>().max(1.0);
    carried.iter().map(|calls| 100.0 * calls / all).collect()
}

fn most(shares: &[f64]) -> f64 {
    shares.iter().copied().fold(0.0, f64::max)
}
