//! `logs`: what was said in a request is found by its trace, in whichever unit, whether anybody runs.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::{get, post};
use seam_tests::process::{Process, signal};
use seam_tests::shop::Premises;
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(30);

/// What `logs` prints with these arguments: an object each.
async fn logs(premises: &Premises, arguments: &[&str]) -> Vec<Value> {
    let output = premises.command(&[&["logs", "--json"], arguments].concat()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn pid(premises: &Premises, unit: &str) -> u32 {
    let status = premises.status().await.unwrap();
    let pid = status.iter().find(|own| own["unit"] == unit).unwrap()["pid"].as_u64();
    pid.unwrap().try_into().unwrap()
}

/// How many keys an object's text has, and how many different ones.
fn keys(line: &str) -> (usize, usize) {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, IgnoredAny)) = map.next_entry()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    let keys = serde_json::Deserializer::from_str(line).deserialize_map(Keys).unwrap();
    (keys.len(), keys.iter().collect::<BTreeSet<_>>().len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_in_a_request_is_found_by_its_trace() {
    let json = ("SEAM__LOG__FORMAT".into(), "json".into());
    let debug = ("SEAM__LOG__LEVEL".into(), "debug".into());
    let premises = Premises::new(vec![json, debug]).unwrap();
    let mut up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(3, true).await.unwrap();
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);

    let (_following, mut follow) = follower(&premises);
    let pay = pid(&premises, "pay").await;
    signal(pay, Signal::STOP).unwrap();
    let tea = json!([{ "sku": "tea", "quantity": 1, "unitPriceCents": 900 }]);
    let order = post("/api/order", &json!({ "userId": 1, "products": tea }));
    let answer = order.send(edge).await.unwrap();
    signal(pay, Signal::CONT).unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    let trace = answer.header("x-request-id").unwrap().to_owned();

    let said = logs(&premises, &["--trace", &trace]).await;
    let line = said.iter().find(|line| line["service"] == "order").expect("order's own line");
    assert!(line["message"].as_str().unwrap().starts_with("not charged"), "{line}");
    assert_eq!((&line["trace_id"], &line["unit"]), (&json!(trace), &json!("front")));
    assert_eq!(line["method"], "place", "{line}");
    assert_eq!(line["span_id"].as_str().map(str::len), Some(16));
    assert!(said.iter().all(|line| line["trace_id"] == trace));
    let request = said.iter().find(|line| line["service"] == "edge" && line["status"] == 503);
    assert_eq!(request.expect("the edge's line")["path"], "/api/order");
    assert_eq!(logs(&premises, &["--trace", &trace[..8], "--service", "order"]).await.len(), 1);
    // Who follows has it, too, once.
    follow.until("not charged").await;

    // Its last lines are those of who is gone.
    let pay = pid(&premises, "pay").await;
    signal(pay, Signal::KILL).unwrap();
    let began = Instant::now();
    while logs(&premises, &["--unit", "pay", "--grep", "SIGKILL"]).await.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{}", up.log());
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(get("/healthz").send(edge).await.unwrap().status, 200);
    assert!(up.stop().await.unwrap().success());

    let all = logs(&premises, &["--limit", "100000"]).await;
    let units: BTreeSet<_> = all.iter().map(|line| line["unit"].as_str().unwrap()).collect();
    assert_eq!(units, ["front", "pay", "quote", "up"].into());
    assert!(all.is_sorted_by_key(|line| line["timestamp"].as_str().unwrap().to_owned()));
    // Nobody asked for the details of other crates.
    let others = |line: &&Value| {
        let target = line["target"].as_str().unwrap_or("seam");
        let ours =
            ["seam", "order", "payment", "user", "quote", "mail", "shipping", "history", "shop"];
        line["level"] == "DEBUG" && !ours.iter().any(|own| target.starts_with(own))
    };
    assert_eq!(all.iter().find(others), None);

    let folder = premises.folder().join("data/logs");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()));
    let text: String = files.map(Result::unwrap).chain([up.log()]).collect();
    for line in text.lines() {
        let (all, different) = keys(line);
        assert_eq!(all, different, "{line}");
    }
}

/// `logs -f`, and what it has printed.
fn follower(premises: &Premises) -> (Process, Printed) {
    let path = premises.folder().join("followed");
    let process = premises.start_to(&["logs", "-f", "--limit", "0"], &path).unwrap();
    (process, Printed(path))
}

struct Printed(std::path::PathBuf);

impl Printed {
    /// Waits until a text is there, once.
    async fn until(&mut self, text: &str) {
        let began = Instant::now();
        loop {
            let printed = fs::read_to_string(&self.0).unwrap_or_default();
            if printed.matches(text).count() == 1 {
                assert!(printed.lines().all(|line| line.contains(" | ")), "{printed}");
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{printed}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}
