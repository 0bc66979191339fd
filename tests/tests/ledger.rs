//! Calls whose outcome is unknown: written down by their callers, and what became of them is found out, as
//! the tables say it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::io;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::{get, post};
use seam_tests::process::signal;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::time::sleep;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ledger(premises: &Premises) -> Vec<Value> {
    let output = premises.command(&["unknown", "--json"]).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn pid(premises: &Premises, unit: &str) -> u32 {
    let status = premises.status().await.unwrap();
    let pid = status.iter().find(|own| own["unit"] == unit).unwrap()["pid"].as_u64().unwrap();
    u32::try_from(pid).unwrap()
}

#[tokio::test]
async fn a_call_to_a_frozen_unit_is_in_the_ledger_and_found_as_the_table_has_it() -> io::Result<()>
{
    let premises = Premises::new(Vec::new())?;
    let mut up = premises.start(&["up", "split"])?;
    let edge = premises.edge(3, true).await?;
    let user = json!({ "name": "Ada", "email": "ada@example.com" });
    assert_eq!(post("/api/user", &user).send(edge).await?.status, 201);
    let products = json!([{ "sku": "tea", "quantity": 1, "unitPriceCents": 900 }]);
    let order = json!({ "userId": 1, "products": products });
    assert_eq!(post("/api/order", &order).send(edge).await?.status, 201);
    assert!(ledger(&premises).await.is_empty(), "what was answered is in no ledger");

    let pay = pid(&premises, "pay").await;
    signal(pay, Signal::STOP)?;
    let response = post("/api/order", &order).send(edge).await;
    signal(pay, Signal::CONT)?;
    let response = response?;
    let problem: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, &problem["outcome"]), (503, &json!("unknown")), "{problem}");

    let is = |entry: &Value| entry["callee"] == "payment.charge" && entry["caller"] == "order";
    let all = ledger(&premises).await;
    let entry = all.iter().find(|entry| is(entry)).unwrap();
    assert_eq!(entry["traceId"], problem["requestId"]);
    assert_eq!(entry["arguments"], json!({ "order": 2, "amount": 900 }));
    assert_eq!(entry["unit"], "front");
    let id = entry["id"].as_str().unwrap().to_owned();

    // Once it has had the time to run, if it runs at all.
    premises.edge(3, true).await?;
    let began = Instant::now();
    loop {
        let paid = get("/api/payment?orderId=2").send(edge).await?;
        let paid: Value = serde_json::from_slice(&paid.body).unwrap_or_default();
        let receipts = paid["payments"].as_array().map_or(0, Vec::len);
        let all = ledger(&premises).await;
        let found = all.iter().find(|entry| entry["id"] == id.as_str()).unwrap()["found"].clone();
        let agrees = (found == "answered") == (receipts == 1);
        if agrees && began.elapsed() > Duration::from_secs(3) {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{receipts} receipts, and {found} was found");
        sleep(Duration::from_millis(100)).await;
    }

    let output = premises.command(&["unknown", "resolve", &id, "--note", "looked at"]).await?;
    assert!(output.status.success(), "{output:?}");
    let output = premises.command(&["unknown", "resolve", "none", "--note", "x"]).await?;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    // Killed: what was written down is still told, by whoever has its place.
    let front = pid(&premises, "front").await;
    signal(front, Signal::KILL)?;
    let all = ledger(&premises).await;
    let entry = all.iter().find(|entry| entry["id"] == id.as_str()).unwrap();
    assert_eq!((&entry["state"], &entry["note"]), (&json!("resolved"), &json!("looked at")));
    let output = premises.command(&["audit", "--json"]).await?;
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(audit[0]["action"], "unknown resolve");
    assert_eq!((&audit[0]["target"], &audit[0]["new"]), (&json!(id), &json!("looked at")));
    assert!(up.stop().await?.success());
    Ok(())
}

