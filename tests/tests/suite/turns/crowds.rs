//! Callers on many threads at one actor: shared turns meet without waiting for each other, and an
//! exclusive one still is alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use seam::App;
use seam::prelude::*;

use super::in_modes;
use crate::support::house::{Mode, start, stop};
use crate::support::soon;

in_modes! {
    nobody_is_in_beside_an_exclusive_turn: Inline Arbiter Encoded Remote;
    a_panic_among_a_crowd_costs_its_own_call: Inline Arbiter Encoded Remote;
}

const THREADS: u64 = 4;

#[seam::contract(name = "ledger", version = "1.0")]
pub(crate) trait Ledger {
    /// The count, and whether an exclusive turn was in meanwhile.
    async fn look(&self) -> Seen;
    /// Counts, and says whether anybody was in meanwhile.
    async fn add(&mut self) -> Seen;
    /// Counts no further, for it panics.
    async fn spoil(&mut self);
}

#[seam::message]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    count: u64,
    met: bool,
}

pub(crate) struct LedgerService {
    count: u64,
    looking: AtomicU32,
    adding: AtomicBool,
}

impl Actor for LedgerService {
    type Contract = LedgerContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { count: 0, looking: AtomicU32::new(0), adding: AtomicBool::new(false) })
    }
}

impl Ledger for LedgerService {
    async fn look(&self) -> Seen {
        self.looking.fetch_add(1, Ordering::SeqCst);
        for _ in 0..20 {
            std::hint::spin_loop();
        }
        let seen = Seen { count: self.count, met: self.adding.load(Ordering::SeqCst) };
        self.looking.fetch_sub(1, Ordering::SeqCst);
        seen
    }

    async fn add(&mut self) -> Seen {
        self.adding.store(true, Ordering::SeqCst);
        for _ in 0..20 {
            std::hint::spin_loop();
        }
        self.count += 1;
        let met = self.looking.load(Ordering::SeqCst) > 0;
        self.adding.store(false, Ordering::SeqCst);
        Seen { count: self.count, met }
    }

    async fn spoil(&mut self) {
        panic!("told to");
    }
}

/// A task on a thread of its own for each of so many callers; returns what they return.
async fn crowd<F, T>(call: impl Fn(u64) -> F + Send + Sync + 'static) -> Vec<T>
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    let call = Arc::new(call);
    let threads: Vec<_> = (0..THREADS)
        .map(|n| {
            let call = Arc::clone(&call);
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(call(n))
            })
        })
        .collect();
    let joined = || threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    tokio::task::spawn_blocking(joined).await.unwrap()
}

async fn nobody_is_in_beside_an_exclusive_turn(mode: Mode) {
    let folder = tempfile::tempdir().unwrap();
    let app = App::new("suite").service::<LedgerService>();
    let (unit, other) = start(app, mode, "", &folder).await;
    let client: LedgerClient = unit.client().unwrap();
    let rounds = if mode == Mode::Inline { 40 } else { 4 };
    let added = crowd(move |_| {
        let client = client.clone();
        async move {
            let (mut last, mut added) = (0, 0);
            for _ in 0..rounds {
                // Long enough for shared turns to have the actor for themselves.
                for _ in 0..250 {
                    let seen = client.look().await.unwrap();
                    assert!(!seen.met, "a shared turn met an exclusive one");
                    assert!(seen.count >= last, "what a caller saw, it sees");
                    last = seen.count;
                }
                let seen = client.add().await.unwrap();
                assert!(!seen.met, "an exclusive turn met a shared one");
                assert!(seen.count > last, "its own turn counts");
                (last, added) = (seen.count, added + 1);
            }
            added
        }
    });
    let added: u64 = soon("the crowd", added).await.iter().sum();
    let client: LedgerClient = unit.client().unwrap();
    assert_eq!(client.look().await.unwrap().count, added);
    stop(&unit, other.as_ref()).await;
}

async fn a_panic_among_a_crowd_costs_its_own_call(mode: Mode) {
    let folder = tempfile::tempdir().unwrap();
    let app = App::new("suite").service::<LedgerService>();
    let (unit, other) = start(app, mode, "", &folder).await;
    let client: LedgerClient = unit.client().unwrap();
    assert_eq!(client.add().await.unwrap().count, 1, "it has proved itself");
    let failed = crowd(move |n| {
        let client = client.clone();
        async move {
            let mut failed = 0;
            for round in 0..400 {
                if n == 0 && round == 200 {
                    let spoiled = client.spoil().await;
                    assert_eq!(spoiled, Err(Unknown::Panicked.into()));
                }
                failed += u64::from(client.look().await.is_err());
            }
            failed
        }
    });
    let failed: u64 = soon("the crowd", failed).await.iter().sum();
    assert_eq!(failed, 0, "calls wait for the next life");
    let client: LedgerClient = unit.client().unwrap();
    assert_eq!(client.look().await.unwrap().count, 0, "and find it new");
    stop(&unit, other.as_ref()).await;
}
