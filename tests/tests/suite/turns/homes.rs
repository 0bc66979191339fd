//! A handler may use its runtime as it likes, whatever becomes of the caller's.

use std::sync::atomic::{AtomicU64, Ordering};

use seam::prelude::*;

use super::in_modes;
use crate::support::house::{House, Mode};
use crate::support::once;
use crate::support::probe::Act;

in_modes! {
    a_handler_sleeps_and_spawns: Inline Arbiter Encoded Remote;
    a_turn_outlives_the_runtime_of_its_caller: Inline Arbiter Encoded Remote;
    a_loop_of_quick_calls_lets_others_on_its_thread_run: Inline Arbiter Encoded Remote;
    a_programs_task_runs_on_the_units_threads: Inline Arbiter Encoded Remote;
}

async fn a_handler_sleeps_and_spawns(mode: Mode) {
    let house = House::open(mode).await;
    let acts = || vec![Act::Spawn, Act::Sleep(2), Act::Spawn];
    house.probe.alone("alone".into(), acts()).await.unwrap();
    house.probe.beside("beside".into(), acts()).await.unwrap();
    house.probe.through("through".into(), acts()).await.unwrap();
    house.close().await;
}

async fn a_turn_outlives_the_runtime_of_its_caller(mode: Mode) {
    let house = House::open(mode).await;
    for (first, rest) in [(Act::Sleep(5), Act::Spawn), (Act::Spawn, Act::Sleep(5))] {
        let mut call = house.probe.alone("it".into(), vec![first, rest]);
        // A runtime without timers, gone after the first poll.
        let polled = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                assert!(once(&mut call).await.is_pending());
            });
            drop(runtime);
            call
        });
        let call = tokio::task::spawn_blocking(|| polled.join().unwrap()).await.unwrap();
        call.await.unwrap();
    }
    assert_eq!(house.probe.read().await, Ok(2));
    house.close().await;
}

async fn a_loop_of_quick_calls_lets_others_on_its_thread_run(mode: Mode) {
    let house = House::open(mode).await;
    let probe = house.probe.clone();
    let caller = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let calls = std::rc::Rc::new(AtomicU64::new(0));
            let local = tokio::task::LocalSet::new();
            let looping = local.spawn_local({
                let calls = calls.clone();
                async move {
                    loop {
                        probe.read().await.unwrap();
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            // A timer never fires if the loop has the thread for itself.
            let timers = async {
                while calls.load(Ordering::Relaxed) < 1_000 {
                    tokio::time::sleep(ms(1)).await;
                }
            };
            local.run_until(timers).await;
            looping.abort();
            calls.load(Ordering::Relaxed)
        })
    });
    let calls = tokio::task::spawn_blocking(|| caller.join().unwrap()).await.unwrap();
    assert!(calls > 0);
    house.close().await;
}

async fn a_programs_task_runs_on_the_units_threads(mode: Mode) {
    let house = House::open(mode).await;
    for call in 1..=9 {
        let probe = house.probe.clone();
        let task = house.here.spawn(async move {
            let counted = probe.count().await;
            (std::thread::current().name().map(str::to_owned), counted)
        });
        let (thread, counted) = task.await.unwrap();
        assert!(thread.is_some_and(|name| name.starts_with("seam-home-")));
        assert_eq!(counted, Ok(call));
    }
    house.close().await;
}
