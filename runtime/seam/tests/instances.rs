//! Two instances of a unit, in one process: one is at work, and the other stands by.
#![allow(clippy::unwrap_used, reason = "a test says why it fails")]

use std::time::Duration;

use seam::Running;
use seam::outcome::{CallError, NotExecuted};
use seam::prelude::*;

#[seam::contract(name = "counter", version = "1.0")]
trait Counter {
    async fn count(&mut self) -> u64;
}

#[seam::contract(name = "dice", version = "1.0")]
trait Dice {
    async fn roll(&self) -> u32;
}

struct CounterService {
    counts: Table<u8, u64>,
}

struct DiceService;

impl Actor for CounterService {
    type Contract = CounterContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { counts: setup.table("counts")? })
    }
}

impl Counter for CounterService {
    async fn count(&mut self) -> u64 {
        let count = self.counts.get(&0).await.unwrap().unwrap_or(0) + 1;
        self.counts.insert(&0, &count).await.unwrap();
        count
    }
}

impl Actor for DiceService {
    type Contract = DiceContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Dice for DiceService {
    async fn roll(&self) -> u32 {
        4
    }
}

async fn start(data: &tempfile::TempDir, instance: u16) -> Running {
    let config = format!(
        "[app]\ndata = {:?}\nthreads = 1\n[units.all]\nservices = [\"*\"]\ninstances = 2\n",
        data.path()
    );
    let app = App::new("casino").service::<CounterService>().service::<DiceService>();
    app.config_text(config).instance(instance).start().await.unwrap()
}

async fn states(unit: &Running) -> Vec<String> {
    let status = unit.status().await;
    status.services.into_iter().map(|service| service.state).collect()
}

#[tokio::test]
async fn who_has_the_database_is_at_work_and_the_other_takes_over() {
    let data = tempfile::tempdir().unwrap();
    let first = start(&data, 0).await;
    let second = start(&data, 1).await;
    assert_eq!(states(&first).await, ["running", "running"]);
    assert_eq!(states(&second).await, ["standby", "running"], "one without tables runs in all");
    second.until_ready(seam::secs(20)).await.unwrap();
    assert_eq!(second.status().await.instance, 1);
    assert_ne!(first.listen(), second.listen());

    let counter = second.client::<CounterClient>().unwrap();
    assert_eq!(first.client::<CounterClient>().unwrap().count().await, Ok(1));
    let error = counter.count().await.unwrap_err();
    let CallError::NotExecuted(NotExecuted::Unavailable { reason }) = &error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("stands by"), "{reason}");
    assert_eq!(second.client::<DiceClient>().unwrap().roll().await, Ok(4));

    first.stop().await;
    let answered = async {
        loop {
            match counter.count().await {
                Ok(count) => return count,
                Err(error) => assert!(error.not_executed(), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let count = tokio::time::timeout(seam::secs(20), answered).await.unwrap();
    assert_eq!(count, 2, "what the first had written is there");
    assert_eq!(states(&second).await, ["running", "running"]);
    second.stop().await;
}

#[tokio::test]
async fn who_stands_by_ends_at_once_and_takes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let first = start(&data, 0).await;
    let second = start(&data, 1).await;
    let stopped = tokio::time::timeout(seam::secs(10), second.stop()).await;
    assert!(stopped.is_ok(), "it waits for nothing");
    first.stop().await;
    let again = start(&data, 0).await;
    // A thread that waited for the database for the second one may have had it for a moment.
    let runs = async {
        while states(&again).await != ["running", "running"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(seam::secs(10), runs).await.is_ok(), "{:?}", states(&again).await);
    again.stop().await;
}
