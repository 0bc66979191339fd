//! Units that die, leave and come back while they are called.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seam::prelude::*;

use crate::support::remote::{Listen, Remote};
use crate::support::{once, soon, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_unit_leaves_calls_unknown_and_later_ones_not_executed() {
    let mut remote = Remote::open(Listen::Socket).await;
    let client = remote.client.clone();
    client.add(5, 0).await.unwrap();
    let mut sent: Vec<_> = (0..50).map(|_| client.hang().deadline(secs(60))).collect();
    for call in &mut sent {
        assert!(once(call).await.is_pending());
    }
    // An answer to a later call says that they all have arrived.
    client.unit().await.unwrap();
    let killed = Instant::now();
    remote.child.kill().await.unwrap();
    for outcome in soon("every outcome", join_all(sent)).await {
        let error = outcome.unwrap_err();
        assert!(matches!(error, CallError::Unknown(Unknown::ConnectionLost { .. })), "{error}");
    }
    assert!(killed.elapsed() < secs(2), "{:?}", killed.elapsed());
    let began = Instant::now();
    for outcome in join_all((0..20).map(|_| client.unit())).await {
        let error = outcome.unwrap_err();
        let CallError::NotExecuted(NotExecuted::Unavailable { reason }) = &error else {
            panic!("{error}")
        };
        // Where it is stands in the log: a handler may pass this on to an outsider.
        let told = reason.starts_with("no instance") && !reason.contains(&remote.address);
        assert!(told, "{reason}");
    }
    assert!(began.elapsed() < secs(2), "a unit that is away is waited for, and not for long");
    remote.restart();
    until("it listens again", async || {
        remote.child.log().matches("listening for other units").count() == 2
    })
    .await;
    let back = Instant::now();
    until("calls are answered again", async || client.unit().await.is_ok()).await;
    assert!(back.elapsed() < Duration::from_millis(1_500), "{:?}", back.elapsed());
    assert_eq!(client.add(1, 0).await, Ok(1), "another process, another state");
    remote.close().await;
}

/// A stop is no fault: what was taken is answered, and nothing sent later runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_leaves_answers_what_it_took() {
    let mut remote = Remote::open(Listen::Socket).await;
    let client = remote.client.clone();
    let mut taken: Vec<_> = (0..30).map(|_| client.slow(200)).collect();
    for call in &mut taken {
        assert!(once(call).await.is_pending());
    }
    client.unit().await.unwrap();
    let load = tokio::spawn({
        let client = client.clone();
        async move {
            let (mut refused, mut answered) = (0, 0);
            while refused < 20 {
                match client.unit().await {
                    Ok(()) => answered += 1,
                    Err(error) => {
                        assert!(error.not_executed(), "{error}");
                        refused += 1;
                    }
                }
                tokio::time::sleep(ms(1)).await;
            }
            answered
        }
    });
    let status = soon("its end", remote.child.stop()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    for outcome in soon("every outcome", join_all(taken)).await {
        assert_eq!(outcome, Ok(200));
    }
    soon("the load", load).await.unwrap();
    remote.restart();
    until("calls are answered again", async || client.unit().await.is_ok()).await;
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_costs_its_callers_their_deadline_at_most() {
    let remote = Remote::open(Listen::Socket).await;
    let client = remote.client.clone();
    let id = remote.child.id().unwrap();
    seam_tests::process::signal(id, rustix::process::Signal::STOP).unwrap();
    until("all of its threads stand still", async || stands_still(id)).await;
    let began = Instant::now();
    let outcome = client.unit().deadline(ms(200)).await;
    assert_eq!(outcome, Err(CallError::Unknown(Unknown::DeadlineExceeded)));
    assert!(began.elapsed() < secs(2), "{:?}", began.elapsed());
    // After some silence the link says so: calls needn't wait any more.
    until("the black hole is noticed", async || {
        matches!(client.unit().deadline(ms(500)).await, Err(error) if error.not_executed())
    })
    .await;
    assert!(began.elapsed() < secs(6), "{:?}", began.elapsed());
    seam_tests::process::signal(id, rustix::process::Signal::CONT).unwrap();
    until("calls are answered again", async || client.unit().await.is_ok()).await;
    remote.close().await;
}

/// What has lain unread meanwhile is older than it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_a_process_stood_still_never_runs() {
    let remote = Remote::open(Listen::Socket).await;
    let client = remote.client.clone();
    let id = remote.child.id().unwrap();
    assert_eq!(client.add(1, 0).await, Ok(1));
    seam_tests::process::signal(id, rustix::process::Signal::STOP).unwrap();
    until("all of its threads stand still", async || stands_still(id)).await;
    let began = Instant::now();
    let lost = client.add(5, 0).deadline(secs(60)).await;
    assert!(matches!(lost, Err(CallError::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    until("it was over two seconds", async || began.elapsed() > ms(2_500)).await;
    seam_tests::process::signal(id, rustix::process::Signal::CONT).unwrap();
    until("calls are answered again", async || client.unit().await.is_ok()).await;
    assert_eq!(client.add(1, 0).await, Ok(2));
    until("it says why", async || remote.child.log().contains("stood still")).await;
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_its_credit_a_caller_is_overloaded_at_once() {
    let remote = Remote::open(Listen::Socket).await;
    let client = remote.client.clone();
    let mut held: Vec<_> = (0..1_024).map(|_| client.hang().deadline(secs(60))).collect();
    for call in &mut held {
        assert!(once(call).await.is_pending());
    }
    let began = Instant::now();
    for _ in 0..100 {
        let error = client.unit().await.unwrap_err();
        let CallError::NotExecuted(NotExecuted::Overloaded { retry_after }) = error else {
            panic!("{error}")
        };
        assert!(!retry_after.is_zero());
    }
    assert!(began.elapsed() < secs(2));
    drop(held);
    until("cancelled calls give their credit back", async || client.unit().await.is_ok()).await;
    remote.close().await;
}

/// Whether all threads of a process are stopped.
fn stands_still(id: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    threads.into_iter().all(|thread| {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status"));
        status.is_ok_and(|status| status.contains("State:\tT"))
    })
}
