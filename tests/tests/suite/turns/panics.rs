//! A panic costs one call, never a neighbour.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::probe::{Act, pass};
use crate::support::{once, until};

in_modes! {
    a_panic_in_an_exclusive_turn_costs_its_own_call: Inline Arbiter Encoded Remote;
    a_panic_after_an_await_costs_its_own_call: Inline Arbiter Encoded Remote;
    calls_in_line_wait_for_the_next_instance: Inline Arbiter Encoded Remote;
    a_panic_in_a_shared_turn_leaves_the_state: Inline Arbiter Encoded Remote;
    running_shared_turns_finish_before_the_next_instance: Inline Arbiter Encoded Remote;
    panics_under_load: Inline Arbiter Encoded Remote;
    a_rebuilt_actor_that_panics_at_once_backs_off: Inline Arbiter;
}

const PANICKED: CallError<crate::support::probe::ProbeError> =
    CallError::Unknown(Unknown::Panicked);

async fn a_panic_in_an_exclusive_turn_costs_its_own_call(mode: Mode) {
    panic_alone(mode, vec![Act::Panic]).await;
}

async fn a_panic_after_an_await_costs_its_own_call(mode: Mode) {
    panic_alone(mode, vec![Act::Yield(1), Act::Sleep(1), Act::Panic]).await;
}

async fn panic_alone(mode: Mode, acts: Vec<Act>) {
    let house = House::open(mode).await;
    house.neighbour.count().await.unwrap();
    house.probe.count().await.unwrap();
    let outcome = house.probe.alone("it".into(), acts).await;
    assert_eq!(outcome, Err(PANICKED));
    assert_eq!(house.probe.count().await, Ok(1), "the state is built again");
    assert_eq!(house.neighbour.count().await, Ok(2), "the neighbour kept its own");
    assert_eq!(house.lab.starts.load(Ordering::SeqCst), 2);
    assert_eq!(house.service().await.restarts, 1);
    assert_eq!(house.service().await.state, "running");
    house.close().await;
}

async fn calls_in_line_wait_for_the_next_instance(mode: Mode) {
    let house = House::open(mode).await;
    let mut it = house.probe.alone("it".into(), vec![Act::Pass("go".into()), Act::Panic]);
    assert!(once(&mut it).await.is_pending());
    house.settles_at(1).await;
    let mut waiting: Vec<_> =
        (0..20).map(|number| house.probe.alone(format!("n{number}"), vec![])).collect();
    for call in &mut waiting {
        assert!(once(call).await.is_pending());
    }
    house.settles_at(21).await;
    house.lab.release("go");
    assert_eq!(it.await, Err(PANICKED));
    let outcomes = join_all(waiting).await;
    let expected: Vec<_> = (1..=20).map(Ok).collect();
    assert_eq!(outcomes, expected);
    house.close().await;
}

async fn a_panic_in_a_shared_turn_leaves_the_state(mode: Mode) {
    let house = House::open(mode).await;
    house.probe.count().await.unwrap();
    let at_once = house.probe.beside("it".into(), vec![Act::Panic]).await;
    let later = house.probe.through("it".into(), vec![Act::Yield(1), Act::Panic]).await;
    assert_eq!((at_once, later), (Err(PANICKED), Err(PANICKED)));
    assert_eq!(house.probe.count().await, Ok(2));
    assert_eq!(house.service().await.restarts, 0);
    house.close().await;
}

/// Abandoned, for a panic leaves no shared turn beside it: the limit discards the instance.
async fn running_shared_turns_finish_before_the_next_instance(mode: Mode) {
    let house = House::with(mode, "turn_limit = \"100ms\"").await;
    house.probe.count().await.unwrap();
    let mut reader = house.probe.beside("reader".into(), pass("go"));
    assert!(once(&mut reader).await.is_pending());
    until("it runs", async || house.lab.saw("begin reader")).await;
    let outcome = house.probe.through("it".into(), vec![Act::Hang]).await;
    assert_eq!(outcome, Err(CallError::Unknown(Unknown::Abandoned)));
    let mut next = house.probe.count();
    assert!(once(&mut next).await.is_pending());
    house.settles_at(2).await;
    assert_eq!(house.lab.starts.load(Ordering::SeqCst), 1);
    house.lab.release("go");
    assert_eq!(reader.await, Ok(1), "the reader still has the old one");
    assert_eq!(next.await, Ok(1), "calls in line go to a new one");
    house.close().await;
}

async fn panics_under_load(mode: Mode) {
    let house = House::with(mode, "mailbox = 500").await;
    let tasks: Vec<_> = (0..200_u32)
        .map(|number| {
            let (probe, name) = (house.probe.clone(), format!("n{number}"));
            let mut acts = vec![Act::Yield(number % 3)];
            // In shared turns, so that no backoff adds up.
            let panics = number % 10 == 1;
            if panics {
                acts.push(Act::Panic);
            }
            tokio::spawn(async move {
                let outcome = match number % 2 {
                    0 => probe.alone(name, acts).await,
                    _ => probe.beside(name, acts).await,
                };
                (panics, outcome)
            })
        })
        .collect();
    for task in join_all(tasks).await {
        let (panics, outcome) = task.unwrap();
        assert_eq!(outcome.err(), panics.then_some(PANICKED));
    }
    assert_eq!(house.neighbour.count().await, Ok(1));
    assert_eq!(house.probe.read().await, Ok(100));
    house.close().await;
}

async fn a_rebuilt_actor_that_panics_at_once_backs_off(mode: Mode) {
    let house = House::open(mode).await;
    let began = std::time::Instant::now();
    for _ in 0..3 {
        let outcome = house.probe.alone("it".into(), vec![Act::Panic]).await;
        assert_eq!(outcome, Err(PANICKED));
    }
    // At once, then about 100 ms; the third waits for the second backoff in the next call.
    assert_eq!(house.probe.count().await, Ok(1));
    assert!(began.elapsed() >= ms(80 + 160), "{:?}", began.elapsed());
    assert_eq!(house.service().await.restarts, 3);
    house.close().await;
}
