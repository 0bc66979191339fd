//! Deadlines and limits: what has run is never reported as not executed.

use futures_util::future::join_all;
use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::probe::{Act, pass};
use crate::support::{once, until};

in_modes! {
    a_call_that_expires_in_line_never_runs: Inline Arbiter Encoded Remote;
    a_call_that_expires_in_its_turn_is_unknown: Inline Arbiter Encoded Remote;
    a_deadline_of_nothing_is_over_at_once: Inline Arbiter Encoded Remote;
    four_thousand_calls_race_with_their_deadlines: Inline Arbiter Encoded Remote;
    a_turn_past_its_limit_is_abandoned: Inline Arbiter Encoded Remote;
    a_forsaken_turn_past_its_limit_is_abandoned: Inline Arbiter Encoded Remote;
}

async fn a_call_that_expires_in_line_never_runs(mode: Mode) {
    let house = House::open(mode).await;
    let mut first = house.probe.alone("first".into(), pass("go"));
    assert!(once(&mut first).await.is_pending());
    house.settles_at(1).await;
    let (alone, beside, through) = tokio::join!(
        house.probe.alone("late".into(), vec![]).deadline(ms(20)),
        house.probe.beside("late".into(), vec![]).deadline(ms(20)),
        house.probe.through("late".into(), vec![]).deadline(ms(20)),
    );
    for outcome in [alone, beside, through] {
        match outcome.unwrap_err() {
            CallError::NotExecuted(why) => assert_eq!(why, NotExecuted::DeadlineExceeded),
            // It was sent: the caller can't know.
            CallError::Unknown(why) if mode == Mode::Remote => {
                assert_eq!(why, Unknown::DeadlineExceeded);
            }
            other => panic!("{other}"),
        }
    }
    house.settles_at(1).await;
    house.lab.release("go");
    assert_eq!(first.await, Ok(1));
    assert_eq!(house.probe.count().await, Ok(2));
    assert!(!house.lab.saw("begin late"));
    house.close().await;
}

async fn a_call_that_expires_in_its_turn_is_unknown(mode: Mode) {
    let house = House::open(mode).await;
    let (beside, through) = tokio::join!(
        house.probe.beside("beside".into(), pass("go")).deadline(ms(50)),
        house.probe.through("through".into(), pass("go")).deadline(ms(50)),
    );
    let deadline = Unknown::DeadlineExceeded;
    assert_eq!(beside, Err(CallError::Unknown(deadline.clone())));
    assert_eq!(through, Err(CallError::Unknown(deadline.clone())));
    until("the shared turn is ended", async || house.lab.saw("drop beside")).await;
    house.lab.release_some("go", 1);
    until("the complete turn ends", async || house.lab.saw("end through")).await;
    let alone = house.probe.alone("alone".into(), pass("go")).deadline(ms(50)).await;
    assert_eq!(alone, Err(CallError::Unknown(deadline)));
    house.lab.release_some("go", 1);
    assert_eq!(house.probe.read().await, Ok(1), "the exclusive turn ran to its end");
    assert_eq!(house.service().await.restarts, 0);
    house.close().await;
}

async fn a_deadline_of_nothing_is_over_at_once(mode: Mode) {
    let house = House::open(mode).await;
    let outcome = house.probe.alone("late".into(), vec![]).deadline(ms(0)).await;
    assert_eq!(outcome, Err(CallError::NotExecuted(NotExecuted::DeadlineExceeded)));
    assert_eq!(house.probe.count().await, Ok(1));
    assert!(!house.lab.saw("begin late"));
    house.close().await;
}

async fn four_thousand_calls_race_with_their_deadlines(mode: Mode) {
    let house = House::with(mode, "mailbox = 5000").await;
    let tasks: Vec<_> = (0..4_000_u64)
        .map(|number| {
            let (probe, name) = (house.probe.clone(), format!("n{number}"));
            let deadline = std::time::Duration::from_micros(200 + number * 37 % 60_000);
            tokio::spawn(async move {
                let acts = vec![Act::Yield((number % 3) as u32)];
                let outcome = match number % 4 {
                    0 => probe.beside(name.clone(), acts).deadline(deadline).await,
                    1 => probe.through(name.clone(), acts).deadline(deadline).await,
                    _ => probe.alone(name.clone(), acts).deadline(deadline).await,
                };
                (name, outcome)
            })
        })
        .collect();
    let outcomes: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    house.settles_at(0).await;
    let ran: std::collections::HashSet<_> = house.lab.all("begin ").into_iter().collect();
    for (name, outcome) in &outcomes {
        match outcome {
            Ok(_) => assert!(ran.contains(name), "{name} was answered without a turn"),
            Err(error) if error.not_executed() => {
                assert!(!ran.contains(name), "{name} ran, and its caller was told {error}");
            }
            Err(error) => assert_eq!(*error, CallError::Unknown(Unknown::DeadlineExceeded)),
        }
    }
    assert!(outcomes.iter().any(|(_, outcome)| outcome.is_err()), "nobody was late");
    house.close().await;
}

async fn a_turn_past_its_limit_is_abandoned(mode: Mode) {
    let house = House::with(mode, "turn_limit = \"150ms\"").await;
    house.probe.count().await.unwrap();
    let outcome = house.probe.alone("it".into(), vec![Act::Hang]).await;
    assert_eq!(outcome, Err(CallError::Unknown(Unknown::Abandoned)));
    assert_eq!(house.probe.count().await, Ok(1), "another instance answers");
    assert!(house.lab.saw("drop it"));
    let outcome = house.probe.through("it".into(), vec![Act::Hang]).await;
    assert_eq!(outcome, Err(CallError::Unknown(Unknown::Abandoned)));
    assert_eq!(house.probe.count().await, Ok(1), "another instance answers");
    assert_eq!(house.service().await.restarts, 2);
    house.close().await;
}

async fn a_forsaken_turn_past_its_limit_is_abandoned(mode: Mode) {
    let house = House::with(mode, "turn_limit = \"100ms\"").await;
    let mut forsaken = house.probe.alone("it".into(), vec![Act::Hang]);
    assert!(once(&mut forsaken).await.is_pending());
    until("it runs", async || house.lab.saw("begin it")).await;
    drop(forsaken);
    // Waits in line for the next instance.
    assert_eq!(house.probe.count().await, Ok(1));
    assert!(house.lab.saw("drop it"));
    assert_eq!(house.service().await.restarts, 1);
    house.close().await;
}
