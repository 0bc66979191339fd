//! Services that come and go while their unit runs, and what callers see of that.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use seam_core::context::CallContext;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::remote::ReplyBody;
use seam_core::time::Clock;
use seam_wire::{LinkState, Offering, Server, ServerConfig};

use self::support::{
    Caller1, ECHO, LATER, POOR, Worker, contract, eventually, identity, other_contract, serve_with,
    text, within,
};

const ANYWHERE: &str = "127.0.0.1:0";

/// A server whose worker is active or not, and a caller.
async fn pair(active: bool) -> (Server, Arc<Worker>, Caller1) {
    let worker = Worker::new(contract());
    let mut config = ServerConfig::new(identity("pay").instance(2));
    config.inactive = if active { vec![] } else { vec![support::worker()] };
    let server = serve_with(config, ANYWHERE, &worker).await;
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    (server, worker, caller)
}

/// Why a call was refused as unavailable.
fn refused(result: Result<ReplyBody, Failure>) -> String {
    match result {
        Err(Failure::NotExecuted(NotExecuted::Unavailable { reason })) => reason.into(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_becomes_usable_and_unusable_without_a_new_connection() {
    let (server, worker, caller) = pair(false).await;
    let state = caller.link.state();
    let LinkState::Connected { instance, launch, .. } = state.borrow().clone() else {
        panic!("not connected")
    };
    assert_eq!(instance, 2);
    assert!(!caller.service.is_offered());
    assert_eq!(refused(within(caller.call(ECHO, "")).await), "`worker` isn't active in pay.2");
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    caller.service.follow(move |is| tell.lock().push(is));

    let offers = server.offers();
    assert!(!offers.set(seam_core::name::ServiceId::of("nobody").unwrap(), true));
    for round in 0..3 {
        assert!(offers.set(support::worker(), true) && offers.is_active(support::worker()));
        eventually("it is offered", || caller.service.is_offered()).await;
        assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
        // What was taken goes on after it has left.
        let name = format!("held {round}");
        let held = caller.call(LATER, &name);
        worker.has_seen(2 * round + 2).await;
        assert!(offers.set(support::worker(), false));
        eventually("it is gone", || !caller.service.is_offered()).await;
        refused(within(caller.call(ECHO, "")).await);
        worker.answer(&name, "done");
        assert_eq!(text(within(held).await), "Answer done");
    }
    assert_eq!(worker.seen.lock().len(), 6);
    let (on, off) = (Offering::Well, Offering::Nothing);
    assert_eq!(*told.lock(), [off, on, off, on, off, on, off]);
    let state = state.borrow();
    assert!(matches!(&*state, LinkState::Connected { launch: now, .. } if *now == launch));
}

#[tokio::test]
async fn who_is_not_well_is_called_all_the_same_and_says_so() {
    let (server, _worker, caller) = pair(true).await;
    assert_eq!(caller.service.offering(), Offering::Well);
    let offers = server.offers();
    assert!(!offers.set_well(seam_core::name::ServiceId::of("nobody").unwrap(), false));
    assert!(offers.set_well(support::worker(), false));
    eventually("it is known", || caller.service.offering() == Offering::Unwell).await;
    assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
    // Who comes later gets to know it, too, and a contract that is called later.
    let late = caller.link.service(support::worker(), other_contract());
    assert_eq!(late.offering(), Offering::Unwell);
    let other = Caller1::connect(server.address(), &Clock::fast()).await;
    eventually("it is known", || other.service.offering() == Offering::Unwell).await;
    offers.set_well(support::worker(), true);
    for service in [&caller.service, &other.service] {
        eventually("it is well again", || service.offering() == Offering::Well).await;
    }
    // It may be neither offered nor well.
    offers.set_well(support::worker(), false);
    offers.set(support::worker(), false);
    eventually("it is gone", || caller.service.offering() == Offering::Nothing).await;
    offers.set(support::worker(), true);
    eventually("it is back", || caller.service.offering() == Offering::Unwell).await;
}

#[tokio::test]
async fn the_edges_own_connections_are_told_as_well() {
    let (server, worker, caller) = pair(false).await;
    // The thread's own begins with the first call.
    refused(within(caller.call_of_edge(ECHO, "")).await);
    let offers = server.offers();
    for n in 0..50 {
        offers.set(support::worker(), true);
        eventually("it is offered", || caller.service.is_offered()).await;
        assert_eq!(text(within(caller.call_of_edge(ECHO, "on")).await), "Answer on");
        offers.set(support::worker(), false);
        eventually("it is gone", || !caller.service.is_offered()).await;
        // Also by a connection that hasn't heard of it yet.
        let why = refused(within(caller.call_of_edge(ECHO, "")).await);
        assert!(why.contains("isn't active"), "{why}");
        assert_eq!(worker.seen.lock().len(), n + 1);
    }
}

#[tokio::test]
async fn it_is_told_before_calls_fail_for_it() {
    for lost in [true, false] {
        let (server, worker, caller) = pair(true).await;
        let offered = Arc::new(AtomicBool::new(false));
        let bit = Arc::clone(&offered);
        caller.service.follow(move |is| bit.store(is.is_some(), Ordering::SeqCst));
        assert!(offered.load(Ordering::SeqCst) && caller.service.is_offered());
        let held = caller.call(LATER, "held");
        worker.has_seen(1).await;
        if lost {
            drop(server);
            let lost = within(held).await;
            assert!(!offered.load(Ordering::SeqCst) && !caller.service.is_offered());
            assert!(matches!(lost, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))));
            continue;
        }
        let drained = tokio::spawn(server.drain());
        eventually("the go-away has come", || !offered.load(Ordering::SeqCst)).await;
        refused(within(caller.call(ECHO, "")).await);
        assert!(!drained.is_finished());
        worker.answer("held", "done");
        assert_eq!(text(within(held).await), "Answer done");
        within(drained).await.unwrap();
    }
}

#[tokio::test]
async fn a_contract_with_some_methods_in_common_is_offered() {
    let worker = Worker::new(other_contract());
    let server = serve_with(ServerConfig::new(identity("pay")), ANYWHERE, &worker).await;
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    assert!(caller.service.is_offered());
    let late = caller.link.service(support::worker(), contract());
    assert!(late.is_offered(), "also to who asks once the link stands");
}

#[tokio::test]
async fn degraded_and_no_retry_cross_the_wire() {
    let (_server, worker, caller) = pair(true).await;
    assert!(!within(caller.call(ECHO, "rich")).await.unwrap().degraded);
    assert!(within(caller.call(ECHO, POOR)).await.unwrap().degraded);
    assert!(!within(caller.call(ECHO, "rich")).await.unwrap().degraded);
    for no_retry in [true, false] {
        let deadline = Clock::fast().now().after(std::time::Duration::from_secs(5));
        let mut context = CallContext::root().with_deadline(deadline);
        context.no_retry = no_retry;
        assert_eq!(context.child().no_retry, no_retry);
        within(caller.call_in(&context, ECHO, "")).await.unwrap();
        let seen = worker.contexts.lock().last().unwrap().clone();
        assert_eq!(seen.ends_with(" once"), no_retry, "{seen}");
    }
}
