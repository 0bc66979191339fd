//! Edges in several units, which count together.

#![allow(clippy::unwrap_used, reason = "a test that gets less than it expects has failed")]

use std::net::SocketAddr;
use std::time::Duration;

use seam::Running;
use seam::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[seam::contract(name = "tea", version = "1.0")]
trait Tea {
    #[call(http = "GET /tea/{cups}", public)]
    async fn brew(&self, cups: u8) -> u8;
}

struct Pot;

impl Actor for Pot {
    type Contract = TeaContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Tea for Pot {
    async fn brew(&self, cups: u8) -> u8 {
        cups
    }
}

async fn start(data: &tempfile::TempDir, unit: &str) -> Running {
    let config = format!(
        "[app]\ndata = {:?}\nthreads = 1\n\
         [units.gate-a]\nservices = []\nhttp = \"127.0.0.1:0\"\n\
         [units.gate-b]\nservices = []\nhttp = \"127.0.0.1:0\"\n\
         [units.core]\nservices = [\"*\"]\n\
         [topologies]\ngates = [\"gate-a\", \"gate-b\", \"core\"]\n\
         [edge]\nnotice = \"0s\"\n\
         [edge.rates]\n\"tea.brew\" = \"20/1h\"\n",
        data.path()
    );
    let app = App::new("tearoom").service::<Pot>().config_text(config).unit(unit);
    let unit = app.start().await.unwrap();
    unit.until_ready(seam::secs(20)).await.unwrap();
    unit
}

async fn get(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = b"GET /tea/3 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    connection.write_all(head).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// How many of so many requests at each of these in turn are let in.
async fn let_in(gates: &[&Running], requests: usize) -> usize {
    let mut let_in = 0;
    for number in 0..requests {
        let answer = get(gates[number % gates.len()].http().unwrap()).await;
        match &answer[..12] {
            "HTTP/1.1 200" => let_in += 1,
            "HTTP/1.1 429" => {
                assert!(answer.contains("ratelimit-policy: \"tea.brew\";q=20;w=3600"), "{answer}");
                assert!(answer.contains("ratelimit: \"tea.brew\";r=0;t="), "{answer}");
            }
            _ => panic!("{answer}"),
        }
    }
    let_in
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_holds_over_all_of_them_and_whoever_ends() {
    let data = tempfile::tempdir().unwrap();
    let (core, gate_a, gate_b) =
        tokio::join!(start(&data, "core"), start(&data, "gate-a"), start(&data, "gate-b"));
    assert_eq!(let_in(&[&gate_a, &gate_b], 12).await, 12);
    // What the first let in, the other is told.
    tokio::time::sleep(Duration::from_millis(300)).await;
    gate_a.stop().await;
    assert_eq!(let_in(&[&gate_b], 12).await, 8);
    // Back again it is the first once more, and asks what it can't know.
    let gate_a = start(&data, "gate-a").await;
    assert_eq!(let_in(&[&gate_a, &gate_b], 12).await, 0);
    // Nobody is shown it as a service of the app.
    let status = gate_b.status().await;
    assert!(!format!("{status:?}").contains("seam."), "{status:?}");
    for unit in [gate_a, gate_b, core] {
        unit.stop().await;
    }
}
