//! Three instances of `pay`, of which one has the database.

use std::time::{Duration, Instant};

use super::{setting, times, wait};
use crate::bar::Bar;
use crate::orders::{Orders, failed, longest};
use crate::place::{Shop, freeze, kill, until};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let shop = Shop::open(vec![setting("SEAM__UNITS__PAY__INSTANCES", 3)], 5).await?;
    let orders = Orders::begin(shop.edge, 8, Duration::ZERO);
    let mut bars = Vec::new();
    wait(2.0).await;

    let from = Instant::now();
    let (mut takeovers, killed) = (Duration::ZERO, times(5, scale));
    for _ in 0..killed {
        let owner = owner(&shop).await?;
        kill(owner)?;
        let another = until("another takes over", PATIENCE, async || {
            let owners = shop.in_state("payment", "running").await;
            owners.len() == 1 && owners != [owner]
        });
        takeovers += another.await?;
        settled(&shop).await?;
        wait(1.0).await;
    }
    let placed = orders.since(from);
    bars.push(Bar::none(format!("killed {killed} times: orders that failed"), &failed(&placed)));
    bars.push(Bar::at_most("killed: the longest order, s", 2.5, longest(&placed)));
    let mean = takeovers.as_secs_f64() / f64::from(killed);
    bars.push(Bar::told("killed: another has taken over after, s, mean", format!("{mean:.2}")));

    let frozen = owner(&shop).await?;
    let from = Instant::now();
    freeze(frozen, true);
    wait(12.0).await;
    let (placed, later) =
        (orders.since(from), orders.between(from + Duration::from_secs(6), Instant::now()));
    freeze(frozen, false);
    bars.push(Bar::told("frozen: orders that failed in the first 6 s", failed(&placed).len()));
    bars.push(Bar::none("frozen: orders that failed from 6 s on", &failed(&later)));
    bars.push(Bar::at_least("frozen: orders placed from 6 s on", 1.0, later.len() as f64));
    bars.push(Bar::at_most("frozen: the longest order, s", 8.0, longest(&placed)));
    settled(&shop).await?;
    let owners = shop.in_state("payment", "running").await;
    bars.push(Bar::holds("thawed: one owner", owners.len() == 1, format!("{owners:?}")));

    // A freeze that is shorter than a process may be silent is outlived.
    let short = owner(&shop).await?;
    let from = Instant::now();
    freeze(short, true);
    wait(3.0).await;
    freeze(short, false);
    wait(3.0).await;
    let placed = orders.since(from);
    let same = owner(&shop).await? == short;
    bars.push(Bar::holds("frozen for 3 s: it is the owner still", same, same));
    bars.push(Bar::told("frozen for 3 s: orders that failed", failed(&placed).len()));

    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}

/// The process that runs payment.
async fn owner(shop: &Shop) -> anyhow::Result<u32> {
    until("payment has one owner", PATIENCE, async || {
        shop.in_state("payment", "running").await.len() == 1
    })
    .await?;
    let owners = shop.in_state("payment", "running").await;
    owners.first().copied().ok_or_else(|| anyhow::anyhow!("payment has no owner"))
}

/// Waits until one runs payment and two stand by.
async fn settled(shop: &Shop) -> anyhow::Result<Duration> {
    until("one runs and two stand by", PATIENCE, async || {
        shop.in_state("payment", "running").await.len() == 1
            && shop.in_state("payment", "standby").await.len() == 2
    })
    .await
}