/// Kills a unit that stands still, so that nothing of what it was sent has run, and waits for the next one.
async fn kill(premises: &Premises, unit: &str, before: u32) -> io::Result<()> {
    // Whoever looks after it may have been quicker.
    let _ = signal(before, Signal::KILL);
    let began = Instant::now();
    loop {
        let status = premises.status().await?;
        let mut units = status.iter().filter(|own| own["unit"] == unit && own["ready"] == true);
        if units.any(|own| own["pid"] != before) {
            return Ok(());
        }
        assert!(began.elapsed() < PATIENCE, "{status:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The entry of that call, once it is as it should be.
async fn entry(premises: &Premises, callee: &str, is: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let all = ledger(premises).await;
        let found = all.iter().find(|entry| entry["callee"] == callee && is(entry));
        if let Some(entry) = found {
            return entry.clone();
        }
        assert!(began.elapsed() < PATIENCE, "{callee}: {all:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_call_that_is_made_again_settles_the_one_before() -> io::Result<()> {
    let premises = Premises::new(Vec::new())?;
    let mut up = premises.start(&["up", "split"])?;
    let edge = premises.edge(3, true).await?;
    let user = json!({ "name": "Ada", "email": "ada@example.com" });
    assert_eq!(post("/api/user", &user).send(edge).await?.status, 201);
    let order = |quantity: u64| {
        let products = json!([{ "sku": "tea", "quantity": quantity, "unitPriceCents": 900 }]);
        post("/api/order", &json!({ "userId": 1, "products": products }))
    };
    assert_eq!(order(1).send(edge).await?.status, 201);
    let is_open = |entry: &Value| entry["state"] == "open";
    let is_settled = |entry: &Value| entry["state"] == "settled";

    // By the same unit: what the next order is to cost is asked for by another order.
    let quote = pid(&premises, "quote").await;
    signal(quote, Signal::STOP)?;
    assert_eq!(order(2).send(edge).await?.status, 201, "at the full price");
    kill(&premises, "quote", quote).await?;
    let price = entry(&premises, "quote.price", is_open).await;
    assert_eq!(price["caller"], "order");
    let again = async || entry(&premises, "quote.price", |own| own["id"] == price["id"]).await;
    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(order(1).send(edge).await?.status, 201);
        assert_eq!(again().await["state"], "open", "that was another one");
    }
    loop {
        // The first ones may go by the full price, while nobody answers.
        assert_eq!(order(2).send(edge).await?.status, 201);
        let settled = again().await;
        if settled["state"] == "settled" {
            assert_eq!(settled["found"], "answered");
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{settled}");
    }

    // By hand, wherever that runs.
    let pay = pid(&premises, "pay").await;
    signal(pay, Signal::STOP)?;
    let response = order(3).send(edge).await?;
    assert_eq!(response.status, 503, "{response:?}");
    kill(&premises, "pay", pay).await?;
    premises.edge(3, true).await?;
    let charge = entry(&premises, "payment.charge", is_open).await;
    let arguments = charge["arguments"].to_string();
    let output = premises.command(&["call", "payment.charge", &arguments]).await?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let settled = entry(&premises, "payment.charge", is_settled).await;
    assert_eq!((&settled["id"], &settled["found"]), (&charge["id"], &json!("answered")));
    let path = format!("/api/payment?orderId={}", charge["arguments"]["order"]);
    let paid: Value = serde_json::from_slice(&get(&path).send(edge).await?.body).unwrap();
    assert_eq!(paid["payments"].as_array().unwrap().len(), 1);
    assert!(up.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn what_an_edge_didnt_wait_for_is_in_the_ledger() -> io::Result<()> {
    let short = ("SEAM__EDGE__DEADLINE".to_owned(), "1s".to_owned());
    let slow = [
        ("SEAM__CALLS__RESOLUTION".to_owned(), "encoded".to_owned()),
        ("SEAM__SERVICES__PAYMENT__REHEARSAL__DELAY".to_owned(), "1500ms".to_owned()),
    ];
    for (topology, units, settings) in [("monolith", 1, &slow[..]), ("split", 3, &[])] {
        let premises = Premises::new([std::slice::from_ref(&short), settings].concat())?;
        let mut up = premises.start(&["up", topology])?;
        let edge = premises.edge(units, true).await?;
        let pay = pid(&premises, if units == 1 { "all" } else { "pay" }).await;
        if units > 1 {
            signal(pay, Signal::STOP)?;
        }
        let response = get("/api/payment?orderId=1").send(edge).await;
        if units > 1 {
            signal(pay, Signal::CONT)?;
        }
        let response = response?;
        let problem = response.json();
        let told = (response.status, &problem["code"], &problem["outcome"]);
        assert_eq!(told, (504, &json!("deadline_exceeded"), &json!("unknown")), "{problem}");
        let is_it = |entry: &Value| entry["traceId"] == problem["requestId"];
        let entry = entry(&premises, "payment.list", is_it).await;
        assert_eq!((&entry["caller"], &entry["code"]), (&json!("edge"), &problem["code"]));
        let unit = if units == 1 { "all" } else { "front" };
        assert_eq!((&entry["unit"], &entry["arguments"]), (&json!(unit), &json!({ "orderId": 1 })));
        assert!(up.stop().await?.success());
    }
    Ok(())
}
