//! The end of a unit, and how it is until then.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::future::join_all;
use seam::App;
use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode, start};
use crate::support::lab::Lab;
use crate::support::probe::{ProbeClient, ProbeService, pass};
use crate::support::{once, soon, until};

in_modes! {
    a_stop_drains_what_is_in: Inline Arbiter Encoded Remote;
    a_stop_ends_what_goes_on_past_the_drain: Inline Arbiter Encoded Remote;
    an_ill_service_is_not_ready: Inline Arbiter Encoded Remote;
    a_unit_that_is_dropped_leaves_no_threads: Inline Arbiter;
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
        // Refused at once, or dropped where it waits; from elsewhere it waits for another instance.
        let mut read = house.probe.read().deadline(ms(50));
        let refused = match mode {
            Mode::Remote => Poll::Ready(read.await),
            _ => once(&mut read).await,
        };
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
    until("it has said so", async || house.host().ready().await.is_err()).await;
    let ready = house.host().ready().await.unwrap_err();
    assert!(ready.contains("the lab says ill"), "{ready}");
    assert_eq!(house.probe.count().await, Ok(1), "it is asked all the same");
    house.close().await;
}

async fn a_unit_that_is_dropped_leaves_no_threads(mode: Mode) {
    let (lab, folder) = (Lab::open(), tempfile::tempdir().unwrap());
    let name = format!("gone{}", lab.id);
    let app = App::new("suite").service_as::<ProbeService>(&name);
    let settings = format!(
        "[services.{name}]\nlane = \"arbiter\"\n[services.{name}.config]\nlab = {}\n",
        lab.id
    );
    // A thread of its own, whose name says whose it is, whatever the mode.
    let (unit, _) = start(app, Mode::Inline, &settings, &folder).await;
    let client: ProbeClient = unit.client_of(&name).unwrap();
    client.count().await.unwrap();
    let thread = format!("seam-{name}");
    assert!(threads().contains(&thread), "{:?}", threads());
    if mode == Mode::Arbiter {
        // With a turn that runs, and a client that is kept.
        let mut call = client.alone("it".into(), pass("never"));
        assert!(once(&mut call).await.is_pending());
        drop(unit);
        assert!(soon("its outcome", call).await.unwrap_err().unknown());
        drop(client);
    } else {
        drop((unit, client));
    }
    until("the thread is gone", async || !threads().contains(&thread)).await;
}

/// The names of this process's threads.
fn threads() -> Vec<String> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("comm"));
    // One that ends meanwhile has no name any more.
    let names = threads.filter_map(|thread| name(thread.ok()?).ok());
    names.map(|name| name.trim().to_owned()).collect()
}
