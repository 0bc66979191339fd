//! Calls of the edge, which leave by a connection of their thread's own.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::sync::Arc;

use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::remote::{RemoteReply, ReplyBody};
use seam_core::time::Clock;
use seam_wire::{LinkState, Server, ServerConfig};

use self::support::{
    Caller1, ECHO, LATER, Worker, contract, identity, serve_at, serve_with, text, within,
};

const ANYWHERE: &str = "127.0.0.1:0";

/// A server that grants each connection one call at a time, and a caller.
async fn pair() -> (Server, Arc<Worker>, Caller1) {
    let worker = Worker::new(contract());
    let mut config = ServerConfig::new(identity("pay"));
    config.identity.window = 1;
    let server = serve_with(config, ANYWHERE, &worker).await;
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    (server, worker, caller)
}

fn is_refused(result: Result<ReplyBody, Failure>) -> bool {
    match result {
        Ok(_) => false,
        Err(Failure::NotExecuted(NotExecuted::Overloaded { .. })) => true,
        Err(failure) => panic!("{failure:?}"),
    }
}

/// Calls as the edge until there is an answer, although the link's own connection is full: then
/// the thread has one of its own.
async fn near_stands(caller: &Caller1) {
    let answered = async {
        while is_refused(caller.call_of_edge(ECHO, "").await) {
            tokio::task::yield_now().await;
        }
    };
    within(answered).await;
}

/// The caller's link with its only credit taken.
async fn fill(worker: &Worker, caller: &Caller1) -> RemoteReply {
    let held = caller.call(LATER, "held");
    worker.has_seen(1).await;
    assert!(is_refused(within(caller.call(ECHO, "")).await));
    held
}

/// A call on the link's own connection, and one of the edge on this thread's; both are held there.
async fn under_way(worker: &Worker, caller: &Caller1) -> (RemoteReply, RemoteReply) {
    within(caller.call_of_edge(ECHO, "")).await.unwrap();
    let held = fill(worker, caller).await;
    near_stands(caller).await;
    let seen = worker.seen.lock().len();
    let reply = caller.call_of_edge(LATER, "a");
    worker.has_seen(seen + 1).await;
    (held, reply)
}

#[tokio::test]
async fn the_edge_has_a_connection_of_its_own_on_each_thread() {
    let (_server, worker, caller) = pair().await;
    assert_eq!(text(within(caller.call_of_edge(ECHO, "first")).await), "Answer first");
    let held = fill(&worker, &caller).await;
    near_stands(&caller).await;
    let caller = Arc::new(caller);
    let elsewhere = Arc::clone(&caller);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // The other thread's, which is free, isn't this one's.
        runtime.block_on(async {
            assert!(is_refused(within(elsewhere.call_of_edge(ECHO, "")).await));
            near_stands(&elsewhere).await;
        });
    });
    within(tokio::task::spawn_blocking(|| thread.join())).await.unwrap().unwrap();
    assert!(is_refused(within(caller.call(ECHO, "")).await), "the program has the link's only");
    worker.answer("held", "done");
    assert_eq!(text(within(held).await), "Answer done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_change_threads_have_none() {
    let (_server, worker, caller) = pair().await;
    let _held = fill(&worker, &caller).await;
    tokio::spawn(async move {
        for _ in 0..200 {
            assert!(is_refused(within(caller.call_of_edge(ECHO, "")).await));
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn where_it_does_not_stand_calls_go_by_the_link() {
    let clock = Clock::fast();
    let worker = Worker::new(contract());
    let server = serve_at(ANYWHERE, &worker, &clock).await;
    let address = server.address().clone();
    let caller = Caller1::connect(&address, &clock).await;
    for n in 0..50 {
        // From the first call on, while the thread's own is being dialled.
        assert_eq!(
            text(within(caller.call_of_edge(ECHO, n.to_string())).await),
            format!("Answer {n}")
        );
    }
    drop(server);
    let gone = async {
        let mut state = caller.link.state();
        state.wait_for(|state| matches!(state, LinkState::Down { .. })).await.unwrap();
        while !matches!(caller.call_of_edge(ECHO, "").await, Err(Failure::NotExecuted(_))) {}
    };
    within(gone).await;
    let refused = within(caller.call_of_edge(ECHO, "")).await;
    let unavailable = matches!(refused, Err(Failure::NotExecuted(NotExecuted::Unavailable { .. })));
    assert!(unavailable, "{refused:?}");

    let again = Worker::new(contract());
    let _server = serve_at(&address.to_string(), &again, &clock).await;
    within(caller.link.connected()).await;
    for n in 0..50 {
        // Once the link stands, nobody waits for the other.
        assert_eq!(
            text(within(caller.call_of_edge(ECHO, n.to_string())).await),
            format!("Answer {n}")
        );
    }
}

#[tokio::test]
async fn draining_answers_what_was_taken() {
    let (server, worker, caller) = pair().await;
    let (_held, reply) = under_way(&worker, &caller).await;
    let drained = tokio::spawn(server.drain());
    let refused = loop {
        match within(caller.call_of_edge(ECHO, "b")).await {
            Err(Failure::NotExecuted(NotExecuted::Overloaded { .. })) => {
                tokio::task::yield_now().await;
            }
            other => break other,
        }
    };
    let unavailable = matches!(refused, Err(Failure::NotExecuted(NotExecuted::Unavailable { .. })));
    assert!(unavailable, "{refused:?}");
    assert!(!drained.is_finished());
    for name in ["a", "held"] {
        worker.answer(name, "A");
    }
    assert_eq!(text(within(reply).await), "Answer A");
    within(drained).await.unwrap();
}

#[tokio::test]
async fn a_dropped_link_leaves_nobody_waiting() {
    let (_server, worker, caller) = pair().await;
    let (_held, reply) = under_way(&worker, &caller).await;
    drop(caller.link);
    let lost = within(reply).await;
    assert!(matches!(lost, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    worker.has_lost(2).await;
}

#[tokio::test]
async fn a_thread_that_ends_ends_its_connections() {
    let (_server, worker, caller) = pair().await;
    let caller = Arc::new(caller);
    let seen = Arc::clone(&worker);
    let elsewhere = Arc::clone(&caller);
    let held = fill(&worker, &caller).await;
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            near_stands(&elsewhere).await;
            let before = seen.seen.lock().len();
            let _ = tell.send(elsewhere.call_of_edge(LATER, "a"));
            seen.has_seen(before + 1).await;
        });
    });
    within(tokio::task::spawn_blocking(|| thread.join())).await.unwrap().unwrap();
    let reply = told.recv().unwrap();
    let lost = within(reply).await;
    assert!(matches!(lost, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    worker.has_lost(1).await;
    worker.answer("held", "done");
    within(held).await.unwrap();
}
