//! What a unit says of its services' stores, and what it keeps for the program.

#![allow(clippy::unwrap_used, reason = "a test that gets less than it expects has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use seam::StoreFailure;
use seam::outcome::CallError;
use seam::prelude::*;
use seam::store::engine::Fault;
use seam::store::{Memory, StoreError, TransactionError};

#[seam::error]
#[derive(PartialEq)]
enum ShelfError {
    #[error(store)]
    Store(StoreFailure),
}

#[seam::contract(name = "shelf", version = "1.0")]
trait Shelf {
    async fn put(&mut self, number: u64) -> Result<(), ShelfError>;
    async fn has(&self, number: u64) -> Result<bool, ShelfError>;
}

struct ShelfService {
    numbers: Table<u64, ()>,
}

impl Actor for ShelfService {
    type Contract = ShelfContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let store = setup.store()?;
        let numbers = store.table("numbers")?;
        // Every shelf has a first number.
        let first = numbers.clone();
        store.transaction(move |tx| tx.insert(&first, &0, &())).await?;
        if numbers.get(&0).await?.is_none() {
            return Err(StartError::failed("a transaction was acknowledged and lost"));
        }
        Ok(Self { numbers })
    }
}

impl Shelf for ShelfService {
    async fn put(&mut self, number: u64) -> Result<(), ShelfError> {
        Ok(self.numbers.insert(&number, &()).await?)
    }

    async fn has(&self, number: u64) -> Result<bool, ShelfError> {
        Ok(self.numbers.get(&number).await?.is_some())
    }
}

/// The shelf, its rows kept in memory, with an edge.
fn app(data: &tempfile::TempDir, memory: &Memory) -> App {
    App::new("library")
        .service::<ShelfService>()
        .store_on("shelf", memory.clone())
        .config_text("[units.all]\nhttp = \"127.0.0.1:0\"\n[edge]\nnotice = \"0s\"")
        .set("SEAM__APP__DATA", data.path().display().to_string())
}

/// The status and the body of `/readyz`.
async fn readyz(address: SocketAddr) -> (String, String) {
    let asked = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        let head = "GET /readyz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
        connection.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = asked.await.unwrap();
    (answer[9..12].to_owned(), answer)
}

async fn store_of(running: &seam::Running) -> Option<String> {
    running.status().await.services[0].store.clone()
}

fn failure(outcome: Result<(), CallError<ShelfError>>) -> (&'static str, bool) {
    use seam::__private::contract::ServiceError as _;
    match outcome {
        Err(CallError::Service(ShelfError::Store(failure))) => {
            (failure.code(), failure.is_unknown())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_full_store_is_told_until_it_is_over() {
    let (data, memory) = (tempfile::tempdir().unwrap(), Memory::new());
    let running = app(&data, &memory).start().await.unwrap();
    let shelf: ShelfClient = running.client().unwrap();
    assert_eq!(store_of(&running).await.as_deref(), Some("ok"));
    memory.next([Some(Fault::Full)]);
    assert_eq!(failure(shelf.put(1).await), ("store_full", false));
    assert_eq!(store_of(&running).await.as_deref(), Some("full"));
    assert_eq!(shelf.has(0).await, Ok(true), "reads go on");
    assert_eq!(readyz(running.http().unwrap()).await.0, "200");
    assert_eq!(shelf.put(1).await, Ok(()));
    assert_eq!(store_of(&running).await.as_deref(), Some("ok"));
    running.stop().await;
}

#[tokio::test]
async fn a_unit_with_a_poisoned_store_is_not_ready() {
    let (data, memory) = (tempfile::tempdir().unwrap(), Memory::new());
    let running = app(&data, &memory).start().await.unwrap();
    let shelf: ShelfClient = running.client().unwrap();
    memory.next([Some(Fault::Lost { written: false })]);
    assert_eq!(failure(shelf.put(1).await), ("store_unknown", true));
    assert_eq!(failure(shelf.put(2).await), ("store_poisoned", false));
    assert_eq!(store_of(&running).await.as_deref(), Some("poisoned"));
    let (status, answer) = readyz(running.http().unwrap()).await;
    assert_eq!(status, "503", "{answer}");
    assert!(answer.contains("service `shelf`: its store can't write"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn a_start_that_meets_a_full_store_is_tried_again() {
    let (data, memory) = (tempfile::tempdir().unwrap(), Memory::new());
    memory.next([Some(Fault::Full); 2]);
    let running = app(&data, &memory).start().await.unwrap();
    running.until_ready(seam::secs(20)).await.unwrap();
    assert_eq!(store_of(&running).await.as_deref(), Some("ok"));
    running.stop().await;
}

#[tokio::test]
async fn a_program_keeps_its_own_in_the_unit_s_database() {
    let (data, memory) = (tempfile::tempdir().unwrap(), Memory::new());
    for times in 1..=2_u64 {
        let running = app(&data, &memory).start().await.unwrap();
        let store = running.store().unwrap();
        let mut counts: Table<String, u64> = store.table("counts").unwrap();
        let starts = counts.get(&"starts".into()).await.unwrap().unwrap_or_default() + 1;
        counts.insert(&"starts".into(), &starts).await.unwrap();
        assert_eq!(starts, times, "it outlives the unit");
        assert!(data.path().join("units/all").is_dir());
        running.stop().await;
        assert_eq!(counts.get(&"starts".into()).await, Err(StoreError::Closed));
    }
}

/// What a transaction fails with is a reason, too, whatever its closure's own error is.
#[test]
fn what_a_start_meets_is_a_reason() {
    fn start(error: TransactionError<std::fmt::Error>) -> Result<(), StartError> {
        Err(error)?;
        Ok(())
    }
    let reason = start(StoreError::Closed.into()).unwrap_err();
    assert_eq!(reason.to_string(), "the store is closed");
}
