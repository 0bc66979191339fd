//! The shop on PostgreSQL: all instances of a unit work on the same rows, an outage of the database is
//! one of its services and passes, and rows go from one store to the other and back.
//!
//! Each test starts a PostgreSQL of its own. Where it isn't installed they are skipped, and say so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

// Both suites start the same server.
#[expect(dead_code, reason = "what only the store's own suite does with it")]
#[path = "../../runtime/store/tests/store/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::{Request, Response, get, post};
use seam_tests::process::{Process, signal};
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use server::Server;
use tokio::time::sleep;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a writer may be held up by another one that stands still.
const HELD_UP: Duration = Duration::from_secs(3);
/// Who waits for so long has met one that stands still within a transaction.
const WITHIN: Duration = Duration::from_secs(1);

/// One process.
const ONE: &str = r#"
[app]
name = "shop"
data = "{premises}/data"
[store]
[units.all]
http = "127.0.0.1:0"
"#;

/// Two processes of each unit.
const TWO: &str = r#"
[app]
name = "shop"
data = "{premises}/data"
[store]
[units.front]
services = ["user", "order", "history", "overview"]
http = "127.0.0.1:0"
instances = 2
[units.pay]
services = ["payment", "quote", "mail", "shipping"]
instances = 2
[topologies]
split = ["front", "pay"]
"#;

fn furnished(config: &str, server: &Server) -> Premises {
    let url = server.url().replace("seam@", "seam:hidden@");
    let store = format!("[store]\nengine = \"postgres\"\nurl = {url:?}");
    Premises::with_config(&config.replace("[store]", &store)).unwrap()
}

async fn sign_up(edge: SocketAddr, name: &str) -> std::io::Result<Response> {
    let email = format!("{name}@example.com");
    post("/api/user", &json!({ "name": name, "email": email })).send(edge).await
}

fn order(user: u64) -> Request {
    let product = json!({ "sku": "tea", "quantity": 1, "unitPriceCents": 450 });
    post("/api/order", &json!({ "userId": user, "products": [product] }))
}

async fn place(edge: SocketAddr, user: u64) -> std::io::Result<Response> {
    order(user).send(edge).await
}

/// The ids that were given, in their order.
async fn all<F: Future<Output = std::io::Result<Response>> + Send + 'static>(
    requests: impl Iterator<Item = F>,
    id: impl Fn(&Value) -> Option<u64>,
) -> Vec<u64> {
    let requests: Vec<_> = requests.map(tokio::spawn).collect();
    let mut ids = Vec::new();
    for request in requests {
        let answer = request.await.unwrap().unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        ids.push(id(&answer.json()).unwrap());
    }
    ids.sort_unstable();
    ids
}

/// The answer to each path.
async fn read(edge: SocketAddr, paths: &[String]) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in paths {
        let answer = get(path).send(edge).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answers.push(answer.json());
    }
    answers
}

fn paths(users: u64, orders: u64) -> Vec<String> {
    let users = (1..=users).map(|id| format!("/api/user/{id}"));
    let orders = (1..=orders).map(|id| format!("/api/order/{id}"));
    users.chain(orders).chain(["/api/order?userId=1&limit=100".to_owned()]).collect()
}

