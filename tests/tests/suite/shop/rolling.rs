//! Instances that are drained and replaced one by one, while their callers go on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use seam_tests::http::post;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::transcript::{place_as, tea};

/// Payment's instances as `status` shows them, by number.
async fn pay(premises: &Premises) -> BTreeMap<u64, Value> {
    let status = premises.status().await.unwrap();
    let pay = status.into_iter().filter(|unit| unit["unit"] == "pay");
    pay.map(|unit| (unit["instance"].as_u64().unwrap(), unit)).collect()
}

/// Runs a command of the shop, which does what it is asked to; gives its JSON.
async fn done(premises: &Premises, arguments: &[&str]) -> Value {
    let output = premises.command(arguments).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Places orders until it is told to stop; the answers that weren't 201, by what they were.
async fn load(edge: SocketAddr, over: Arc<AtomicBool>) -> (u32, BTreeMap<String, u32>) {
    let (mut placed, mut failed) = (0, BTreeMap::new());
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let order = place_as(&format!("rolling-{number}"), &tea(1, 1));
        let answer = order.send(edge).await.unwrap();
        match answer.status {
            201 => placed += 1,
            status => {
                let problem = answer.json();
                let what = format!("{status} {} {}", problem["code"], problem["outcome"]);
                *failed.entry(what).or_default() += 1;
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    (placed, failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_replaced_one_by_one_under_load() {
    let premises = Premises::new(vec![("SEAM__UNITS__PAY__INSTANCES".into(), "3".into())]).unwrap();
    let mut up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(5, true).await.unwrap();
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);
    let before = pay(&premises).await;

    let over = Arc::new(AtomicBool::new(false));
    let calls = tokio::spawn(load(edge, Arc::clone(&over)));
    let restarted = done(&premises, &["restart", "pay", "--rolling", "--json"]).await;
    let states: Vec<_> = restarted["instances"].as_array().unwrap().iter().collect();
    assert!(states.iter().all(|own| own["state"] == "ready" && own["killed"] == false));
    let drained = done(&premises, &["drain", "pay.1", "--json"]).await;
    assert_eq!(drained["instances"][0]["state"], "drained", "{drained}");
    let after = pay(&premises).await;
    over.store(true, Ordering::Relaxed);
    let (placed, failed) = calls.await.unwrap();
    println!("{placed} placed, failed: {failed:?}; {restarted}");
    assert!(placed > 0, "{failed:?}");
    assert!(failed.is_empty(), "{failed:?}");

    assert_eq!(after.len(), 3);
    for (number, unit) in &after {
        assert_ne!(unit["pid"], before[number]["pid"], "it is another process");
        assert_eq!(unit["running"], *number != 1, "{unit}");
    }
    assert_eq!(after[&1]["drained"], true);
    done(&premises, &["restart", "pay.1", "--json"]).await;
    assert_eq!(pay(&premises).await[&1]["ready"], true);
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test]
async fn what_can_not_be_drained_is_named() {
    let premises = Premises::new(Vec::new()).unwrap();
    for (target, code, text) in [
        ("pya", 2, "did you mean `pay`?"),
        ("pay.1", 2, "there is no instance 1 of unit `pay`"),
        ("pay.x", 2, "pay, pay.1"),
        ("pay", 1, "no `up` runs unit `pay`"),
    ] {
        let output = premises.command(&["drain", target]).await.unwrap();
        assert_eq!(output.status.code(), Some(code), "{target}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(text), "{target}: {said}");
    }
}
