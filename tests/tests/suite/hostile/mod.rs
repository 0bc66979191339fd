//! Bytes from anywhere on the port of a unit that runs: their connection is closed with a logged
//! reason, memory stays flat, and everybody else goes on.

mod bytes;
mod stranger;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seam::prelude::*;
use seam_wire::Who;
use tokio::task::JoinHandle;

use self::bytes::{after_hello, call, hello, ping};
use self::stranger::Stranger;
use crate::support::remote::{Listen, Remote};
use crate::support::{soon, until};

/// The medley's place in the child's hello, for its helper starts first.
const MEDLEY: u16 = 1;
/// The places of its methods in the contract.
const PAINT: u16 = 1;
const UNIT: u16 = 5;
const WEIGH: u16 = 8;
const HANG: u16 = 12;

/// A good caller whose calls must all be answered, whatever the strangers do.
struct Witness {
    over: Arc<AtomicBool>,
    calling: JoinHandle<u64>,
}

impl Witness {
    fn call(remote: &Remote) -> Self {
        let (client, over) = (remote.client.clone(), Arc::new(AtomicBool::new(false)));
        let calling = tokio::spawn({
            let over = Arc::clone(&over);
            async move {
                let mut calls = 0;
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(client.unit().await, Ok(()));
                    calls += 1;
                    tokio::time::sleep(ms(1)).await;
                }
                calls
            }
        });
        Self { over, calling }
    }

    async fn was_answered(self) {
        self.over.store(true, Ordering::Relaxed);
        assert!(soon("the witness", self.calling).await.unwrap() > 0);
    }
}

