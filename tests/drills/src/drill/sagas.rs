//! A saga that is cut off after every step, every undo and every transaction, and goes on.
//!
//! It runs as `seam_bus` runs it, by the sender of a store that is on disk; a crash drops the sender, and
//! with it whatever was under way, at the point where it was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use seam_bus::command::{Commands, State, send};
use seam_core::call::Kept;
use seam_store::Store;
use tokio::sync::watch;

use super::times;
use crate::bar::Bar;
use crate::trade::{Crashes, Fate, Trade, World};

/// So many sagas.
const RUNS: u32 = 1_000;
/// Four transactions, and three calls with a point before and behind each; that the last transaction has
/// ended the saga may be seen before it can be cut off there.
const FEWEST: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let runs = u64::from(times(RUNS, scale));
    let folder = tempfile::tempdir()?;
    let store = Store::open_async(folder.path().join("store")).await?;
    let commands = Commands::open(&store)?;
    let crashes = Crashes::in_store(&store);
    let world = Arc::new(World::new(crashes.clone()));
    let trade = Arc::new(Trade::new(Arc::clone(&world), &store)?);
    let mut wrong = Vec::new();
    let (mut shipped, mut fewest) = (0, u64::MAX);
    for order in 1..=runs {
        let before = crashes.count();
        let outcome = brought_to_its_end(order, &commands, &trade, &crashes).await?;
        fewest = fewest.min(crashes.count() - before);
        let fate = Fate::of(order);
        shipped += u64::from(fate == Fate::Shipped);
        if let Some(why) = world.wrong(order, outcome) {
            wrong.push(format!("order {order}, {fate:?}: {why}"));
        }
        let marked = trade.fulfilled(order).await?;
        if marked != Some(fate == Fate::Shipped) {
            wrong.push(format!("order {order}, {fate:?}: it is written down as {marked:?}"));
        }
    }
    let crashed = crashes.count();
    store.close().await?;
    Ok(vec![
        Bar::told("sagas, and those of them that ship", format!("{runs}, {shipped}")),
        Bar::told("crashes, and the fewest of a saga", format!("{crashed}, {fewest}")),
        Bar::holds("each was cut off at every point", fewest >= FEWEST, fewest),
        Bar::none("sagas whose money, booking or row isn't as their end", &wrong),
        Bar::holds(
            "money that was kept is that of what was shipped",
            world.kept() == world.owed(runs),
            format!("{} of {} cents", world.kept(), world.owed(runs)),
        ),
    ])
}

/// Lets a saga run until it has an outcome, however often it is cut off; whether it was answered.
async fn brought_to_its_end(
    order: u64,
    commands: &Commands,
    trade: &Arc<Trade>,
    crashes: &Crashes,
) -> anyhow::Result<bool> {
    let ticket = commands.keep(trade.fulfil(order)?, None).await.context("keeping it")?;
    crashes.arm();
    let began = Instant::now();
    loop {
        if let Some(found) = commands.find(ticket).await?
            && let State::Ended(kept) = found.state
        {
            crashes.disarm();
            return Ok(matches!(kept, Kept::Answered(_)));
        }
        if began.elapsed() > PATIENCE {
            bail!("order {order} has no outcome after {PATIENCE:?}");
        }
        let (_stop, stopped) = watch::channel(false);
        let sending = send(commands.clone(), trade.calls(), stopped);
        crashes.until(sending, commands.wait(ticket, PATIENCE)).await;
    }
}
