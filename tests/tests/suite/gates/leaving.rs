//! Gateways that are told to end, or are killed, under clients that know both.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::{Response, get, post};
use seam_tests::process::signal;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long anything here may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a gateway is told to end; `SEAM_STOPS=10` for more.
const STOPS: &str = "SEAM_STOPS";

/// The gateways that run: their process and where they are.
async fn gates(premises: &Premises) -> BTreeMap<String, (u32, SocketAddr)> {
    let status = premises.status().await.unwrap();
    let gate = |unit: &Value| {
        let name = unit["unit"].as_str()?.to_owned();
        let pid = u32::try_from(unit["pid"].as_u64()?).ok()?;
        let ready = unit["ready"] == true;
        ready.then_some((name, (pid, unit["http"].as_str()?.parse().ok()?)))
    };
    status.iter().filter_map(gate).collect()
}

/// Both of them, once they are ready and it isn't that process any more.
pub(super) async fn both(premises: &Premises, other_than: u32) -> [(u32, SocketAddr); 2] {
    let began = Instant::now();
    loop {
        let found: Vec<_> = gates(premises).await.into_values().collect();
        if let [one, other] = found[..]
            && one.0 != other_than
            && other.0 != other_than
        {
            return [one, other];
        }
        assert!(began.elapsed() < PATIENCE, "{found:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// What became of the requests of some clients.
#[derive(Default)]
struct Seen {
    over: AtomicBool,
    answered: AtomicUsize,
    /// Nobody took the connection, and nothing was sent.
    refused: AtomicUsize,
    /// The rest.
    cut: parking_lot::Mutex<Vec<String>>,
}

/// Asks one gateway, and the other one where that can't be reached or, for a read, gives no answer.
async fn client(gates: [SocketAddr; 2], seen: Arc<Seen>, turns_to_other: bool) {
    while !seen.over.load(Ordering::Relaxed) {
        let asked = get("/api/user/1").send(gates[0]).await;
        let asked = match asked {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                seen.refused.fetch_add(1, Ordering::Relaxed);
                get("/api/user/1").send(gates[1]).await
            }
            Err(_) if turns_to_other => get("/api/user/1").send(gates[1]).await,
            asked => asked,
        };
        match asked {
            Ok(Response { status: 200, .. }) => {
                seen.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => seen.cut.lock().push(format!("{} {}", answer.status, answer.text())),
            Err(error) => seen.cut.lock().push(error.to_string()),
        }
        sleep(Duration::from_millis(2)).await;
    }
}

fn clients(gates: [SocketAddr; 2], turns_to_other: bool) -> (Arc<Seen>, JoinSet<()>) {
    let (seen, mut clients) = (Arc::new(Seen::default()), JoinSet::new());
    for number in 0..8 {
        let gates = [gates[number % 2], gates[1 - number % 2]];
        clients.spawn(client(gates, Arc::clone(&seen), turns_to_other));
    }
    (seen, clients)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_ends_cuts_nothing_and_one_that_is_killed_is_stood_in_for() {
    let stops = std::env::var(STOPS).ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let premises = Premises::new(Vec::new()).unwrap();
    let mut up = premises.start(&["up", "gates"]).unwrap();
    premises.edge(3, true).await.unwrap();
    let mut now = both(&premises, 0).await;
    let places = now.map(|(_, place)| place);
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(places[0]).await.unwrap().status, 201);
    assert_eq!(get("/readyz").send(places[1]).await.unwrap().status, 200);

    let (seen, asking) = clients(places, false);
    for stop in 0..stops {
        let (pid, place) = now[stop % 2];
        signal(pid, Signal::TERM).unwrap();
        // For a while it says so, and answers all the same.
        let began = Instant::now();
        loop {
            let ready = get("/readyz").send(place).await.unwrap();
            if ready.status == 503 {
                assert_eq!(ready.header("connection"), Some("close"));
                break;
            }
            assert!(began.elapsed() < PATIENCE);
        }
        now = both(&premises, pid).await;
        assert_eq!(now.map(|(_, place)| place), places, "at the same addresses");
    }
    seen.over.store(true, Ordering::Relaxed);
    asking.join_all().await;
    println!("told to end {stops} times: {:?} answered", seen.answered);
    assert_eq!(*seen.cut.lock(), [] as [String; 0]);
    assert!(seen.answered.load(Ordering::Relaxed) > 100 * stops);

    // Who reads may ask again, and so loses nothing.
    let (seen, asking) = clients(places, true);
    let (pid, _) = now[0];
    sleep(Duration::from_millis(200)).await;
    signal(pid, Signal::KILL).unwrap();
    both(&premises, pid).await;
    seen.over.store(true, Ordering::Relaxed);
    asking.join_all().await;
    println!("killed: {:?} answered", seen.answered);
    assert_eq!(*seen.cut.lock(), [] as [String; 0]);
    assert!(up.stop().await.unwrap().success());
}
