//! Events, commands, sagas and schedules: the same in one process, encoded, in two units, with a
//! broker between these, and where calls go by a queue.

mod edges;
mod places;
mod queues;
mod services;

use std::time::Duration;

use seam::prelude::*;

use self::places::{Place, each};
use self::services::{Line, TillError};
use crate::support::until;

fn heard(lines: &[Line]) -> Vec<(u64, u64, bool)> {
    lines.iter().map(|line| (line.key, line.number, line.back)).collect()
}

#[tokio::test]
async fn events_have_one_effect_each_in_the_order_of_their_key() {
    each(async |mut place: Place| {
        for number in 1..=40 {
            place.till.sell(number % 3, number + 100, number % 4 == 0).await.unwrap();
        }
        // Whatever was under way: the app ends, and begins again.
        place = place.again().await;
        for number in 41..=60 {
            place.till.sell(number % 3, number + 100, number % 4 == 0).await.unwrap();
        }
        let all = 60 + 60 / 4;
        until("all events", async || place.ledger.heard().await.unwrap().len() >= all).await;
        let lines = place.ledger.heard().await.unwrap();
        assert_eq!(lines.len(), all);
        for key in 0..3 {
            let of_key: Vec<_> = heard(&lines).into_iter().filter(|line| line.0 == key).collect();
            let sold = (1..=60).filter(|number| number % 3 == key);
            let expected = sold.flat_map(|number| {
                let back = (number % 4 == 0).then_some((key, number + 100, true));
                [Some((key, number + 100, false)), back].into_iter().flatten()
            });
            assert_eq!(of_key, expected.collect::<Vec<_>>(), "both topics in one order");
        }
        let ids = lines.iter().map(|line| line.id.clone());
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "each has an id of its own");
        assert!(ids.iter().all(|id| id.starts_with("till:")));
        place.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_fails_holds_up_its_key_alone_and_becomes_a_dead_letter() {
    each(async |place: Place| {
        place.till.sell(1, 13, false).await.unwrap();
        place.till.sell(1, 21, false).await.unwrap();
        place.till.sell(2, 22, false).await.unwrap();
        let seen = async || heard(&place.ledger.heard().await.unwrap());
        until("the other key", async || seen().await.contains(&(2, 22, false))).await;
        until("the next of its key", async || seen().await.contains(&(1, 21, false))).await;
        assert!(!seen().await.contains(&(1, 13, false)));
        place.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_delivery_writes_in_one_transaction() {
    each(async |place: Place| {
        place.till.sell(1, 14, false).await.unwrap();
        place.till.sell(1, 15, false).await.unwrap();
        let seen = async || heard(&place.ledger.heard().await.unwrap());
        until("the next one", async || seen().await.contains(&(1, 15, false))).await;
        // The first transaction has marked it as handled, so it isn't delivered again.
        assert_eq!(seen().await, [(1, 14, false), (1, 15, false)]);
        place.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_command_is_run_once_per_key_and_its_result_is_kept() {
    each(async |mut place: Place| {
        let ticket = place.till.note("a".into(), 7).await.unwrap();
        assert_eq!(ticket.len(), 32, "{ticket}");
        assert_eq!(place.till.noted("a".into(), 7).await.unwrap(), 1);
        place = place.again().await;
        assert_eq!(place.till.noted("a".into(), 7).await.unwrap(), 1, "it isn't run again");
        assert_eq!(place.till.told(ticket).await.unwrap(), Some(1), "by its id");
        assert_eq!(place.till.told("0".repeat(32)).await.unwrap(), None);
        assert_eq!(place.till.noted("b".into(), 7).await.unwrap(), 2);
        let reused = place.till.note("a".into(), 8).await.unwrap_err();
        assert!(reused.to_string().contains("has the key"), "{reused}");
        let refused = place.till.noted("c".into(), 13).await.unwrap_err();
        assert_eq!(refused, CallError::Service(TillError::Refused { number: 13 }));
        place.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_saga_commits_or_is_undone() {
    each(async |place: Place| {
        place.till.pay(1, 5).await.unwrap();
        place.till.pay(2, 13).await.unwrap();
        place.till.pay(1, 5).await.unwrap();
        until("both", async || place.till.orders().await.unwrap().len() == 2).await;
        assert_eq!(place.till.orders().await.unwrap(), [(1, true), (2, false)]);
        assert_eq!(place.ledger.booked().await.unwrap(), [(1, 5)], "the other was undone");
        assert_eq!(place.ledger.enter(5).await.unwrap(), 2, "once before");
        let called = place.till.settle(3, 5).await.unwrap_err();
        assert!(called.to_string().contains("enqueue"), "{called}");
        place.close().await;
    })
    .await;
}

/// For longer than a saga waits in one turn.
const AWAY: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_saga_waits_for_who_is_away_and_does_nothing_twice() {
    let mut place = Place::split().await;
    place.stop_ledger().await;
    place.till.pay(7, 5).await.unwrap();
    // However long that is, it changes nothing.
    tokio::time::sleep(AWAY).await;
    assert_eq!(place.till.orders().await.unwrap(), [], "neither done nor called off");
    place.start_ledger().await;
    until("its end", async || !place.till.orders().await.unwrap().is_empty()).await;
    assert_eq!(place.till.orders().await.unwrap(), [(7, true)]);
    assert_eq!(place.ledger.paid_out().await.unwrap(), [(7, 1)]);
    place.close().await;
}

#[tokio::test]
async fn what_runs_by_itself_runs_once_each_time() {
    each(async |mut place: Place| {
        until("two ticks", async || place.till.ticks().await.unwrap() >= 2).await;
        place = place.again().await;
        let before = place.till.ticks().await.unwrap();
        until("another one", async || place.till.ticks().await.unwrap() > before).await;
        place.close().await;
    })
    .await;
}