/// Until `status` says what is wanted of each process.
async fn until(premises: &Premises, what: &str, holds: impl Fn(&[Value]) -> bool) {
    let began = Instant::now();
    loop {
        let status = premises.status().await.unwrap();
        if holds(&status) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}: {status:#?}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn of(status: &[Value], service: &str, key: &str) -> Vec<Value> {
    let services = status.iter().flat_map(|unit| unit["services"].as_array().into_iter().flatten());
    services.filter(|own| own["service"] == service).map(|own| own[key].clone()).collect()
}

fn calls(status: &[Value], unit: &str, method: &str) -> Vec<u64> {
    let units = status.iter().filter(|own| own["unit"] == unit);
    let methods = units.flat_map(|unit| unit["methods"].as_array().into_iter().flatten());
    let served = methods.filter(|own| own["method"] == method && own["remote"] == false);
    served.map(|own| own["calls"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_instances_work_on_the_same_rows() {
    let Some(server) = Server::start() else { return };
    let premises = furnished(TWO, &server);
    let mut up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(4, true).await.unwrap();
    let running = |status: &[Value]| {
        ["user", "order", "payment"].iter().all(|service| {
            let states = of(status, service, "state");
            states.len() == 2 && states.iter().all(|state| state == "running")
        })
    };
    until(&premises, "nobody stands by", running).await;

    let names = (0..40).map(|number| format!("user{number}"));
    let users = names.map(|name| async move { sign_up(edge, &name).await });
    let ids = all(users, |body| body["id"].as_u64()).await;
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
    let orders = (0..40).map(|_| place(edge, 1));
    let ids = all(orders, |body| body["order"]["id"].as_u64()).await;
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
    let status = premises.status().await.unwrap();
    let charged = calls(&status, "pay", "charge");
    assert_eq!((charged.len(), charged.iter().sum::<u64>()), (2, 40), "{charged:?}");
    assert!(charged.iter().all(|calls| *calls > 0), "both instances: {charged:?}");

    let before = read(edge, &paths(40, 40)).await;
    assert!(up.stop().await.unwrap().success());
    assert!(!premises.folder().join("data/services").exists(), "nothing is in the data folder");
    let mut up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(4, true).await.unwrap();
    assert_eq!(read(edge, &paths(40, 40)).await, before);
    let next = sign_up(edge, "another").await.unwrap();
    assert_eq!(next.json()["id"], 41, "{}", next.text());
    let replay = ["replay", "history.order_paid", "--from", "1", "--json"];
    let began = Instant::now();
    // Until one of them leads.
    let replayed = loop {
        let output = premises.command(&replay).await.unwrap();
        if output.status.success() {
            break serde_json::from_slice::<Value>(&output.stdout).unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "{}", String::from_utf8_lossy(&output.stderr));
        sleep(Duration::from_millis(100)).await;
    };
    assert!(replayed["positions"].as_u64().unwrap() >= 80, "{replayed}");
    let listed = async || {
        let history = get("/api/history?userId=1&limit=100").send(edge).await.unwrap().json();
        history["orders"].as_array().unwrap().len()
    };
    let output = premises.command(&["replay", "history", "--rebuild"]).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let began = Instant::now();
    while listed().await < 40 {
        assert!(began.elapsed() < PATIENCE, "{} orders", listed().await);
        sleep(Duration::from_millis(100)).await;
    }
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_comes_back_by_itself() {
    let Some(server) = Server::start() else { return };
    let premises = furnished(ONE, &server);
    server.kill();

    // It is away from the beginning.
    let mut run = premises.start(&["run", "--unit", "all"]).unwrap();
    let edge = premises.edge(1, false).await.unwrap();
    let away = |status: &[Value]| of(status, "user", "store") == ["away"];
    until(&premises, "it is away", away).await;
    let status = premises.status().await.unwrap();
    assert_eq!(of(&status, "user", "state"), ["starting"]);
    let reason = status[0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("its database is away"), "{reason}");
    assert!(reason.contains("nothing here has to be restarted"), "{reason}");
    assert!(!reason.contains("hidden"), "{reason}");
    let began = Instant::now();
    let refused = sign_up(edge, "ada").await.unwrap();
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("unavailable")));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    server.resume();
    assert_eq!(premises.edge(1, true).await.unwrap(), edge);
    assert_eq!(sign_up(edge, "ada").await.unwrap().status, 201);

    // It goes, and comes back.
    for round in 0..2 {
        server.kill();
        for request in
            [sign_up(edge, "eve").await.unwrap(), get("/api/user/1").send(edge).await.unwrap()]
        {
            let body = request.json();
            assert_eq!(
                (request.status, body["code"].as_str()),
                (503, Some("store_away")),
                "{body}"
            );
        }
        assert_eq!(get("/readyz").send(edge).await.unwrap().status, 503);
        until(&premises, "it is away", away).await;
        server.resume();
        until(&premises, "it is back", |status| of(status, "user", "store") == ["ok"]).await;
        assert_eq!(sign_up(edge, &format!("bob{round}")).await.unwrap().status, 201);
        assert_eq!(premises.edge(1, true).await.unwrap(), edge);
    }
    let status = premises.status().await.unwrap();
    assert_eq!(of(&status, "user", "restarts"), [0]);
    assert!(run.stop().await.unwrap().success());
    assert!(!run.log().contains("hidden"), "the password is in the log");
}

/// Writes all the time, whatever comes of it.
fn load(edge: SocketAddr, over: &Arc<AtomicBool>) {
    for _ in 0..8 {
        let over = Arc::clone(over);
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                // One that is frozen doesn't answer.
                let _ = tokio::time::timeout(Duration::from_secs(1), place(edge, 1)).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_frozen_holds_the_others_up_for_two_seconds() {
    let Some(server) = Server::start() else { return };
    // As on three machines: nothing but the database is theirs together.
    let hosts: Vec<_> = (0..3).map(|_| furnished(ONE, &server)).collect();
    let mut running: Vec<Process> = Vec::new();
    let mut edges = Vec::new();
    for premises in &hosts {
        running.push(premises.start(&["run", "--unit", "all"]).unwrap());
        edges.push(premises.edge(1, true).await.unwrap());
    }
    assert_eq!(sign_up(edges[0], "ada").await.unwrap().status, 201);
    let over = Arc::<AtomicBool>::default();
    load(edges[0], &over);
    let frozen = running[0].id().unwrap();
    let mut ids = BTreeSet::new();
    let mut waits = Vec::new();
    // It is frozen within a transaction, or it isn't: until it was twice.
    while waits.iter().filter(|wait| **wait > WITHIN).count() < 2 {
        assert!(waits.len() < 200, "never within a transaction: {waits:?}");
        signal(frozen, Signal::STOP).unwrap();
        let mut longest = Duration::ZERO;
        for edge in edges[1..].iter().cycle().take(10) {
            // A charge that waits for two seconds is over its deadline, and asked for again.
            let key = format!("key {}", ids.len());
            let placing = order(1).header("Idempotency-Key", &key);
            let began = Instant::now();
            let mut placed = placing.send(*edge).await.unwrap();
            while placed.status == 503 && began.elapsed() < HELD_UP {
                placed = placing.send(*edge).await.unwrap();
            }
            longest = longest.max(began.elapsed());
            assert_eq!(placed.status, 201, "{}", placed.text());
            let id = placed.json()["order"]["id"].as_u64().unwrap();
            assert!(ids.insert(id), "the id {id} was given twice");
        }
        signal(frozen, Signal::CONT).unwrap();
        waits.push(longest);
        sleep(Duration::from_millis(fastrand::u64(50..150))).await;
    }
    over.store(true, Ordering::Relaxed);
    println!("the longest waits of the others: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < HELD_UP), "{waits:?}");
    let placed = place(edges[0], 1).await.unwrap();
    assert_eq!(placed.status, 201, "the frozen one goes on: {}", placed.text());
    let last = placed.json()["order"]["id"].as_u64().unwrap();
    for id in 1..=last {
        let order = get(&format!("/api/order/{id}")).send(edges[1]).await.unwrap();
        assert_eq!(order.status, 200, "no id is left out: {id} of {last}");
    }
    for mut process in running {
        assert!(process.stop().await.unwrap().success());
    }
}

/// Runs `state copy` for each service that keeps rows.
async fn copy(premises: &Premises, to: &str) {
    for service in ["user", "order", "payment"] {
        let output = premises.command(&["state", "copy", service, "--to", to, "--json"]).await;
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&answer["ok"], &answer["service"]), (&json!(true), &json!(service)));
        assert!(answer["rows"].as_u64().unwrap() > 10, "{answer}");
    }
}

async fn refused(premises: &Premises, arguments: &[&str], code: i32) -> String {
    let output = premises.command(arguments).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("hidden"), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_go_to_the_other_store_and_back() {
    let Some(server) = Server::start() else { return };
    let premises = furnished(ONE, &server);
    let url = server.url().replace("seam@", "seam:hidden@");
    let text = std::fs::read_to_string(premises.config()).unwrap();
    let on = |engine: &str| {
        let text = text.replace("engine = \"postgres\"", &format!("engine = {engine:?}"));
        std::fs::write(premises.config(), text).unwrap();
    };
    on("sled");
    let mut run = premises.start(&["run", "--unit", "all"]).unwrap();
    let edge = premises.edge(1, true).await.unwrap();
    for number in 0..12 {
        assert_eq!(sign_up(edge, &format!("user{number}")).await.unwrap().status, 201);
        assert_eq!(place(edge, 1).await.unwrap().status, 201);
    }
    let before = read(edge, &paths(12, 12)).await;
    let copying = ["state", "copy", "user", "--to", &*url];
    let said = refused(&premises, &copying, 1).await;
    assert!(said.contains("unit `all` is already running"), "{said}");
    assert!(run.stop().await.unwrap().success());

    copy(&premises, &url).await;
    let said = refused(&premises, &["state", "copy", "user", "--to", "sled"], 2).await;
    assert!(said.contains("keep its rows there already"), "{said}");
    let said = refused(&premises, &["state", "copy", "quote", "--to", &url], 1).await;
    assert!(said.contains("`quote` has no rows"), "{said}");
    let said = refused(&premises, &copying, 1).await;
    assert!(said.contains("rows already") && said.contains("DROP SCHEMA \"user\""), "{said}");

    // Under another name nobody would look for them: what was there is what is there now.
    std::fs::rename(premises.folder().join("data/services"), premises.folder().join("before"))
        .unwrap();
    on("postgres");
    let config = premises.command(&["config"]).await.unwrap();
    let shown = String::from_utf8_lossy(&config.stdout).into_owned();
    assert!(shown.contains("seam:***@127.0.0.1") && !shown.contains("hidden"), "{shown}");
    let mut run = premises.start(&["run", "--unit", "all"]).unwrap();
    let edge = premises.edge(1, true).await.unwrap();
    assert_eq!(read(edge, &paths(12, 12)).await, before);
    assert_eq!(sign_up(edge, "thirteenth").await.unwrap().json()["id"], 13);
    assert_eq!(place(edge, 1).await.unwrap().json()["order"]["id"], 13);
    let before = read(edge, &paths(13, 13)).await;

    // From another machine's data folder, the database itself says who uses it.
    let elsewhere = furnished(ONE, &server);
    let said = refused(&elsewhere, &["state", "copy", "user", "--to", "sled"], 1).await;
    assert!(said.contains("is in use"), "{said}");
    assert!(run.stop().await.unwrap().success());

    copy(&premises, "sled").await;
    on("sled");
    let mut run = premises.start(&["run", "--unit", "all"]).unwrap();
    let edge = premises.edge(1, true).await.unwrap();
    assert_eq!(read(edge, &paths(13, 13)).await, before);
    assert_eq!(sign_up(edge, "fourteenth").await.unwrap().json()["id"], 14);
    assert!(run.stop().await.unwrap().success());
}
