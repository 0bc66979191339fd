//! A link and a server over real sockets on this machine.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use seam_core::context::CallContext;
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::time::Clock;
use seam_wire::{Address, LinkState, ListenError, Server, ServerConfig};
use tokio::runtime::Handle;

use self::support::{
    Caller1, ECHO, FULL, LATER, REFUSE, Worker, contract, eventually, identity, other_contract,
    serve_at, serve_with, text, within, worker,
};

const ANYWHERE: &str = "127.0.0.1:0";

async fn pair() -> (Server, Arc<Worker>, Caller1) {
    let clock = Clock::fast();
    let worker = Worker::new(contract());
    let server = serve_at(ANYWHERE, &worker, &clock).await;
    let caller = Caller1::connect(server.address(), &clock).await;
    (server, worker, caller)
}

#[tokio::test]
async fn outcomes_cross_the_wire() {
    let folder = std::env::temp_dir().join(format!("seam-wire-{:x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    let clock = Clock::fast();
    for address in [ANYWHERE, &format!("unix:{}/pay.sock", folder.display())] {
        let worker = Worker::new(contract());
        let server = serve_at(address, &worker, &clock).await;
        let caller = Caller1::connect(server.address(), &clock).await;
        assert_eq!(text(within(caller.call(ECHO, "hello")).await), "Answer hello");
        assert_eq!(text(within(caller.call(REFUSE, "")).await), "ServiceError no");
        let full = NotExecuted::Overloaded { retry_after: Duration::from_millis(250) };
        assert_eq!(within(caller.call(FULL, "")).await, Err(full.into()));
        let later = caller.call(LATER, "a");
        worker.has_seen(4).await;
        worker.answer("a", "A");
        assert_eq!(text(within(later).await), "Answer A");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_context_crosses_the_wire() {
    let (_server, worker, caller) = pair().await;
    let mut context =
        CallContext::root().with_deadline(Clock::fast().now().after(Duration::from_secs(5)));
    context.principal = Some("ada".into());
    assert!(context.chain.push(ServiceId::of("order").unwrap()));
    within(caller.call_in(&context, ECHO, "")).await.unwrap();
    within(caller.call(ECHO, "")).await.unwrap();
    assert_eq!(
        *worker.contexts.lock(),
        [r#"the program [order] Some("ada")"#, "the program [] None"]
    );
}

#[tokio::test]
async fn calls_arrive_in_their_order_and_answers_in_any() {
    let (_server, worker, caller) = pair().await;
    let replies: Vec<_> = (0..500).map(|n| caller.call(LATER, n.to_string())).collect();
    worker.has_seen(500).await;
    let expected: Vec<_> = (0..500).map(|n| n.to_string().into_bytes()).collect();
    assert_eq!(*worker.seen.lock(), expected);
    for n in (0..500).rev() {
        worker.answer(&n.to_string(), &format!("<{n}>"));
    }
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(text(within(reply).await), format!("Answer <{n}>"));
    }
}

#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    let (_server, worker, caller) = pair().await;
    let reply = caller.call(LATER, "a");
    worker.has_seen(1).await;
    drop(reply);
    within(worker.has_lost(1)).await;
    assert_eq!(text(within(caller.call(ECHO, "still here")).await), "Answer still here");
}

#[tokio::test]
async fn an_answer_that_has_come_survives_its_connection() {
    let (server, _worker, caller) = pair().await;
    let address = server.address().clone();
    let (first, left) = (caller.call(ECHO, "first"), caller.call(ECHO, "left"));
    // Answers to these come in order: the ones before it are there as well.
    assert_eq!(text(within(caller.call(ECHO, "last")).await), "Answer last");
    drop(server);
    let mut state = caller.link.state();
    within(state.wait_for(|state| matches!(state, LinkState::Down { .. }))).await.unwrap();
    drop(left);
    let worker = Worker::new(contract());
    let _server = serve_at(&address.to_string(), &worker, &Clock::fast()).await;
    within(caller.link.connected()).await;
    assert_eq!(text(within(caller.call(ECHO, "next")).await), "Answer next");
    assert_eq!(text(within(first).await), "Answer first");
}

#[tokio::test]
async fn a_link_leads_elsewhere_once_its_connection_has_ended() {
    let (first, first_worker, caller) = pair().await;
    let clock = Clock::fast();
    let second_worker = Worker::new(contract());
    let second = serve_at(ANYWHERE, &second_worker, &clock).await;
    caller.link.lead(Some(second.address().clone()));
    let under_way = caller.call(LATER, "a");
    first_worker.has_seen(1).await;
    first_worker.answer("a", "done");
    assert_eq!(text(within(under_way).await), "Answer done", "what stands goes on");
    drop(first);
    // The first calls may still meet the connection that ends.
    eventually("it is called elsewhere", || {
        drop(caller.call(LATER, "b"));
        !second_worker.seen.lock().is_empty()
    })
    .await;

    // Nobody is dialled, then, once there is an address again, nobody else than who is there.
    caller.link.lead(None);
    assert_eq!(caller.link.address(), None);
    let address = second.address().to_string();
    let mut state = caller.link.state();
    drop(second);
    within(state.wait_for(|state| matches!(state, LinkState::Down { .. }))).await.unwrap();
    let again_worker = Worker::new(contract());
    let _again = serve_at(&address, &again_worker, &clock).await;
    let third_worker = Worker::new(contract());
    let third = serve_at(ANYWHERE, &third_worker, &clock).await;
    caller.link.lead(Some(third.address().clone()));
    within(caller.link.connected()).await;
    drop(caller.call(LATER, "c"));
    third_worker.has_seen(1).await;
    assert!(again_worker.seen.lock().is_empty());
}

#[tokio::test]
async fn a_deadline_is_kept_and_told() {
    let clock = Clock::manual();
    let worker = Worker::new(contract());
    let server = serve_at(ANYWHERE, &worker, &clock).await;
    let caller = Caller1::connect(server.address(), &clock).await;
    let mut reply = caller.call_for(LATER, "a", Duration::from_millis(300));
    worker.has_seen(1).await;
    clock.advance(Duration::from_millis(299));
    assert!(tokio::time::timeout(Duration::from_millis(20), &mut reply).await.is_err());
    clock.advance(Duration::from_millis(1));
    assert_eq!(within(reply).await, Err(Unknown::DeadlineExceeded.into()));
    within(worker.has_lost(1)).await;
    let late = caller.call_for(ECHO, "a", Duration::ZERO);
    assert_eq!(within(late).await, Err(NotExecuted::DeadlineExceeded.into()));
    assert_eq!(worker.seen.lock().len(), 1);
}

#[tokio::test]
async fn credit_bounds_the_calls_in_flight() {
    let worker = Worker::new(contract());
    let mut config = ServerConfig::new(identity("pay"));
    config.identity.window = 2;
    let server = serve_with(config, ANYWHERE, &worker).await;
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    let (a, b) = (caller.call(LATER, "a"), caller.call(LATER, "b"));
    let refused = within(caller.call(LATER, "c")).await;
    let overloaded = matches!(refused, Err(Failure::NotExecuted(NotExecuted::Overloaded { .. })));
    assert!(overloaded, "{refused:?}");
    worker.has_seen(2).await;
    worker.answer("a", "A");
    assert_eq!(text(within(a).await), "Answer A");
    assert_eq!(text(within(caller.call(ECHO, "d")).await), "Answer d");
    // A cancelled call gives its credit back when the callee has let it go.
    drop(b);
    worker.has_lost(1).await;
    let both_in_flight = async {
        loop {
            let both = [caller.call(ECHO, "e"), caller.call(ECHO, "f")];
            let [e, f] = both.map(|reply| async { reply.await.is_ok() });
            if e.await & f.await {
                break;
            }
        }
    };
    within(both_in_flight).await;
}

#[tokio::test]
async fn without_a_connection_nothing_is_executed() {
    let clock = Clock::fast();
    let server = serve_at(ANYWHERE, &Worker::new(contract()), &clock).await;
    let address = server.address().clone();
    drop(server);
    let caller = Caller1::open(&address, &clock);
    let refused = within(caller.call(ECHO, "")).await;
    let unavailable = matches!(refused, Err(Failure::NotExecuted(NotExecuted::Unavailable { .. })));
    assert!(unavailable, "{refused:?}");
}

#[tokio::test]
async fn a_peer_that_dies_leaves_the_outcome_unknown_and_is_found_again() {
    let (server, worker, caller) = pair().await;
    let reply = caller.call(LATER, "a");
    worker.has_seen(1).await;
    let address = server.address().clone();
    let launch = |state: &LinkState| match state {
        LinkState::Connected { launch, .. } => Some(*launch),
        _ => None,
    };
    let first = launch(&caller.link.state().borrow());
    drop(server);
    let lost = within(reply).await;
    assert!(matches!(lost, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    within(worker.has_lost(1)).await;

    let again = Worker::new(contract());
    let _server = serve_at(&address.to_string(), &again, &Clock::fast()).await;
    within(caller.link.connected()).await;
    assert_eq!(text(within(caller.call(ECHO, "again")).await), "Answer again");
    let second = launch(&caller.link.state().borrow());
    assert!(first.is_some() && second.is_some() && first != second);
}

#[tokio::test]
async fn draining_answers_what_was_taken() {
    let (server, worker, caller) = pair().await;
    let reply = caller.call(LATER, "a");
    worker.has_seen(1).await;
    let drained = tokio::spawn(server.drain());
    let refused = loop {
        match within(caller.call(ECHO, "b")).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(failure) => break failure,
        }
    };
    let unavailable = matches!(refused, Failure::NotExecuted(NotExecuted::Unavailable { .. }));
    assert!(unavailable, "{refused:?}");
    assert!(!drained.is_finished());
    worker.answer("a", "A");
    assert_eq!(text(within(reply).await), "Answer A");
    within(drained).await.unwrap();
}

#[tokio::test]
async fn contracts_that_differ_are_refused_by_method() {
    let worker = Worker::new(other_contract());
    let server = serve_at(ANYWHERE, &worker, &Clock::fast()).await;
    let caller = Caller1::connect(server.address(), &Clock::fast()).await;
    assert_eq!(text(within(caller.call(ECHO, "a")).await), "Answer a");
    for (method, expected) in [
        (LATER, "worker.later has other types in the callee's contract 1.1"),
        (REFUSE, "worker.refuse does not exist in the callee's contract 1.1"),
    ] {
        let failure = NotExecuted::Incompatible { what: expected.into() };
        assert_eq!(within(caller.call(method, "")).await, Err(failure.into()));
    }
    let mail = ServiceId::of("mail").unwrap();
    let elsewhere = caller.link.service(mail, contract());
    assert_eq!(format!("{elsewhere:?}"), format!("RemoteService(mail at {})", server.address()));
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent() {
    let (_server, worker, caller) = pair().await;
    let refused = within(caller.call(ECHO, vec![0; 4 << 20])).await;
    let bad = matches!(refused, Err(Failure::NotExecuted(NotExecuted::BadRequest { .. })));
    assert!(bad, "{refused:?}");
    let large = vec![7; 3 << 20];
    let body = within(caller.call(ECHO, &large)).await.unwrap();
    assert_eq!(body.bytes[..], large);
    assert_eq!(worker.seen.lock().len(), 1);
}

#[tokio::test]
async fn nobody_listens_beyond_this_machine() {
    let address: Address = "0.0.0.0:0".parse().unwrap();
    let config = ServerConfig::new(identity("pay"));
    let refused = Server::start(config, &address, vec![], &Handle::current()).await;
    assert!(matches!(refused, Err(ListenError::BeyondLoopback(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_on_many_threads_each_get_their_own_answer() {
    let (_server, worker, caller) = pair().await;
    let caller = Arc::new(caller);
    let callers: Vec<_> = (0..64)
        .map(|n| {
            let caller = Arc::clone(&caller);
            tokio::spawn(async move {
                for m in 0..100 {
                    let body = within(caller.call(ECHO, format!("{n}.{m}"))).await;
                    assert_eq!(text(body), format!("Answer {n}.{m}"));
                }
            })
        })
        .collect();
    for caller in callers {
        within(caller).await.unwrap();
    }
    assert_eq!(worker.seen.lock().len(), 6_400);
}

#[tokio::test]
async fn a_dropped_link_leaves_nobody_waiting() {
    let (_server, seen, caller) = pair().await;
    let reply = caller.call(LATER, "a");
    seen.has_seen(1).await;
    let Caller1 { link, service, .. } = caller;
    drop(link);
    let lost = within(reply).await;
    assert!(matches!(lost, Err(Failure::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    eventually("the worker is told", || seen.left.load(std::sync::atomic::Ordering::SeqCst) == 1)
        .await;
    assert!(format!("{service:?}").contains(worker().name()));
}
