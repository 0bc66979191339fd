//! The end of a unit, and how it is until then.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::future::join_all;
use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::probe::pass;
use crate::support::{once, soon, until};

in_modes! {
    a_stop_drains_what_is_in: Inline Arbiter Encoded Remote;
    a_stop_ends_what_goes_on_past_the_drain: Inline Arbiter Encoded Remote;
    an_ill_service_is_not_ready: Inline Arbiter Encoded Remote;
}

async fn a_stop_drains_what_is_in(mode: Mode) {
    let house = Arc::new(House::open(mode).await);
    let mut calls = vec![house.probe.alone("first".into(), pass("go"))];
    calls.extend((0..10).map(|number| house.probe.alone(format!("n{number}"), vec![])));
    for call in &mut calls {
        assert!(once(call).await.is_pending());
    }
    house.settles_at(11).await;
    let stop = tokio::spawn({
        let house = Arc::clone(&house);
        async move { house.host().stop().await }
    });
    until("new calls are refused", async || {
        // Refused at once, or dropped where it waits.
        let refused = once(&mut house.probe.read()).await;
        matches!(refused, Poll::Ready(Err(error)) if error.not_executed())
    })
    .await;
    assert!(!stop.is_finished());
    house.lab.release("go");
    let answers = join_all(calls).await;
    let expected: Vec<_> = (1..=11).map(Ok).collect();
    assert_eq!(answers, expected);
    soon("the end", stop).await.unwrap();
    assert_eq!(house.lab.stops.load(Ordering::SeqCst), 1);
    assert_eq!(house.lab.clashes.load(Ordering::SeqCst), 0);
    assert_eq!(house.lab.log().last().unwrap(), "stop");
    assert!(house.probe.read().await.unwrap_err().not_executed());
    Arc::into_inner(house).unwrap().close().await;
}

async fn a_stop_ends_what_goes_on_past_the_drain(mode: Mode) {
    let house = House::open(mode).await;
    let mut it = house.probe.alone("it".into(), pass("never"));
    let mut waiting = house.probe.alone("waiting".into(), vec![]);
    assert!(once(&mut it).await.is_pending());
    assert!(once(&mut waiting).await.is_pending());
    house.settles_at(2).await;
    soon("the end", house.host().stop_within(ms(50))).await;
    let it = soon("its outcome", it).await.unwrap_err();
    assert!(it.unknown(), "{it}");
    let waiting = soon("its outcome", waiting).await.unwrap_err();
    assert!(mode == Mode::Remote || waiting.not_executed(), "{waiting}");
    assert_eq!(house.lab.stops.load(Ordering::SeqCst), 0, "it wasn't alone");
    assert!(!house.lab.saw("begin waiting"));
    house.close().await;
}

async fn an_ill_service_is_not_ready(mode: Mode) {
    let house = House::open(mode).await;
    house.host().ready().await.unwrap();
    house.lab.note("ill");
    let ready = house.host().ready().await.unwrap_err();
    assert!(ready.contains("the lab says ill"), "{ready}");
    assert_eq!(house.probe.count().await, Ok(1), "it is asked all the same");
    house.close().await;
}
