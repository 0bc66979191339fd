//! A callee that takes every call and answers none: what becomes of its callers' other methods.

use std::time::Duration;

use crate::bar::Bar;
use crate::chain::{AskerClient, Chain};
use crate::pace::pace;

/// Calls a second of the method that asks nobody.
const QUICK: u32 = 500;
/// Calls a second of the one that hangs. Each waits for its deadline of 5 s until the breaker opens: by
/// then they would be twice what the caller's mailbox holds.
const HANGING: u32 = 400;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let chain = Chain::open().await?;
    let client: AskerClient = chain.caller.client()?;
    let quick = || {
        let call = client.quick(1);
        async move { call.await.map(drop).map_err(|why| why.to_string()) }
    };
    let ask = || {
        let call = client.ask();
        async move { call.await.map(drop).map_err(|why| why.to_string()) }
    };
    let during = Duration::from_secs_f64(15.0 * scale);
    let well = pace(QUICK, during, quick).await;
    let (beside, hanging) = tokio::join!(pace(QUICK, during, quick), pace(HANGING, during, ask));
    let failed: Vec<_> = beside.failed.iter().map(|(_, why)| why).collect();
    let bars = vec![
        Bar::none("others beside it: calls that failed", &failed),
        Bar::at_most("others beside it: p99 ÷ p99 without", 2.0, beside.p99() / well.p99()),
        Bar::told("p99 without it, ms", format!("{:.2}", well.p99())),
        Bar::holds("who asks it fails", hanging.answered.is_empty(), hanging.failed.len()),
    ];
    chain.close().await?;
    Ok(bars)
}
