//! Four services in a row, of which the last is away: no hop may make much more of the load.

use std::time::Duration;

use crate::bar::Bar;
use crate::chain::{Chain, FirstClient};
use crate::pace::pace;

const RATE: u32 = 200;
/// What a hop's load may grow to, beside the floor of its retry budget.
const MOST: f64 = 1.2;
/// Retries a second that are there whatever the load.
const FLOOR: f64 = 10.0;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let hops = ["first", "second", "third", "fourth"];
    let mut chain = Chain::open().await?;
    let client: FirstClient = chain.caller.client()?;
    let call = || {
        let call = client.pass(1);
        async move { call.await.map(drop).map_err(|why| why.to_string()) }
    };
    let during = Duration::from_secs_f64(10.0 * scale);
    let well = pace(RATE, during, call).await;
    chain.kill("fourth").await?;
    // The first of it is another matter: connections break, and breakers are shut.
    let mut before = Vec::new();
    for hop in &hops[..3] {
        before.push(chain.calls(hop).await?);
    }
    let away = pace(RATE, during, call).await;
    let sent = (away.answered.len() + away.failed.len()) as f64;
    let mut bars = vec![
        Bar::none("while all are well: calls that failed", &failures(&well.failed)),
        Bar::told("while the last is away: calls made", sent),
        Bar::holds("while the last is away: every call fails", away.answered.is_empty(), sent),
    ];
    for (hop, before) in hops.iter().zip(before) {
        let load = (chain.calls(hop).await? - before) as f64;
        let most = MOST + FLOOR * during.as_secs_f64() / sent;
        bars.push(Bar::at_most(format!("load of {hop} ÷ calls made"), most, load / sent));
    }
    chain.restart("fourth")?;
    let back = pace(RATE, Duration::from_secs(3), call).await;
    let late: Vec<_> = back.failed.iter().filter(|(at, _)| *at > Duration::from_secs(2)).collect();
    let late: Vec<_> = late.iter().map(|(_, why)| why).collect();
    bars.push(Bar::none("it is back for 2 s: calls that failed", &late));
    chain.close().await?;
    Ok(bars)
}

fn failures(failed: &[(Duration, String)]) -> Vec<&String> {
    failed.iter().map(|(_, why)| why).collect()
}