/// What the child's memory is, in KiB.
fn memory(remote: &Remote) -> u64 {
    let status = format!("/proc/{}/status", remote.child.id().unwrap());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_protocol_is_closed_with_a_reason() {
    let remote = Remote::open(Listen::AnyPort).await;
    let witness = Witness::call(&remote);
    let strangers = bytes::violations().into_iter().map(async |(bytes, reason)| {
        let mut stranger = Stranger::dial(&remote).await;
        stranger.send(&bytes).await;
        stranger.expect_end(&remote, reason).await;
    });
    join_all(strangers).await;
    witness.was_answered().await;
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_too_early_is_closed_with_a_reason() {
    let remote = Remote::open(Listen::AnyPort).await;
    let witness = Witness::call(&remote);
    let whole = after_hello(&call(1, MEDLEY, UNIT, &[]));
    for end in (1..whole.len()).filter(|end| *end != hello().len()) {
        let mut stranger = Stranger::dial(&remote).await;
        stranger.send(&whole[..end]).await;
        stranger.half_close().await;
        stranger.expect_end(&remote, "in the middle of a frame").await;
    }
    // A half-close between frames is no offence: what was asked before may be answered or not.
    let mut stranger = Stranger::dial(&remote).await;
    stranger.send(&whole).await;
    stranger.half_close().await;
    stranger.expect_end(&remote, "the peer has closed it").await;
    witness.was_answered().await;
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_that_are_none_are_refused_and_the_connection_goes_on() {
    let remote = Remote::open(Listen::AnyPort).await;
    let mut stranger = Stranger::dial(&remote).await;
    stranger.send(&hello()).await;
    let bodies = [
        // Lengths up to 2^64.
        [0xff; 8].to_vec(),
        (1_u64 << 40).to_le_bytes().to_vec(),
        (u64::from(u32::MAX)).to_le_bytes().to_vec(),
        // Nesting that never ends, if anything here nested.
        vec![3; 100_000],
        vec![1; 100_000],
        vec![],
    ];
    let mut id = 0;
    for method in [WEIGH, PAINT] {
        for body in &bodies {
            id += 1;
            stranger.send(&call(id, MEDLEY, method, body)).await;
            let text = stranger.failure(id).await;
            assert!(text.contains("bytes"), "{text}");
        }
    }
    stranger.send(&call(id + 1, MEDLEY, UNIT, &[])).await;
    stranger.answer(id + 1).await;
    drop(stranger);
    remote.close().await;
}

/// What the graph doesn't declare can't be called, whatever a peer says of itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_by_a_service_that_declares_no_need_is_denied() {
    let remote = Remote::open(Listen::AnyPort).await;
    let mut stranger = Stranger::dial(&remote).await;
    stranger.send(&hello()).await;
    // Its hello is of unit `pay`, which hosts nobody.
    for (id, caller) in (1..).zip([Who::Named("stranger"), Who::Named("echo")]) {
        stranger.send(&bytes::call_by(caller, id, MEDLEY, UNIT, &[])).await;
        let text = stranger.failure(id).await;
        assert!(text.contains("unit `pay` doesn't host"), "{text}");
    }
    stranger.send(&bytes::call_by(Who::Edge, 9, MEDLEY, UNIT, &[])).await;
    let text = stranger.failure(9).await;
    assert!(text.contains("unit `pay` has no `http`"), "{text}");
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat() {
    let remote = Remote::open(Listen::AnyPort).await;
    let witness = Witness::call(&remote);
    let mut random = fastrand::Rng::with_seed(7);
    let mut before = 0;
    for round in 0..40 {
        let attacks = (0..50).map(|number| {
            let mut bytes = vec![0; random.usize(5..4_000)];
            random.fill(&mut bytes);
            if number % 2 == 0 {
                // Small kinds of frames, so that some get further than their length.
                bytes[0] = random.u8(1..200);
                bytes[1..4].fill(0);
                bytes[4] = random.u8(0..12);
                bytes = after_hello(&bytes);
            }
            let (remote, flood) = (&remote, number == 49);
            async move {
                let mut stranger = Stranger::dial(remote).await;
                if flood {
                    // Answers that nobody reads, and cancels of nothing.
                    stranger.try_send(&after_hello(&ping(20_000))).await;
                    stranger.try_send(&bytes::cancels(20_000)).await;
                } else {
                    stranger.try_send(&bytes).await;
                }
                stranger.half_close().await;
                stranger.end().await;
            }
        });
        soon("the end of every stranger", join_all(attacks)).await;
        if round == 9 {
            before = memory(&remote);
        }
    }
    let after = memory(&remote);
    assert!(after < before + 8 * 1024, "{before} KiB before, {after} KiB after");
    witness.was_answered().await;
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_that_reads_nothing_is_bounded() {
    let remote = Remote::open(Listen::AnyPort).await;
    let witness = Witness::call(&remote);
    let before = memory(&remote);
    let mut stranger = Stranger::dial(&remote).await;
    stranger.send(&hello()).await;
    let pings = ping(100_000);
    let flood = async {
        // Until the unit takes no more, or has closed it.
        for _ in 0..100 {
            stranger.try_send(&pings).await;
        }
    };
    let _ = tokio::time::timeout(secs(3), flood).await;
    let after = memory(&remote);
    assert!(after < before + 32 * 1024, "{before} KiB before, {after} KiB after");
    witness.was_answered().await;
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_credit_are_a_violation() {
    let remote = Remote::open(Listen::AnyPort).await;
    let witness = Witness::call(&remote);
    let mut stranger = Stranger::dial(&remote).await;
    let calls: Vec<u8> = (1..=1_025).flat_map(|id| call(id, MEDLEY, HANG, &[])).collect();
    stranger.send(&after_hello(&calls)).await;
    stranger.expect_end(&remote, "protocol violation").await;
    witness.was_answered().await;
    // Their turns have ended with the connection.
    assert_eq!(remote.client.add(1, 0).await, Ok(1));
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_never_ends_is_closed_within_five_seconds() {
    let remote = Remote::open(Listen::AnyPort).await;
    let witness = Witness::call(&remote);
    let began = Instant::now();
    let silent = async {
        let stranger = Stranger::dial(&remote).await;
        stranger.expect_end(&remote, "no hello came in time").await;
    };
    let dripping = async {
        let mut stranger = Stranger::dial(&remote).await;
        for byte in hello() {
            stranger.try_send(&[byte]).await;
            tokio::time::sleep(ms(200)).await;
            if stranger.has_ended() {
                break;
            }
        }
        stranger.expect_end(&remote, "no hello came in time").await;
    };
    soon("the end of both", async { tokio::join!(silent, dripping) }).await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(4) && took < Duration::from_secs(8), "{took:?}");

    // A thousand of them: the oldest make room, and a good caller still gets in.
    let silent = join_all((0..300).map(|_| Stranger::dial(&remote))).await;
    let mut good = Stranger::dial(&remote).await;
    good.send(&after_hello(&call(1, MEDLEY, UNIT, &[]))).await;
    good.answer(1).await;
    until("the oldest are closed", async || {
        remote.child.log().contains("no hello yet, and others are waiting")
    })
    .await;
    drop(silent);
    witness.was_answered().await;
    remote.close().await;
}
