//! A config that is changed while the shop runs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::{get, post};
use seam_tests::process::{Process, signal};
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::transcript::{place_as, tea};

/// How long anything here may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often the config is changed under load; `SEAM_RELOADS=1000` for more.
const RELOADS: &str = "SEAM_RELOADS";

/// The shop as three processes, with a config of its own that tests write anew.
pub(super) const SPLIT: &str = r#"# The shop, split.
[app]
name = "shop"
data = "{premises}/data"           # everything

[units.front]
# who takes orders, and what follows from them
services = ["user", "order", "mail", "shipping", "history", "overview"]
http = "127.0.0.1:0"

[units.pay]
services = ["payment"]             # who takes money

[units.quote]
services = ["quote"]
instances = 1

[topologies]
split = ["front", "pay", "quote"]

[services.payment.config]
max_charge_cents = 1_000_000       # a charge over this is declined

[calls]
deadline = "5s"
"#;

/// What the shop says on its own of its config.
pub(super) struct Configured {
    pub(super) premises: Premises,
    pub(super) path: PathBuf,
}

impl Configured {
    pub(super) fn new() -> Self {
        let premises = Premises::with_config(SPLIT).unwrap();
        let path = premises.config().to_owned();
        Self { premises, path }
    }

    /// One that runs as three processes, and has a user; with its `up` and its edge.
    pub(super) async fn up() -> (Self, Process, SocketAddr) {
        let shop = Self::new();
        let up = shop.premises.start(&["up", "split"]).unwrap();
        let edge = shop.premises.edge(3, true).await.unwrap();
        user(edge).await;
        (shop, up, edge)
    }

    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap()
    }

    /// Writes another text, as editors do: anew, and in the place of the old one.
    pub(super) fn write(&self, text: &str) {
        let new = self.path.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &self.path).unwrap();
    }

    /// The text with another piece in the place of one.
    pub(super) fn with(&self, piece: &str, other: &str) -> String {
        let text = self.text();
        assert!(text.contains(piece), "{piece} isn't in {text}");
        text.replace(piece, other)
    }

    /// `reload --json`: its exit code and what it prints.
    pub(super) async fn reload(&self) -> (i32, Value) {
        self.run(&["reload", "--json"]).await
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.premises.command(arguments).await.unwrap();
        let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            Value::String(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into())
        });
        (output.status.code().unwrap(), said)
    }

    /// The versions that the units go by.
    async fn versions(&self) -> Vec<String> {
        let status = self.premises.status().await.unwrap();
        let version = |unit: &Value| Some(unit["configVersion"].as_str()?.to_owned());
        let mut versions: Vec<_> = status.iter().filter_map(version).collect();
        versions.dedup();
        versions
    }

    /// The version that all units go by.
    pub(super) async fn version(&self) -> String {
        let versions = self.versions().await;
        let [version] = &versions[..] else { panic!("they go by several: {versions:?}") };
        version.clone()
    }

    /// Whether all units go by another version than that: they take one after the other.
    async fn has_left(&self, version: &str) -> bool {
        matches!(&self.versions().await[..], [other] if other != version)
    }

    pub(super) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) -> Duration {
        let began = Instant::now();
        while !holds().await {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }
}

/// The line that begins with that piece, from 1.
fn line(text: &str, piece: &str) -> usize {
    text.lines().position(|line| line.starts_with(piece)).unwrap() + 1
}

async fn user(edge: SocketAddr) {
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);
}

/// Places orders until it is told to stop: how many, and what came of the others.
pub(super) async fn load(
    edge: SocketAddr,
    name: &'static str,
    over: Arc<AtomicBool>,
) -> (Vec<Value>, Vec<String>) {
    let (mut placed, mut failed) = (Vec::new(), Vec::new());
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let order = place_as(&format!("{name}-{number}"), &tea(1, 1));
        match order.send(edge).await {
            Ok(answer) if answer.status == 201 => placed.push(answer.json()),
            Ok(answer) => failed.push(format!("{} {}", answer.status, answer.text())),
            Err(error) => failed.push(error.to_string()),
        }
        sleep(Duration::from_millis(3)).await;
    }
    (placed, failed)
}

/// No order was lost, and none was charged twice.
pub(super) async fn paid_once(edge: SocketAddr, placed: &[Value]) {
    let mut payments: Vec<_> = placed.iter().map(|own| own["payment"]["id"].as_u64()).collect();
    payments.sort_unstable();
    payments.dedup();
    assert_eq!(payments.len(), placed.len(), "two orders share a payment");
    for own in placed.iter().step_by((placed.len() / 50).max(1)) {
        let path = format!("/api/payment?orderId={}", own["order"]["id"]);
        let answer = get(&path).send(edge).await.unwrap();
        assert_eq!(answer.json()["payments"], json!([own["payment"]]), "{own}");
    }
}

