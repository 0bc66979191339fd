//! Instances that the config doesn't list, and a registry that is away: callers notice neither.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use seam_tests::brokers::{Broker, Kind};
use seam_tests::http::post;
use seam_tests::process::Process;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::transcript::place_as;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);
/// How soon who has come is called, and a view is fresh once its registry is back.
const SOON: Duration = Duration::from_secs(2);
/// So many registries' leases that one is over.
const AWAY: Duration = Duration::from_secs(5);

/// The shop as three processes, and a fourth that does nothing but keep the registry where that is
/// embedded.
const CONFIG: &str = r#"
[app]
name = "shop"
data = "{premises}/data"
[registry]
unit = "keeper"
lease = "2s"
heartbeat = "500ms"
[units.keeper]
services = []
[units.front]
services = ["user", "order", "history", "overview"]
http = "127.0.0.1:0"
[units.pay]
services = ["payment", "mail", "shipping"]
[units.quote]
services = ["quote"]
[topologies]
split = ["keeper", "front", "pay", "quote"]
"#;

fn premises(engine: &str, url: &str) -> Premises {
    let registry = format!("[registry]\nengine = {engine:?}\nurl = {url:?}\n");
    Premises::with_config(&CONFIG.replace("[registry]\n", &registry)).unwrap()
}

/// The shop, once it is ready and has a customer.
async fn open(premises: &Premises) -> (Process, SocketAddr) {
    let up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(4, true).await.unwrap();
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);
    (up, edge)
}

/// Customers who order all the time.
struct Load {
    over: Arc<AtomicBool>,
    calls: JoinHandle<BTreeMap<String, u32>>,
}

impl Load {
    fn start(edge: SocketAddr) -> Self {
        let over = Arc::<AtomicBool>::default();
        let calls = tokio::spawn(place(edge, Arc::clone(&over)));
        Self { over, calls }
    }

    /// All orders were taken, and priced by a quote.
    async fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        let answers = self.calls.await.unwrap();
        println!("{answers:?}");
        assert!(
            matches!(answers.keys().collect::<Vec<_>>()[..], [ok] if ok == "201 95"),
            "{answers:?}"
        );
    }
}

/// How many answers of which kind there were.
async fn place(edge: SocketAddr, over: Arc<AtomicBool>) -> BTreeMap<String, u32> {
    let mut answers = BTreeMap::new();
    let line = json!([{ "sku": "tea", "quantity": 100, "unitPriceCents": 1 }]);
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let order = json!({ "userId": 1, "products": line });
        let answer = place_as(&format!("registry-{number}"), &order).send(edge).await.unwrap();
        let body = answer.json();
        let what = match answer.status {
            201 => format!("201 {}", body["order"]["totalCents"]),
            status => format!("{status} {} {}", body["code"], body["outcome"]),
        };
        *answers.entry(what).or_default() += 1;
        sleep(Duration::from_millis(5)).await;
    }
    answers
}

/// What `front` says of an instance of `quote`.
async fn quote(premises: &Premises, instance: u16) -> Option<Value> {
    let status = premises.status().await.unwrap();
    let front = status.iter().find(|unit| unit["unit"] == "front")?;
    let mut endpoints = front["endpoints"].as_array()?.iter();
    endpoints.find(|own| own["unit"] == "quote" && own["instance"] == instance).cloned()
}

