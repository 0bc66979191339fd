//! The disk of who publishes and who hears gets full, and has room again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::time::sleep;

use super::{times, wait};
use crate::bar::Bar;
use crate::disk::Disk;
use crate::feed::{self, Heard, SinkClient, SourceClient, TOGETHER, Tellers};

/// In MiB.
const SIZE: u64 = 128;
const TELLERS: usize = 16;
const ROUNDS: u32 = 5;
/// How long it may take, once there is room, until something is acknowledged, in seconds.
const MOST: f64 = 2.0;
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let disk = Disk::new(SIZE)?;
    let unit = feed::start("both", feed::config(&disk.at().join("data"), TOGETHER)).await?;
    let (source, sink): (SourceClient, SinkClient) = (unit.client()?, unit.client()?);
    let tellers = Tellers::begin(&source, TELLERS);
    let (mut again, mut caught_up) = (0.0_f64, 0.0_f64);
    let rounds = times(ROUNDS, scale);
    for _ in 0..rounds {
        wait(0.5).await;
        disk.fill()?;
        wait(2.0).await;
        let (before, room) = (tellers.count(), Instant::now());
        disk.free()?;
        while tellers.count() == before {
            ensure!(room.elapsed() < PATIENCE, "nothing is acknowledged, though there is room");
            sleep(Duration::from_millis(5)).await;
        }
        again = again.max(room.elapsed().as_secs_f64());
        tellers.pause(true);
        let told = tellers.told().acknowledged;
        while sink.count().await? < told.len() as u64 {
            ensure!(room.elapsed() < PATIENCE, "nothing is handed over, though there is room");
            sleep(Duration::from_millis(20)).await;
        }
        caught_up = caught_up.max(room.elapsed().as_secs_f64());
        tellers.pause(false);
    }
    tellers.pause(true);
    // Those under way have ended by then, one way or the other.
    wait(2.0).await;
    let told = tellers.told();
    let there: BTreeSet<u64> = source.told().await?.into_iter().collect();
    let began = Instant::now();
    let heard = loop {
        let heard: BTreeMap<u64, u64> =
            sink.heard().await?.iter().map(|Heard { number, times }| (*number, *times)).collect();
        if heard.len() >= there.len() || began.elapsed() > PATIENCE {
            break heard;
        }
        sleep(Duration::from_millis(50)).await;
    };
    drop(tellers);
    unit.stop().await;
    let mut codes = BTreeMap::<_, u32>::new();
    told.refused.iter().for_each(|(_, code)| *codes.entry(code.as_str()).or_default() += 1);
    let codes: Vec<_> = codes.iter().map(|(code, count)| format!("{count} × {code}")).collect();
    let other: Vec<_> = told.refused.iter().filter(|(_, code)| code != "store_full").collect();
    let other: Vec<_> = other.iter().map(|(number, code)| format!("{number}: {code}")).collect();
    let unknown: Vec<_> =
        told.unknown.iter().map(|(number, why)| format!("{number}: {why}")).collect();
    let lost: Vec<_> = told.acknowledged.difference(&there).collect();
    let lied: Vec<_> =
        told.refused.iter().map(|(number, _)| number).filter(|n| there.contains(n)).collect();
    let unheard: Vec<_> = there.iter().filter(|number| !heard.contains_key(number)).collect();
    let doubled: Vec<_> =
        heard.iter().filter(|(_, times)| **times != 1).map(|(number, _)| number).collect();
    let unsaid: Vec<_> = heard.keys().filter(|number| !there.contains(number)).collect();
    Ok(vec![
        Bar::told("how often the disk was full", rounds),
        Bar::told("acknowledged", told.acknowledged.len()),
        Bar::told("refused", codes.join(", ")),
        Bar::none("refused as something else than `store_full`", &other),
        Bar::told("… and those of which it isn't known", unknown.len()),
        Bar::at_most("with room again, something is acknowledged after, s", MOST, again),
        Bar::told("… and all is handed over after, s", format!("{caught_up:.2}")),
        Bar::none("acknowledged and gone", &lost),
        Bar::none("refused, and there", &lied),
        Bar::none("there and never heard of", &unheard),
        Bar::none("heard of and not there", &unsaid),
        Bar::none("heard of twice", &doubled),
    ])
}
