//! Starts that fail.

use std::sync::atomic::Ordering;

use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::lab::Lab;
use crate::support::probe::Act;
use crate::support::{once, until};

in_modes! {
    a_service_is_down_after_five_failed_starts: Inline Arbiter Encoded Remote;
    a_panic_in_start_is_a_failed_start: Inline Arbiter;
    a_unit_starts_although_a_service_does_not_yet: Inline Arbiter Encoded Remote;
}

async fn a_service_is_down_after_five_failed_starts(mode: Mode) {
    let house = House::open(mode).await;
    house.lab.failing_starts.store(u32::MAX, Ordering::SeqCst);
    house.probe.alone("it".into(), vec![Act::Panic]).await.unwrap_err();
    // Waits for the next instance, within its deadline, until there is none to come.
    let mut waiting = house.probe.alone("waiting".into(), vec![]);
    assert!(once(&mut waiting).await.is_pending());
    let refused = waiting.await.unwrap_err();
    assert_eq!(house.lab.starts.load(Ordering::SeqCst), 6);
    let CallError::NotExecuted(NotExecuted::Unavailable { reason }) = refused else {
        panic!("{refused}")
    };
    assert!(reason.contains("the lab says no"), "{reason}");
    let service = house.service().await;
    assert_eq!(service.state, "down");
    assert!(service.reason.unwrap().contains("the lab says no"));
    let ready = house.host().ready().await.unwrap_err();
    assert!(ready.contains("probe") && ready.contains("the lab says no"), "{ready}");
    let at_once = house.probe.count().await.unwrap_err();
    assert!(at_once.not_executed(), "{at_once}");
    assert_eq!(house.neighbour.count().await, Ok(1));
    house.lab.failing_starts.store(0, Ordering::SeqCst);
    until("it is tried again", async || house.service().await.state == "running").await;
    // From elsewhere, its breaker may be open for a while yet.
    until("it is called again", async || house.probe.count().await == Ok(1)).await;
    house.host().ready().await.unwrap();
    house.close().await;
}

async fn a_panic_in_start_is_a_failed_start(mode: Mode) {
    let house = House::open(mode).await;
    house.lab.panicking_starts.store(2, Ordering::SeqCst);
    house.probe.alone("it".into(), vec![Act::Panic]).await.unwrap_err();
    assert_eq!(house.probe.count().await, Ok(1), "the third start succeeds within the deadline");
    assert_eq!(house.lab.starts.load(Ordering::SeqCst), 4);
    house.close().await;
}

async fn a_unit_starts_although_a_service_does_not_yet(mode: Mode) {
    let prepare = |lab: &Lab| lab.failing_starts.store(3, Ordering::SeqCst);
    let house = House::prepared(mode, "", prepare).await;
    assert_eq!(house.probe.count().await, Ok(1), "it waits for the start within its deadline");
    assert_eq!(house.lab.starts.load(Ordering::SeqCst), 4);
    house.close().await;
}
