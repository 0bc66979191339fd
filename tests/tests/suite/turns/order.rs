//! Who is in with whom, and in which order.

use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::future::join_all;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::probe::{Act, pass};
use crate::support::{once, soon};

in_modes! {
    turns_begin_in_the_order_of_admission: Inline Arbiter Encoded Remote;
    exclusive_turns_are_alone: Inline Arbiter Encoded Remote;
    shared_turns_run_together: Inline Arbiter Encoded Remote;
    a_shared_turn_does_not_overtake_an_exclusive_one: Inline Arbiter Encoded Remote;
    one_client_counts_up: Inline Arbiter Encoded Remote;
}

async fn turns_begin_in_the_order_of_admission(mode: Mode) {
    let house = House::open(mode).await;
    let mut first = Box::pin(house.probe.alone("first".into(), pass("go")));
    assert!(once(&mut first).await.is_pending());
    house.settles_at(1).await;
    let mut calls = Vec::new();
    let mut names = vec!["first".to_owned()];
    for number in 0..60 {
        let name = format!("n{number}");
        names.push(name.clone());
        let acts = vec![Act::Yield(number % 3)];
        // Their messages differ in type, so each is boxed.
        let mut call: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = match number % 3 {
            0 => Box::pin(house.probe.alone(name, acts)),
            1 => Box::pin(house.probe.beside(name, acts)),
            _ => Box::pin(house.probe.through(name, acts)),
        };
        assert!(once(&mut call).await.is_pending());
        calls.push(call);
    }
    house.settles_at(61).await;
    house.lab.release("go");
    assert_eq!(first.await, Ok(1));
    for outcome in join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(house.lab.all("begin "), names);
    house.close().await;
}

async fn exclusive_turns_are_alone(mode: Mode) {
    let house = House::with(mode, "mailbox = 500").await;
    let tasks = (0..300).map(|number: u32| {
        let (probe, name) = (house.probe.clone(), format!("n{number}"));
        tokio::spawn(async move {
            let acts = vec![Act::Yield(number % 4)];
            match number % 5 {
                0 | 3 => probe.alone(name, acts).await,
                1 => probe.through(name, acts).await,
                _ => probe.beside(name, acts).await,
            }
        })
    });
    for outcome in join_all(tasks).await {
        outcome.unwrap().unwrap();
    }
    assert_eq!(house.lab.clashes.load(Ordering::SeqCst), 0);
    assert_eq!(house.probe.read().await, Ok(120));
    house.close().await;
}

async fn shared_turns_run_together(mode: Mode) {
    let house = House::open(mode).await;
    let meeting = || vec![Act::Meet("all".into(), 3)];
    let outcomes = tokio::join!(
        house.probe.beside("a".into(), meeting()),
        house.probe.through("b".into(), meeting()),
        house.probe.beside("c".into(), meeting()),
    );
    assert_eq!(outcomes, (Ok(0), Ok(0), Ok(0)));
    assert_eq!(house.lab.most_shared.load(Ordering::SeqCst), 3);
    house.close().await;
}

async fn a_shared_turn_does_not_overtake_an_exclusive_one(mode: Mode) {
    let house = House::open(mode).await;
    let mut reader = house.probe.beside("reader".into(), pass("go"));
    let mut writer = house.probe.alone("writer".into(), vec![]);
    let mut late = house.probe.beside("late".into(), vec![]);
    assert_eq!(once(&mut reader).await, Poll::Pending);
    house.settles_at(1).await;
    assert_eq!(once(&mut writer).await, Poll::Pending);
    assert_eq!(once(&mut late).await, Poll::Pending);
    house.settles_at(3).await;
    assert!(!house.lab.saw("begin late"), "it must not pass the writer, who waits before it");
    house.lab.release("go");
    let outcomes = soon("all three", async { tokio::join!(reader, writer, late) }).await;
    assert_eq!(outcomes, (Ok(0), Ok(1), Ok(1)));
    assert_eq!(house.lab.all("begin "), ["reader", "writer", "late"]);
    house.close().await;
}

async fn one_client_counts_up(mode: Mode) {
    let house = House::open(mode).await;
    for expected in 1..=200 {
        assert_eq!(house.probe.count().await, Ok(expected));
    }
    house.close().await;
}
