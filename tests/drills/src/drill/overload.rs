//! Ten times more calls than a service can answer, whose capacity is set by a nap of 5 ms.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::bar::Bar;
use crate::chain::{Chain, NapperClient};
use crate::pace::pace;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let chain = Chain::open().await?;
    let client: NapperClient = chain.caller.client()?;
    let call = || {
        let call = client.nap();
        async move { call.await.map(drop).map_err(|why| why.to_string()) }
    };
    let long = Duration::from_secs_f64(20.0 * scale);
    // A few callers who wait for their answers keep it busy and make no line.
    let capacity = AtomicU64::new(0);
    let began = Instant::now();
    let caller = async || {
        while began.elapsed() < Duration::from_secs(3) {
            if client.nap().await.is_ok() {
                capacity.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    tokio::join!(caller(), caller(), caller(), caller());
    let capacity = capacity.into_inner() as f64 / began.elapsed().as_secs_f64();
    let peak_rate = (capacity * 1.1) as u32;
    let peak = pace(peak_rate, long / 2, call).await;
    let over = pace(10 * peak_rate, long, call).await;
    let after = pace(peak_rate / 2, Duration::from_secs(4), call).await;
    let late: Vec<_> = after.failed.iter().filter(|(at, _)| *at > Duration::from_secs(2)).collect();
    let late: Vec<_> = late.iter().map(|(_, why)| why).collect();
    let goodput = over.rate(long) / peak.rate(long / 2);
    let bars = vec![
        Bar::told("answered a second at its peak", format!("{:.0}", peak.rate(long / 2))),
        Bar::told("p99 at its peak, ms", format!("{:.0}", peak.p99())),
        Bar::told("ten times as many: p99 of what is answered, ms", format!("{:.0}", over.p99())),
        Bar::at_least("ten times as many: answered ÷ at its peak", 0.95, goodput),
        Bar::at_most("ten times as many: p99 ÷ at its peak", 2.0, over.p99() / peak.p99()),
        Bar::none("half as many, after 2 s: calls that failed", &late),
    ];
    chain.close().await?;
    Ok(bars)
}