/// A load that is going on.
type Loaded = JoinHandle<(Vec<Value>, Vec<String>)>;

/// No call failed while orders were placed, and each was paid once: the orders.
pub(super) async fn none_failed(
    edge: SocketAddr,
    calls: impl IntoIterator<Item = Loaded>,
) -> Vec<Value> {
    let mut placed = Vec::new();
    for calls in calls {
        let (own, failed) = calls.await.unwrap();
        assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
        placed.extend(own);
    }
    assert!(placed.len() > 20);
    paid_once(edge, &placed).await;
    placed
}

pub(super) fn often(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).ok().and_then(|often| often.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_is_taken_or_refused_as_a_whole() {
    let (shop, mut up, edge) = Configured::up().await;
    let began = shop.version().await;

    // What is wrong is shown with its line, all of it, and nothing changes.
    let good = shop.text();
    shop.write(&shop.with("deadline = \"5s\"", "deadlin = \"5s\"\nattempts = 99"));
    let (code, said) = shop.reload().await;
    assert_eq!((code, &said["ok"]), (2, &json!(false)), "{said}");
    let places: Vec<_> = said["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["at"].as_str().unwrap().to_owned())
        .collect();
    let at = |piece: &str| format!("{}:{}", shop.path.display(), line(&shop.text(), piece));
    assert_eq!(places, [at("deadlin = "), at("attempts = ")]);
    let output = shop.premises.command(&["reload"]).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("did you mean `deadline`?")
            && said.contains("2 problems; nothing has changed"),
        "{said}"
    );
    assert_eq!(shop.version().await, began);

    // Beside a broken file, the others go on: it is no TOML, and has another data folder.
    shop.write(&format!("[app\n{}", good.replace("/data\"", "/data\" = \"")));
    assert_eq!(shop.premises.status().await.unwrap().len(), 3);
    let (code, said) = shop.run(&["call", "payment.receipt", "{\"order\": 1}"]).await;
    assert_ne!(code, 2, "{said}");

    // A limit is in force at once, by the file's change alone.
    let low = good.replace("1_000_000 ", "50 ");
    let edge_limit = "\n[edge]\nbody = 10\n";
    shop.write(&format!("{low}{edge_limit}"));
    let took = shop.until("it is taken", async || shop.has_left(&began).await).await;
    println!("taken after {took:?}");
    let answer = place_as("too-long", &tea(1, 1)).send(edge).await.unwrap();
    assert_eq!(answer.status, 413, "{}", answer.text());
    shop.write(&low);
    let pids = async || -> Vec<Value> {
        shop.premises.status().await.unwrap().iter().map(|unit| unit["pid"].clone()).collect()
    };
    let before = pids().await;
    let (code, said) = shop.reload().await;
    assert_eq!((code, &said["restart"]), (0, &json!([])), "{said}");
    assert_eq!(said["configVersion"], json!(shop.version().await));
    // The actor was built anew in the same process: it declines now.
    let declined = place_as("dear", &tea(1, 2)).send(edge).await.unwrap();
    assert_eq!(declined.status, 402, "{}", declined.text());
    assert_eq!(pids().await, before);

    // What its type refuses is a mistake.
    shop.write(&low.replace("max_charge_cents = 50", "max_charge_cents = \"much\""));
    let (code, said) = shop.reload().await;
    assert_eq!(code, 2, "{said}");
    let place = format!("app.toml:{}", line(&good, "max_charge_cents"));
    assert!(said["problems"][0]["at"].as_str().unwrap().ends_with(&place), "{said}");

    // What is read once is named, by its unit, until that is started again.
    shop.write(
        &good
            .replace(
                "services = [\"payment\"] ",
                "services = [\"payment\"]\nlisten = \"unix:{premises}\"",
            )
            .replace("{premises}", &shop.path.with_extension("pay").display().to_string()),
    );
    let (code, said) = shop.reload().await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(said["restart"], json!([{ "key": "units.pay.listen", "units": ["pay"] }]));
    let (code, said) = shop.run(&["restart", "pay", "--json"]).await;
    assert_eq!(code, 0, "{said}");
    shop.write(&format!("{}# the same\n", shop.text()));
    let id = up.id().unwrap();
    let version = shop.version().await;
    signal(id, Signal::HUP).unwrap();
    shop.until("SIGHUP is heard", async || shop.has_left(&version).await).await;
    let (code, said) = shop.reload().await;
    assert_eq!((code, &said["restart"]), (0, &json!([])), "{said}");
    let placed = place_as("again", &tea(1, 1)).send(edge).await.unwrap();
    assert_eq!(placed.status, 201, "{}", placed.text());

    // What an app is found by stays.
    shop.write(&good.replace("name = \"shop\"", "name = \"ship\""));
    let (code, said) = shop.reload().await;
    assert_eq!(code, 2, "{said}");
    assert!(
        said["problems"][0]["reason"].as_str().unwrap().contains("can't change while the app runs")
    );
    shop.write(&good);
    assert!(up.stop().await.unwrap().success());
    let (code, said) = shop.reload().await;
    assert_eq!(code, 1, "nobody runs: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_under_load_cost_no_call() {
    let (shop, mut up, edge) = Configured::up().await;
    let over = Arc::new(AtomicBool::new(false));
    let calls = ["a", "b", "c"].map(|name| tokio::spawn(load(edge, name, Arc::clone(&over))));
    let good = shop.text();
    let (mut taken, mut refused) = (0, 0);
    for number in 0..often(RELOADS, 25) {
        let wrong = number % 5 == 4;
        let max = 1_000_000 + number;
        let text = good.replace("1_000_000 ", &format!("{max} "));
        let text =
            text.replace("deadline = \"5s\"", &format!("deadline = \"{}ms\"", 5_000 + number));
        shop.write(&if wrong { text.replace("[calls]", "[calls") } else { text });
        let (code, said) = shop.reload().await;
        assert_eq!(code, if wrong { 2 } else { 0 }, "{said}");
        if wrong { refused += 1 } else { taken += 1 }
    }
    over.store(true, Ordering::Relaxed);
    let placed = none_failed(edge, calls).await;
    println!("{taken} taken, {refused} refused, {} orders", placed.len());
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_come_and_go() {
    let (shop, mut up, edge) = Configured::up().await;
    let over = Arc::new(AtomicBool::new(false));
    let calls = tokio::spawn(load(edge, "a", Arc::clone(&over)));
    let good = shop.text();
    let quotes = async || {
        let status = shop.premises.status().await.unwrap();
        let ready = |unit: &&Value| unit["unit"] == "quote" && unit["ready"] == true;
        (status.iter().filter(ready).count(), status.len())
    };
    shop.write(&good.replace("instances = 1", "instances = 3"));
    let (code, said) = shop.reload().await;
    assert_eq!((code, &said["restart"]), (0, &json!([])), "{said}");
    assert_eq!(quotes().await, (3, 5));
    shop.version().await;
    // Callers have found them.
    let endpoints = async || {
        let status = shop.premises.status().await.unwrap();
        let front = status.iter().find(|unit| unit["unit"] == "front").unwrap().clone();
        let all = front["endpoints"].as_array().unwrap().clone();
        let quote = all.into_iter().filter(|own| own["service"] == "quote");
        quote.filter(|own| own["state"] == "ready").count()
    };
    shop.until("all three are called", async || endpoints().await == 3).await;
    shop.write(&good);
    let (code, said) = shop.reload().await;
    assert_eq!((code, &said["restart"]), (0, &json!([])), "{said}");
    assert_eq!(quotes().await, (1, 3));
    assert_eq!(endpoints().await, 1);
    // One with tables: the others stand by.
    shop.write(&good.replace("\"payment\"] ", "\"payment\"]\ninstances = 2\n"));
    let (code, said) = shop.reload().await;
    assert_eq!(code, 0, "{said}");
    shop.write(&good);
    assert_eq!(shop.reload().await.0, 0);
    over.store(true, Ordering::Relaxed);
    let (placed, failed) = calls.await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    paid_once(edge, &placed).await;
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test]
async fn a_unit_that_runs_by_itself_takes_it_too() {
    let all = SPLIT
        .replace("[units.front]", "[units.all]\nhttp = \"127.0.0.1:0\"\n[units.front]")
        .replace("[topologies]\n", "[topologies]\nmonolith = [\"all\"]\n");
    let premises = Premises::with_config(&all).unwrap();
    let path = premises.config().to_owned();
    let shop = Configured { premises, path };
    let mut run = shop.premises.start(&["run"]).unwrap();
    let edge = shop.premises.edge(1, true).await.unwrap();
    user(edge).await;
    let good = shop.text();
    shop.write(&good.replace("1_000_000 ", "50 "));
    let (code, said) = shop.reload().await;
    assert_eq!(code, 0, "{said}");
    let declined = place_as("dear", &tea(1, 2)).send(edge).await.unwrap();
    assert_eq!(declined.status, 402, "{}", declined.text());
    shop.write(&good.replace("[calls]", "[cals]"));
    let (code, said) = shop.reload().await;
    assert_eq!(code, 2, "{said}");
    // The whole file, written in place.
    std::fs::write(&shop.path, good.replace("1_000_000 ", "1_000 ")).unwrap();
    let version = shop.version().await;
    shop.until("it is seen", async || shop.has_left(&version).await).await;
    let placed = place_as("dear-2", &tea(1, 2)).send(edge).await.unwrap();
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert!(run.stop().await.unwrap().success());
}
