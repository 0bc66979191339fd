//! The mailbox holds so many calls, waiting and running, and not one more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::future::join_all;
use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::probe::{Act, ProbeError, pass};
use crate::support::{once, until};

in_modes! {
    ten_thousand_callers_of_exclusive_turns: Inline Arbiter Encoded Remote;
    ten_thousand_callers_of_shared_turns: Inline Arbiter Encoded Remote;
    room_is_free_again_after_a_turn: Inline Arbiter Encoded Remote;
    who_would_wait_past_its_deadline_is_refused_at_once: Inline Arbiter Encoded Remote;
}

async fn ten_thousand_callers_of_exclusive_turns(mode: Mode) {
    let refused = ten_thousand(mode, true).await;
    assert_eq!(refused, 9_984);
}

async fn ten_thousand_callers_of_shared_turns(mode: Mode) {
    let refused = ten_thousand(mode, false).await;
    assert_eq!(refused, 9_984);
}

/// Sends 10,000 callers to a mailbox of 16 whose turns don't end; how many are refused.
async fn ten_thousand(mode: Mode, exclusive: bool) -> u64 {
    let house = Arc::new(House::with(mode, "mailbox = 16").await);
    let (refused, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let watch = tokio::spawn({
        let (house, over) = (Arc::clone(&house), Arc::clone(&over));
        async move {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(house.in_flight().await);
                tokio::task::yield_now().await;
            }
            most
        }
    });
    let callers: Vec<_> = (0..10_000)
        .map(|number| {
            let (probe, refused) = (house.probe.clone(), Arc::clone(&refused));
            tokio::spawn(async move {
                let (name, acts) = (format!("n{number}"), pass("go"));
                let outcome = if exclusive {
                    probe.alone(name, acts).deadline(secs(60)).await
                } else {
                    probe.beside(name, acts).deadline(secs(60)).await
                };
                if let Err(CallError::NotExecuted(NotExecuted::Overloaded { retry_after })) =
                    &outcome
                {
                    assert!(!retry_after.is_zero());
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                outcome
            })
        })
        .collect();
    // No turn ends before the gate opens: whoever is refused is refused at once.
    until("all but 16 are refused", async || refused.load(Ordering::Relaxed) == 9_984).await;
    assert_eq!(house.in_flight().await, 16);
    house.lab.release("go");
    let outcomes = join_all(callers).await;
    over.store(true, Ordering::Relaxed);
    assert!(watch.await.unwrap() <= 16);
    let answered = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Ok(_)))).count();
    assert_eq!(answered, 16, "who was let in is answered");
    assert_eq!(house.lab.all("begin ").len(), 16, "nobody else ever ran");
    let most = if exclusive { 0 } else { 16 };
    assert!(house.lab.most_shared.load(Ordering::SeqCst) <= most);
    Arc::into_inner(house).unwrap().close().await;
    refused.load(Ordering::Relaxed)
}

async fn room_is_free_again_after_a_turn(mode: Mode) {
    let house = House::with(mode, "mailbox = 2").await;
    let mut first = house.probe.alone("first".into(), pass("first"));
    let mut second = house.probe.beside("second".into(), pass("second"));
    assert!(once(&mut first).await.is_pending());
    assert!(once(&mut second).await.is_pending());
    house.settles_at(2).await;
    assert!(overloaded(&house.probe.beside("third".into(), vec![]).await));
    house.lab.release("first");
    first.await.unwrap();
    house.settles_at(1).await;
    house.probe.beside("fourth".into(), vec![]).await.unwrap();
    house.lab.release("second");
    second.await.unwrap();
    house.settles_at(0).await;
    assert!(!house.lab.saw("begin third"));
    house.close().await;
}

async fn who_would_wait_past_its_deadline_is_refused_at_once(mode: Mode) {
    let house = House::open(mode).await;
    let slow = |name: String| {
        let call = house.probe.alone(name, vec![Act::Sleep(50)]).deadline(secs(60));
        async move { call.await.unwrap() }
    };
    // So it gets to know what they take.
    join_all((0..5).map(|number| slow(format!("first {number}")))).await;
    let mut many = Box::pin(join_all((0..20).map(|number| slow(format!("then {number}")))));
    assert!(once(&mut many).await.is_pending());
    house.settles_at(20).await;
    let late = house.probe.alone("late".into(), vec![]).deadline(ms(300)).await;
    let Err(CallError::NotExecuted(NotExecuted::Overloaded { retry_after })) = late else {
        panic!("{late:?}")
    };
    assert!(retry_after > ms(100), "{retry_after:?}");
    let patient = house.probe.alone("patient".into(), vec![]).deadline(secs(60));
    let (_, patient) = tokio::join!(many, patient);
    assert!(patient.is_ok(), "{patient:?}");
    assert!(house.lab.saw("begin patient") && !house.lab.saw("begin late"));
    house.close().await;
}

fn overloaded(outcome: &Result<u64, CallError<ProbeError>>) -> bool {
    matches!(outcome, Err(CallError::NotExecuted(NotExecuted::Overloaded { .. })))
}
