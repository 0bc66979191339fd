//! Instances of a unit that serves HTTP: they share one socket, which outlives each of them.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::{get, post};
use seam_tests::process::signal;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::transcript::{place_as, tea};

/// How long anything here may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// The instances of `edge` that run, by number: their status.
async fn edges(premises: &Premises) -> BTreeMap<u64, Value> {
    let status = premises.status().await.unwrap();
    let edge = status.into_iter().filter(|u| u["unit"] == "edge" && u["running"] == true);
    edge.map(|unit| (unit["instance"].as_u64().unwrap(), unit)).collect()
}

fn pid(unit: &Value) -> u32 {
    u32::try_from(unit["pid"].as_u64().unwrap()).unwrap()
}

async fn done(premises: &Premises, arguments: &[&str]) {
    let output = premises.command(arguments).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {text}{problem}");
}

/// Several clients that place orders, until they are told to stop.
struct Load {
    over: Arc<AtomicBool>,
    clients: JoinSet<BTreeMap<String, u32>>,
}

impl Load {
    fn begin(edge: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for client in 0..4 {
            clients.spawn(place(edge, client, Arc::clone(&over)));
        }
        Self { over, clients }
    }

    /// What was answered, and how often.
    async fn end(self) -> BTreeMap<String, u32> {
        self.over.store(true, Ordering::Relaxed);
        let mut all = BTreeMap::new();
        for (what, times) in self.clients.join_all().await.into_iter().flatten() {
            *all.entry(what).or_default() += times;
        }
        all
    }
}

async fn place(edge: SocketAddr, client: u32, over: Arc<AtomicBool>) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let order = place_as(&format!("edges-{edge}-{client}-{number}"), &tea(1, 1));
        let what = match order.send(edge).await {
            Ok(answer) if answer.status == 201 => "placed".to_owned(),
            Ok(answer) => {
                let problem = answer.json();
                format!("{} {} {}", answer.status, problem["code"], problem["outcome"])
            }
            Err(error) => format!("no answer: {error}"),
        };
        *all.entry(what).or_default() += 1;
        sleep(Duration::from_millis(5)).await;
    }
    all
}

async fn ada(edge: SocketAddr) {
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_edges_share_a_socket_and_none_is_missed() {
    let two = ("SEAM__UNITS__EDGE__INSTANCES".into(), "2".into());
    let premises = Premises::new(vec![two]).unwrap();
    // A unit with the edge alone: no database has to be taken over meanwhile.
    let mut up = premises.start(&["up", "micro"]).unwrap();
    let edge = premises.edge(10, true).await.unwrap();
    let both = edges(&premises).await;
    assert!(both.values().all(|unit| unit["http"] == edge.to_string()), "{both:?}");
    let said = format!("shop is ready: http://{edge}  (");
    let began = Instant::now();
    while !up.log().contains(&said) {
        assert!(began.elapsed() < PATIENCE, "{}", up.log());
        sleep(Duration::from_millis(20)).await;
    }
    ada(edge).await;

    let load = Load::begin(edge);
    done(&premises, &["restart", "edge", "--rolling"]).await;
    done(&premises, &["drain", "edge.0"]).await;
    let answers = load.end().await;
    println!("restarted one by one, and drained one: {answers:?}");
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["placed"], "{answers:?}");
    assert_eq!(edges(&premises).await.keys().collect::<Vec<_>>(), [&1]);
    done(&premises, &["restart", "edge.0"]).await;

    // Only what it had taken in itself is lost.
    let load = Load::begin(edge);
    let before = edges(&premises).await;
    signal(pid(&before[&1]), Signal::KILL).unwrap();
    let began = Instant::now();
    loop {
        let now = edges(&premises).await;
        if now.get(&1).is_some_and(|u| u["ready"] == true && pid(u) != pid(&before[&1])) {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{now:?}");
        sleep(Duration::from_millis(20)).await;
    }
    let answers = load.end().await;
    println!("killed one: {answers:?}");
    let lost: u32 = answers.iter().filter(|(what, _)| *what != "placed").map(|(_, n)| n).sum();
    assert!(answers["placed"] > 0 && lost <= 4, "{answers:?}");
    assert!(answers.keys().all(|what| !what.contains("refused")), "{answers:?}");
    assert!(up.stop().await.unwrap().success());
    assert!(TcpStream::connect(edge).await.is_err(), "nobody is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_wait_for_a_restart_and_are_refused_after_a_drain() {
    let premises = Premises::new(Vec::new()).unwrap();
    let mut up = premises.start(&["up", "micro"]).unwrap();
    let edge = premises.edge(9, true).await.unwrap();
    ada(edge).await;
    let load = Load::begin(edge);
    done(&premises, &["restart", "edge"]).await;
    let answers = load.end().await;
    println!("restarted the only one: {answers:?}");
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["placed"], "{answers:?}");
    done(&premises, &["drain", "edge"]).await;
    assert!(TcpStream::connect(edge).await.is_err());
    done(&premises, &["restart", "edge"]).await;
    assert_eq!(get("/readyz").send(edge).await.unwrap().status, 200, "at the same address");
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_by_who_wants_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let http = taken.local_addr().unwrap();
    let settings = vec![
        ("SEAM__UNITS__FRONT__HTTP".into(), http.to_string()),
        ("SEAM__UNITS__FRONT__INSTANCES".into(), "2".into()),
    ];
    let premises = Premises::new(settings).unwrap();
    let up = premises.command(&["up", "split"]).await.unwrap();
    let said = String::from_utf8_lossy(&up.stderr);
    assert_eq!(up.status.code(), Some(1), "{said}");
    let reason = format!("can't serve HTTP on {http}: port {} is taken", http.port());
    assert!(said.contains(&reason), "{said}");
    assert!(said.contains("fix: stop the program that has it"), "{said}");
    let run = ["run", "--unit", "front", "--instance", "1", "--topology", "split"];
    let run = premises.command(&run).await.unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains(&reason) && said.contains("instances that `up` starts"), "{said}");
}
