//! Services that don't feel well, and what callers, probes and calls notice of it.
#![allow(clippy::unwrap_used, reason = "a test says why it fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use seam::Running;
use seam::prelude::*;

#[seam::contract(name = "dice", version = "1.0")]
trait Dice {
    /// Which of the instances answers.
    async fn roll(&self) -> u32;

    async fn shake(&mut self) -> u32;
}

/// How the instances of a test are, by the number of their start; each test has a case of its own.
#[derive(Default)]
struct Case {
    started: AtomicU32,
    ways: [AtomicU32; 2],
}

const GOOD: u32 = 0;
const BAD: u32 = 1;
const PANICS: u32 = 2;
const HANGS: u32 = 3;
const BLOCKS: u32 = 4;

static CASES: [std::sync::OnceLock<Arc<Case>>; 2] = [const { std::sync::OnceLock::new() }; 2];

#[seam::config]
struct DiceConfig {
    case: u64,
}

struct DiceService {
    case: Arc<Case>,
    number: u32,
}

impl Actor for DiceService {
    type Contract = DiceContract;
    type Config = DiceConfig;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let case = Arc::clone(CASES[setup.config().case as usize].get_or_init(Arc::default));
        let number = case.started.fetch_add(1, Ordering::SeqCst);
        Ok(Self { case, number })
    }

    async fn health(&self) -> Health {
        let way = || self.case.ways[self.number as usize].load(Ordering::SeqCst);
        match way() {
            GOOD => Health::Good,
            BAD => Health::Bad { reason: "it is loaded".into() },
            PANICS => panic!("the dice are gone"),
            HANGS => std::future::pending().await,
            _ => {
                while way() == BLOCKS {
                    std::thread::park_timeout(Duration::from_millis(5));
                }
                Health::Good
            }
        }
    }
}

impl Dice for DiceService {
    async fn roll(&self) -> u32 {
        self.number
    }

    async fn shake(&mut self) -> u32 {
        self.number
    }
}

async fn start(data: &tempfile::TempDir, case: u64, unit: &str, instance: u16) -> Running {
    let config = format!(
        "[app]\ndata = {:?}\nthreads = 1\n[health]\ninterval = \"10ms\"\ntimeout = \"300ms\"\n\
         [units.front]\nservices = []\n[units.back]\nservices = [\"dice\"]\ninstances = 2\n\
         [topologies]\nsplit = [\"front\", \"back\"]\n[services.dice.config]\ncase = {case}\n",
        data.path()
    );
    let app = App::new("table").service::<DiceService>();
    let running = app.config_text(config).unit(unit).instance(instance).start().await.unwrap();
    if unit == "back" {
        running.ready().await.unwrap();
    }
    running
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < patience, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Which endpoints are well, as the caller sees it.
async fn well(front: &Running) -> Vec<bool> {
    let mut endpoints = front.status().await.endpoints;
    endpoints.sort_by_key(|endpoint| endpoint.instance);
    endpoints.iter().map(|endpoint| endpoint.well).collect()
}

/// Who answers many calls.
async fn answer(dice: &DiceClient) -> Vec<u32> {
    let mut all = Vec::new();
    for _ in 0..64 {
        all.push(dice.roll().await.unwrap());
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_well_is_called_only_if_nobody_is() {
    let data = tempfile::tempdir().unwrap();
    let backs = [start(&data, 0, "back", 0).await, start(&data, 0, "back", 1).await];
    let front = start(&data, 0, "front", 0).await;
    front.until_ready(seam::secs(20)).await.unwrap();
    let dice: DiceClient = front.client().unwrap();
    until("both are called", async || answer(&dice).await == [0, 1]).await;
    assert_eq!(well(&front).await, [true, true]);
    let case = Arc::clone(CASES[0].get().unwrap());
    let feel = |number: usize, way| case.ways[number].store(way, Ordering::SeqCst);
    // Who is asked again while it is still asked says so.
    let (first, again) =
        ("it doesn't say how it is within 300ms", "it still doesn't say how it is");
    for (way, reasons) in [
        (BAD, ["it is loaded"; 2]),
        (PANICS, ["the dice are gone"; 2]),
        (HANGS, [first, again]),
        (BLOCKS, [first, again]),
    ] {
        feel(0, way);
        until("it is known", async || well(&front).await == [false, true]).await;
        assert_eq!(answer(&dice).await, [1], "{reasons:?}");
        let unready = backs[0].ready().await.unwrap_err();
        let said = |reason| unready.starts_with(&format!("service `dice`: {reason}"));
        assert!(reasons.into_iter().any(said), "{unready}");
        let status = backs[0].status().await;
        let service = &status.services[0];
        assert_eq!((status.ready, service.health.as_deref()), (false, Some("bad")));
        assert_eq!((service.state.as_str(), service.reason.is_some()), ("running", true));
        // With nobody better, all are called.
        feel(1, BAD);
        until("it is known", async || well(&front).await == [false, false]).await;
        until("both are called", async || answer(&dice).await == [0, 1]).await;
        feel(0, GOOD);
        feel(1, GOOD);
        until("both are well", async || well(&front).await == [true, true]).await;
        until("both are called", async || answer(&dice).await == [0, 1]).await;
        assert!(backs[0].ready().await.is_ok());
    }
    front.stop().await;
    for back in backs {
        back.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_that_hangs_holds_up_neither_calls_nor_the_end() {
    let data = tempfile::tempdir().unwrap();
    let back = start(&data, 1, "back", 0).await;
    let dice: DiceClient = back.client().unwrap();
    let case = Arc::clone(CASES[1].get().unwrap());
    case.ways[0].store(HANGS, Ordering::SeqCst);
    until("it isn't well", async || back.ready().await.is_err()).await;
    let began = Instant::now();
    for _ in 0..100 {
        // It wants the actor alone, which is lent to who asks it.
        assert_eq!(dice.shake().await.unwrap(), 0);
        assert_eq!(dice.roll().await.unwrap(), 0);
    }
    // Each would have waited for up to 300 ms.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let began = Instant::now();
    back.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
