//! Callers that never poll, poll once, or go away.

use std::pin::Pin;

use futures_util::future::join_all;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::probe::{Act, pass};
use crate::support::{once, until};

in_modes! {
    a_call_that_is_never_polled_does_nothing: Inline Arbiter Encoded Remote;
    polled_once_and_never_again_holds_nobody_up: Inline Arbiter Encoded Remote;
    a_dropped_call_in_line_never_runs: Inline Arbiter Encoded Remote;
    a_dropped_call_at_the_head_of_the_line_lets_the_next_in: Inline Arbiter Encoded Remote;
    a_dropped_call_frees_its_room: Inline Arbiter Encoded Remote;
    a_shared_turn_ends_with_its_caller: Inline Arbiter Encoded Remote;
    shared_turns_end_with_their_callers_at_any_moment: Inline Arbiter Encoded Remote;
    exclusive_and_complete_turns_run_to_their_end: Inline Arbiter Encoded Remote;
}

async fn a_call_that_is_never_polled_does_nothing(mode: Mode) {
    let house = House::open(mode).await;
    let kept = house.probe.alone("kept".into(), vec![]);
    drop(house.probe.alone("dropped".into(), vec![]));
    assert_eq!(house.probe.alone("awaited".into(), vec![]).await, Ok(1));
    assert_eq!(house.lab.all("begin "), ["awaited"]);
    drop(kept);
    assert_eq!(house.probe.read().await, Ok(1));
    house.close().await;
}

async fn polled_once_and_never_again_holds_nobody_up(mode: Mode) {
    let house = House::open(mode).await;
    let mut kept: Vec<Pin<Box<dyn Future<Output = _> + Send>>> = Vec::new();
    for round in 0..20 {
        let acts = vec![Act::Yield(2), Act::Sleep(1)];
        kept.push(Box::pin(house.probe.alone(format!("alone {round}"), acts.clone())));
        kept.push(Box::pin(house.probe.beside(format!("beside {round}"), acts.clone())));
        kept.push(Box::pin(house.probe.through(format!("through {round}"), acts)));
    }
    for call in &mut kept {
        assert!(once(call).await.is_pending());
    }
    // Some of them run by now, some wait; none of them is polled again.
    assert_eq!(house.probe.count().await, Ok(21));
    assert_eq!(house.lab.all("end ").len(), 60);
    // Their outcomes are kept for them all the same.
    for outcome in join_all(kept).await {
        outcome.unwrap();
    }
    house.close().await;
}

async fn a_dropped_call_in_line_never_runs(mode: Mode) {
    let house = House::open(mode).await;
    let mut first = house.probe.alone("first".into(), pass("go"));
    assert!(once(&mut first).await.is_pending());
    house.settles_at(1).await;
    let mut alone = house.probe.alone("alone".into(), vec![]);
    let mut beside = house.probe.beside("beside".into(), vec![]);
    let mut through = house.probe.through("through".into(), vec![]);
    assert!(once(&mut alone).await.is_pending());
    assert!(once(&mut beside).await.is_pending());
    assert!(once(&mut through).await.is_pending());
    house.settles_at(4).await;
    drop((alone, beside, through));
    let mut last = house.probe.alone("last".into(), vec![]);
    assert!(once(&mut last).await.is_pending());
    house.settles_at(2).await;
    house.lab.release("go");
    assert_eq!(first.await, Ok(1));
    assert_eq!(last.await, Ok(2));
    assert_eq!(house.lab.all("begin "), ["first", "last"]);
    house.close().await;
}

async fn a_dropped_call_at_the_head_of_the_line_lets_the_next_in(mode: Mode) {
    let house = House::open(mode).await;
    let mut reader = house.probe.beside("reader".into(), pass("go"));
    let mut writer = house.probe.alone("writer".into(), vec![]);
    let mut late = house.probe.beside("late".into(), vec![]);
    assert!(once(&mut reader).await.is_pending());
    house.settles_at(1).await;
    assert!(once(&mut writer).await.is_pending());
    assert!(once(&mut late).await.is_pending());
    house.settles_at(3).await;
    drop(writer);
    // The reader is still in.
    assert_eq!(late.await, Ok(0));
    assert!(!house.lab.saw("end reader"));
    house.lab.release("go");
    assert_eq!(reader.await, Ok(0));
    assert!(!house.lab.saw("begin writer"));
    house.close().await;
}

async fn a_dropped_call_frees_its_room(mode: Mode) {
    let house = House::with(mode, "mailbox = 2").await;
    let mut first = house.probe.alone("first".into(), pass("go"));
    let mut second = house.probe.alone("second".into(), vec![]);
    assert!(once(&mut first).await.is_pending());
    assert!(once(&mut second).await.is_pending());
    house.settles_at(2).await;
    let refused = house.probe.alone("refused".into(), vec![]).await;
    assert!(refused.unwrap_err().not_executed());
    drop(second);
    house.settles_at(1).await;
    let mut third = house.probe.alone("third".into(), vec![]);
    assert!(once(&mut third).await.is_pending(), "there is room for it");
    house.settles_at(2).await;
    house.lab.release("go");
    assert_eq!(first.await, Ok(1));
    assert_eq!(third.await, Ok(2));
    house.close().await;
}

async fn a_shared_turn_ends_with_its_caller(mode: Mode) {
    let house = House::open(mode).await;
    let mut call = house.probe.beside("it".into(), vec![Act::Hang]);
    assert!(once(&mut call).await.is_pending());
    until("it runs", async || house.lab.saw("begin it")).await;
    drop(call);
    until("it is ended", async || house.lab.saw("drop it")).await;
    house.settles_at(0).await;
    assert_eq!(house.probe.count().await, Ok(1));
    assert_eq!(house.service().await.restarts, 0);
    house.close().await;
}

/// Callers leave while their turns begin, on another thread.
async fn shared_turns_end_with_their_callers_at_any_moment(mode: Mode) {
    let house = House::open(mode).await;
    for round in 0..300 {
        let mut busy = house.probe.alone(format!("busy {round}"), vec![Act::Yield(1)]);
        let mut call = house.probe.beside(format!("it {round}"), vec![Act::Hang]);
        let done = once(&mut busy).await.is_ready();
        assert!(once(&mut call).await.is_pending());
        for _ in 0..round % 50 {
            std::hint::spin_loop();
        }
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        drop(call);
        if round % 3 == 0 && !done {
            busy.await.unwrap();
        }
    }
    house.settles_at(0).await;
    let begun = house.lab.all("begin it ");
    let ended = house.lab.all("drop it ");
    assert_eq!(begun.len(), ended.len());
    house.close().await;
}

async fn exclusive_and_complete_turns_run_to_their_end(mode: Mode) {
    let house = House::open(mode).await;
    let mut through = house.probe.through("through".into(), pass("go"));
    assert!(once(&mut through).await.is_pending());
    until("it runs", async || house.lab.saw("begin through")).await;
    drop(through);
    house.lab.release_some("go", 1);
    until("it ends", async || house.lab.saw("end through")).await;
    let mut alone = house.probe.alone("alone".into(), pass("go"));
    assert!(once(&mut alone).await.is_pending());
    until("it runs", async || house.lab.saw("begin alone")).await;
    drop(alone);
    house.lab.release_some("go", 1);
    assert_eq!(house.probe.read().await, Ok(1), "what it counted is there");
    assert_eq!(house.lab.all("drop "), [""; 0]);
    house.close().await;
}
