//! What a service pushes is heard at whichever gateway, live and on coming back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seam::Running;
use seam_tests::http::{get, post};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::house::{House, address};
use crate::support::{PATIENCE, soon};

/// A client that listens.
struct Listener {
    stream: TcpStream,
    text: String,
    last: String,
}

impl Listener {
    async fn begin(gate: SocketAddr, subject: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(gate).await.unwrap();
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let head = format!("GET /push HTTP/1.1\r\nHost: t\r\nX-Badge: {subject}\r\n{last}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut listener = Self { stream, text: String::new(), last: String::new() };
        // From the greeting on, whatever is pushed is heard.
        let head = listener.block().await.unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(listener.event().await, None, "the greeting");
        listener
    }

    /// Up to the next empty line.
    async fn block(&mut self) -> Option<String> {
        loop {
            let end = self.text.find("\r\n\r\n").into_iter().chain(self.text.find("\n\n")).min();
            if let Some(end) = end {
                let length = if self.text[end..].starts_with('\r') { 4 } else { 2 };
                return Some(self.text.drain(..end + length).collect());
            }
            let mut bytes = [0; 4096];
            match soon("what is pushed", self.stream.read(&mut bytes)).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.text += std::str::from_utf8(&bytes[..read]).unwrap(),
            }
        }
    }

    /// The next block of the stream: the number that it tells, if it tells one.
    async fn event(&mut self) -> Option<u64> {
        let block = self.block().await.expect("the stream goes on");
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        if let Some(id) = field("id: ") {
            self.last = id.to_owned();
        }
        let data: serde_json::Value = serde_json::from_str(field("data: ")?).unwrap();
        assert_eq!(field("event: "), Some("herald.said"));
        data["number"].as_u64()
    }

    async fn numbers(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            numbers.extend(self.event().await);
        }
        numbers
    }
}

async fn tell(gate: &Running, subject: &str, first: u64, count: u64) {
    let body = json!({ "first": first, "count": count });
    let told = post(&format!("/tell/{subject}"), &body).send(address(gate)).await.unwrap();
    assert_eq!((told.status, told.json()), (200, json!(count + 1)), "{}", told.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pushed_is_heard_at_each_gateway() {
    let house = House::new();
    let cores = [house.start("core", 0).await, house.start("core", 1).await];
    let (gate_a, gate_b) = (house.start("gate-a", 0).await, house.start("gate-b", 0).await);
    for gate in [&gate_a, &gate_b] {
        gate.until_ready(PATIENCE).await.unwrap();
    }
    let nobody = get("/push").send(address(&gate_a)).await.unwrap();
    assert_eq!((nobody.status, nobody.json()["code"].as_str()), (401, Some("unauthenticated")));
    let mut ada_a = Listener::begin(address(&gate_a), "ada", None).await;
    let mut ada_b = Listener::begin(address(&gate_b), "ada", None).await;
    let mut eve = Listener::begin(address(&gate_b), "eve", None).await;
    // From both instances, by either gateway.
    let began = Instant::now();
    tell(&gate_a, "ada", 1, 3).await;
    let mut heard = [ada_a.numbers(4).await, ada_b.numbers(4).await];
    println!("asked, pushed and heard at both after {:?}", began.elapsed());
    for numbers in &mut heard {
        assert_eq!(numbers, &[1, 2, 3, 0]);
    }
    let last = ada_a.last.clone();
    drop((ada_a, ada_b));
    // While nobody listens, and for others.
    for round in 0..10 {
        tell(if round % 2 == 0 { &gate_a } else { &gate_b }, "ada", 10 + round, 1).await;
        tell(&gate_b, "eve", 100 + round, 1).await;
    }
    let mut again = Listener::begin(address(&gate_b), "ada", Some(&last)).await;
    let mut missed = again.numbers(20).await;
    missed.retain(|number| *number > 0);
    missed.sort_unstable();
    assert_eq!(missed, (10..20).collect::<Vec<_>>(), "each once");
    let mut of_eve = eve.numbers(20).await;
    of_eve.retain(|number| *number > 0);
    of_eve.sort_unstable();
    assert_eq!(of_eve, (100..110).collect::<Vec<_>>());

    // A gateway that ends ends its streams at once; the other one goes on where they were.
    let (began, ending) = (Instant::now(), gate_b.stop_within(Duration::from_secs(20)));
    let over = async {
        while again.block().await.is_some() {}
        began.elapsed()
    };
    let ((), over) = tokio::join!(ending, over);
    assert!(over < Duration::from_secs(5), "{over:?}");
    tell(&gate_a, "ada", 50, 1).await;
    let mut ada = Listener::begin(address(&gate_a), "ada", Some(&again.last)).await;
    assert_eq!(ada.numbers(2).await, [50, 0]);
    // A gateway that is new knows what was pushed before it was there.
    let gate_b = house.start("gate-b", 0).await;
    gate_b.until_ready(PATIENCE).await.unwrap();
    let mut ada = Listener::begin(address(&gate_b), "ada", Some(&again.last)).await;
    assert_eq!(ada.numbers(2).await, [50, 0]);

    // An instance ends and comes back as another: what it pushes is heard.
    let [first, second] = cores;
    first.stop_within(Duration::from_secs(1)).await;
    second.stop_within(Duration::from_secs(1)).await;
    let first = house.start("core", 0).await;
    crate::support::until("it is called", async || {
        let asked = get("/at/x").send(address(&gate_a)).await.unwrap();
        asked.status == 200
    })
    .await;
    tell(&gate_a, "ada", 60, 1).await;
    assert_eq!(ada.numbers(2).await, [60, 0]);
    for unit in [gate_a, gate_b, first] {
        unit.stop_within(Duration::from_secs(1)).await;
    }
}