/// Waits until that holds of every unit's status; how long it took.
async fn until(premises: &Premises, what: &str, holds: impl Fn(&[Value]) -> bool) -> Duration {
    let began = Instant::now();
    loop {
        let status = premises.status().await.unwrap();
        if holds(&status) {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}: {status:#?}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn is_ready(status: &[Value], unit: &str, instance: u16) -> bool {
    let own = |own: &&Value| own["unit"] == unit && own["instance"] == instance;
    status.iter().find(own).is_some_and(|unit| unit["ready"] == true)
}

fn all_fresh(status: &[Value], engine: &str) -> bool {
    let running = status.iter().filter(|unit| unit["running"] == true);
    running.clone().count() == 4
        && running
            .clone()
            .all(|unit| unit["registry"] == json!({ "engine": engine, "fresh": true }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_nobody_lists_is_called_while_it_is_there() {
    let premises = premises("embedded", "");
    let (mut up, edge) = open(&premises).await;
    let by_hand = ["run", "--unit", "quote", "--instance", "7"];
    let load = Load::start(edge);
    for kills in [false, true] {
        let mut process = premises.start(&by_hand).unwrap();
        until(&premises, "it is up", |status| is_ready(status, "quote", 7)).await;
        let began = Instant::now();
        let called = |own: &Value| own["state"] == "ready" && own["calls"].as_u64() > Some(0);
        while !quote(&premises, 7).await.is_some_and(|own| called(&own)) {
            assert!(began.elapsed() < SOON, "not called: {:?}", quote(&premises, 7).await);
        }
        println!("called after {:?}", began.elapsed());
        if kills {
            process.kill().await.unwrap();
            let state = quote(&premises, 7).await.map(|own| own["state"].clone());
            assert_ne!(state, Some(json!("ready")), "its connection broke");
            let gone = |status: &[Value]| {
                let front = status.iter().find(|unit| unit["unit"] == "front").unwrap();
                let endpoints = front["endpoints"].as_array().unwrap();
                endpoints.iter().all(|own| own["instance"] != 7)
            };
            until(&premises, "its lease has run out", gone).await;
        } else {
            assert!(process.stop().await.unwrap().success());
            assert_eq!(quote(&premises, 7).await, None, "it has left");
        }
        assert_eq!(quote(&premises, 0).await.unwrap()["state"], "ready");
    }
    load.stop().await;
    assert!(up.stop().await.unwrap().success());
}

/// Takes the registry away under load, and brings it back.
async fn away(
    premises: &Premises,
    edge: SocketAddr,
    engine: &str,
    take_away: impl AsyncFnOnce(),
    bring_back: impl AsyncFnOnce(),
) {
    let mut third = premises.start(&["run", "--unit", "quote", "--instance", "2"]).unwrap();
    until(premises, "it is called", |status| {
        let front = status.iter().find(|unit| unit["unit"] == "front").unwrap();
        let mut endpoints = front["endpoints"].as_array().unwrap().iter();
        endpoints.any(|own| own["instance"] == 2 && own["state"] == "ready")
    })
    .await;
    let load = Load::start(edge);
    take_away().await;
    let stale = |status: &[Value]| {
        let front = status.iter().find(|unit| unit["unit"] == "front").unwrap();
        front["registry"] == json!({ "engine": engine, "fresh": false })
    };
    until(premises, "it is seen to be away", stale).await;
    sleep(AWAY).await;
    assert_eq!(quote(premises, 2).await.unwrap()["state"], "ready", "nothing known is forgotten");
    bring_back().await;
    let fresh = |status: &[Value]| {
        let running = status.iter().filter(|unit| unit["running"] == true);
        let fresh = running.filter(|unit| unit["registry"]["fresh"] == true);
        fresh.count() == 5
    };
    let took = until(premises, "all views are fresh", fresh).await;
    println!("{engine}: fresh {took:?} after its return");
    assert!(took < SOON, "fresh {took:?} after its return");
    sleep(AWAY).await;
    assert_eq!(quote(premises, 2).await.unwrap()["state"], "ready", "it is registered again");
    assert!(third.stop().await.unwrap().success());
    assert_eq!(quote(premises, 2).await, None);
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_keeps_the_registry_may_be_away() {
    let premises = premises("embedded", "");
    let (mut up, edge) = open(&premises).await;
    until(&premises, "all views are fresh", |status| all_fresh(status, "embedded")).await;
    let done = async |order: &str| {
        let output = premises.command(&[order, "keeper"]).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let (take_away, bring_back) = (async || done("drain").await, async || done("restart").await);
    away(&premises, edge, "embedded", take_away, bring_back).await;
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_keeps_the_registry_may_be_away() {
    let Some(broker) = Broker::start(Kind::Nats).await.unwrap() else { return };
    let premises = premises("nats", &broker.url());
    let (mut up, edge) = open(&premises).await;
    until(&premises, "all views are fresh", |status| all_fresh(status, "nats")).await;
    let broker = tokio::sync::Mutex::new(broker);
    let kill = async || broker.lock().await.kill().await.unwrap();
    let resume = async || broker.lock().await.resume().await.unwrap();
    away(&premises, edge, "nats", kill, resume).await;
    assert!(up.stop().await.unwrap().success());
}
