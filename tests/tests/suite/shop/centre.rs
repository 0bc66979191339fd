//! Keys that are set while the shop runs, and versions of its config.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::process::signal;
use serde_json::{Value, json};

use super::reload::{Configured, load, none_failed, often};
use super::transcript::{place_as, tea};

/// How often keys are set and the config is changed under load; `SEAM_SETS=1000` for more.
const SETS: &str = "SEAM_SETS";

/// What a key is by the command `config`.
async fn effective(shop: &Configured, key: &str) -> Value {
    let (code, said) = shop.run(&["config", "--json"]).await;
    assert_eq!(code, 0, "{said}");
    said[key].clone()
}

async fn status_of(edge: std::net::SocketAddr, name: &str) -> u16 {
    place_as(name, &tea(1, 1)).send(edge).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_set_at_once_and_stays_set_after_kills() {
    let (shop, mut up, edge) = Configured::up().await;
    assert_eq!(status_of(edge, "before").await, 201);
    let version = shop.version().await;

    // In force when the command is done, in all units; what is wrong is refused whole.
    let (code, said) = shop.run(&["set", "edge.rate", "1/1h", "--json"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!((&said["old"], &said["new"]), (&json!(0), &json!("1/3600s")), "{said}");
    assert_eq!(status_of(edge, "one").await, 201);
    assert_eq!(status_of(edge, "two").await, 429);
    let from = effective(&shop, "edge.rate").await["from"].as_str().unwrap().to_owned();
    assert!(from.starts_with("set by "), "{from}");
    assert_eq!(shop.version().await, version, "the files are the same");
    for wrong in [
        ["set", "edge.rate", "much"],
        ["set", "edge.body", "1KiB"],
        ["set", "services.paymnt.mailbox", "5"],
    ] {
        let (code, said) = shop.run(&wrong).await;
        assert_eq!(code, 2, "{said}");
        assert!(said.as_str().unwrap().contains("nothing has changed"), "{said}");
    }
    let (code, said) = shop.run(&["set", "log.level", "debug", "--unit", "pya"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.as_str().unwrap().contains("did you mean `pay`?"), "{said}");

    // A mailbox of one unit alone, which `config` shows beside the others.
    let key = "services.payment.mailbox";
    let (code, said) = shop.run(&["set", key, "7", "--unit", "pay", "--json"]).await;
    assert_eq!((code, &said["old"], &said["new"]), (0, &json!(1024), &json!(7)), "{said}");
    let shown = effective(&shop, key).await;
    assert_eq!((&shown["value"], &shown["units"]["pay"]["value"]), (&json!(1024), &json!(7)));

    // A killed unit comes back with what was set; a reload leaves it set.
    let pid = async |unit: &str| {
        let status = shop.premises.status().await.unwrap();
        status.iter().find(|own| own["unit"] == unit).and_then(|own| own["pid"].as_u64())
    };
    let front = pid("front").await.unwrap();
    signal(front as u32, Signal::KILL).unwrap();
    let back = async || pid("front").await.is_some_and(|pid| pid != front);
    shop.until("front is back", back).await;
    shop.premises.edge(3, true).await.unwrap();
    shop.write(&shop.with("deadline = \"5s\"", "deadline = \"4s\""));
    assert_eq!(shop.reload().await.0, 0);
    assert_eq!(status_of(edge, "three").await, 201, "the limit is counted anew");
    assert_eq!(status_of(edge, "four").await, 429);

    // All of it killed, and started again.
    signal(up.id().unwrap(), Signal::KILL).unwrap();
    let _ = up.stop().await;
    shop.until("its units end", async || shop.run(&["status"]).await.0 == 1).await;
    let mut up = shop.premises.start(&["up", "split"]).unwrap();
    let edge = shop.premises.edge(3, true).await.unwrap();
    assert_eq!(status_of(edge, "five").await, 201);
    assert_eq!(status_of(edge, "six").await, 429);
    let (code, said) = shop.run(&["unset", "edge.rate", "--json"]).await;
    assert_eq!((code, &said["new"]), (0, &json!(0)), "{said}");
    assert_eq!(status_of(edge, "seven").await, 201);
    let (code, said) = shop.run(&["unset", "edge.rate"]).await;
    assert_eq!(code, 2, "{said}");

    // For a time: then it is as it was, and nobody has to ask.
    let began = Instant::now();
    let (code, said) = shop.run(&["set", "edge.rate", "1/1h", "--for", "2s", "--json"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said["until"].is_string(), "{said}");
    // Those of before may count.
    status_of(edge, "eight").await;
    assert_eq!(status_of(edge, "nine").await, 429);
    let free = async || status_of(edge, "ten").await == 201;
    shop.until("it is taken back", free).await;
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(effective(&shop, "edge.rate").await["value"], 0);
    let taken_back = up.log().matches("edge.rate: taken back").count();
    assert_eq!(taken_back, 1, "{}", up.log());
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_is_opened_and_closed_by_hand() {
    let (shop, mut up, edge) = Configured::up().await;
    let call = async || {
        let (code, said) = shop.run(&["call", "payment.receipt", "{\"order\": 1}", "--json"]).await;
        (code, said["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(status_of(edge, "before").await, 201);
    let (code, said) = shop.run(&["breaker", "open", "payment", "--from", "order", "--json"]).await;
    assert_eq!((code, &said["open"]), (0, &json!(["order"])), "{said}");
    // The order's own calls aren't made, and the program's are.
    let charges = async || -> u64 {
        let status = shop.premises.status().await.unwrap();
        let methods = status.iter().flat_map(|unit| unit["methods"].as_array().unwrap());
        let charge = |own: &&Value| {
            (&own["service"], &own["method"], &own["remote"])
                == (&json!("payment"), &json!("charge"), &json!(false))
        };
        methods.filter(charge).map(|own| own["calls"].as_u64().unwrap()).sum()
    };
    let before = charges().await;
    assert_eq!(status_of(edge, "refused").await, 503);
    assert_eq!(charges().await, before);
    assert_eq!(call().await.0, 0, "the program isn't order");

    // In the caller's own process, too; for all.
    assert_eq!(shop.run(&["move", "payment", "front"]).await.0, 0);
    assert_eq!(status_of(edge, "refused-here").await, 503);
    let (code, said) = shop.run(&["breaker", "open", "payment"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(call().await, (1, "breaker_open".to_owned()));
    let (code, said) = shop.run(&["breaker", "close", "payment", "--from", "order"]).await;
    assert_eq!(code, 2, "it is open for all: {said}");
    let (code, said) = shop.run(&["breaker", "close", "payment", "--json"]).await;
    assert_eq!((code, &said["open"]), (0, &json!([])), "{said}");
    assert_eq!(call().await.0, 0);
    assert_eq!(status_of(edge, "after").await, 201);
    let (code, said) = shop.run(&["breaker", "open", "paymnt"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.as_str().unwrap().contains("did you mean `payment`?"), "{said}");
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test]
async fn a_unit_that_runs_by_itself_goes_by_what_is_set() {
    let shop = Configured::new();
    let text = shop.with("[units.front]", "[units.all]\nhttp = \"127.0.0.1:0\"\n[units.front]");
    shop.write(&text.replace("[topologies]\n", "[topologies]\nmonolith = [\"all\"]\n"));
    let (code, said) = shop.run(&["set", "edge.rate", "1/1h"]).await;
    assert_eq!(code, 1, "nothing runs: {said}");
    let mut run = shop.premises.start(&["run"]).unwrap();
    let edge = shop.premises.edge(1, true).await.unwrap();
    let ask = async || seam_tests::http::get("/api/user/1").send(edge).await.unwrap().status;
    assert_eq!((ask().await, ask().await), (404, 404));
    let (code, said) = shop.run(&["set", "edge.rate", "1/1h", "--for", "1s"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!((ask().await, ask().await), (404, 429));
    shop.until("it is taken back", async || ask().await == 404).await;
    let (code, said) = shop.run(&["config", "history", "--json"]).await;
    assert_eq!((code, said.as_array().map(Vec::len)), (0, Some(1)), "{said}");
    assert!(run.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_kept_told_apart_and_gone_back_to() {
    let (shop, mut up, edge) = Configured::up().await;
    let good = shop.text();
    shop.write(&shop.with("1_000_000 ", "50 "));
    let (code, said) = shop.reload().await;
    assert_eq!((code, &said["version"]), (0, &json!(2)), "{said}");
    assert_eq!(shop.run(&["move", "payment", "front"]).await.0, 0);
    let (code, history) = shop.run(&["config", "history", "--json"]).await;
    assert_eq!(code, 0, "{history}");
    let how: Vec<_> = history.as_array().unwrap().iter().map(|own| own["how"].clone()).collect();
    assert_eq!(
        (how.len(), &how[0], &how[2]),
        (3, &json!("start"), &json!("move payment to front"))
    );
    // The app may have seen the file before it was told to.
    assert!(["reload", "file"].map(Value::from).contains(&how[1]), "{history}");
    assert_eq!(history[2]["configVersion"], json!(shop.version().await));

    let (code, diff) = shop.run(&["config", "diff", "1", "2", "--json"]).await;
    assert_eq!(code, 0, "{diff}");
    let key = "services.payment.config.max_charge_cents";
    let change = json!({ "key": key, "old": 1_000_000, "new": 50 });
    assert_eq!(diff["changes"], json!([change]));

    let dear = async |name: &str| place_as(name, &tea(1, 2)).send(edge).await.unwrap().status;
    assert_eq!(dear("dear").await, 402);
    let (code, said) = shop.run(&["config", "rollback", "1", "--json"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!((&said["version"], &said["to"]), (&json!(4), &json!(1)), "{said}");
    assert_eq!(shop.text(), good, "the file is as it was, to the letter");
    assert_eq!(said["configVersion"], json!(shop.version().await));
    assert_eq!(dear("dearer").await, 201);
    let (code, said) = shop.run(&["config", "rollback", "9"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.as_str().unwrap().contains("versions 1 to 4 are kept"), "{said}");
    assert!(up.stop().await.unwrap().success());

    // The next start goes on from there, and counts on only if something has changed.
    let mut up = shop.premises.start(&["up", "split"]).unwrap();
    shop.premises.edge(3, true).await.unwrap();
    let (_, history) = shop.run(&["config", "history", "--json"]).await;
    assert_eq!(history.as_array().map(Vec::len), Some(4), "{history}");
    assert_eq!(history[3]["how"], "rollback to 1");
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_lies_over_the_file_in_every_unit() {
    let shop = Configured::new();
    let prod = shop.path.with_extension("prod.toml");
    let text = "[units.quote]\ninstances = 2\n[services.payment.config]\nmax_charge_cents = 50\n";
    std::fs::write(&prod, text).unwrap();
    let mut up = shop.premises.start(&["up", "split", "--profile", "prod"]).unwrap();
    let edge = shop.premises.edge(4, true).await.unwrap();
    let user = json!({ "name": "Ada", "email": "ada@example.com" });
    seam_tests::http::post("/api/user", &user).send(edge).await.unwrap();
    let dear = async |name: &str| place_as(name, &tea(1, 2)).send(edge).await.unwrap().status;
    assert_eq!(dear("dear").await, 402);
    let before = shop.version().await;
    std::fs::write(&prod, text.replace("50", "5_000")).unwrap();
    let other = async || {
        let status = shop.premises.status().await.unwrap();
        status.iter().all(|own| own["configVersion"] != json!(before))
    };
    shop.until("its file is watched", other).await;
    assert_eq!(dear("dearer").await, 201);
    let line = format!("{}:4", prod.display());
    let (_, said) = shop.run(&["config", "--profile", "prod", "--json"]).await;
    assert_eq!(said["services.payment.config.max_charge_cents"]["from"], json!(line));
    // The lists of a move are where the units are: in the file below.
    let below = std::fs::read_to_string(&prod).unwrap();
    let (code, said) = shop.run(&["move", "payment", "quote", "--profile", "prod"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(shop.text().contains("services = [\"quote\", \"payment\"]"), "{}", shop.text());
    assert_eq!(std::fs::read_to_string(&prod).unwrap(), below);
    let (code, said) = shop.run(&["config", "rollback", "1"]).await;
    assert_eq!(code, 2, "without a profile: {said}");
    let (code, said) = shop.run(&["config", "rollback", "1", "--profile", "prod"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read_to_string(&prod).unwrap(), text);
    let (code, said) = shop.run(&["check", "--profile", "test"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.as_str().unwrap().contains("make the file of profile `test`"), "{said}");
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_and_reloads_under_load_cost_no_call() {
    let (shop, mut up, edge) = Configured::up().await;
    let over = Arc::new(AtomicBool::new(false));
    let calls = ["a", "b", "c"].map(|name| tokio::spawn(load(edge, name, Arc::clone(&over))));
    let good = shop.text();
    let (mut taken, mut refused) = (0, 0);
    for number in 0..often(SETS, 25) {
        let wrong = number % 5 == 4;
        let deadline = if wrong { "soon".to_owned() } else { format!("{}ms", 4_000 + number) };
        let code = match number % 3 {
            0 => shop.run(&["set", "calls.deadline", &deadline, "--unit", "front"]).await.0,
            1 => shop.run(&["set", "services.payment.calls.deadline", &deadline]).await.0,
            _ => {
                shop.write(&good.replace("\"5s\"", &format!("\"{deadline}\"")));
                shop.reload().await.0
            }
        };
        assert_eq!(code, if wrong { 2 } else { 0 }, "{number}");
        if wrong { refused += 1 } else { taken += 1 }
    }
    over.store(true, Ordering::Relaxed);
    let placed = none_failed(edge, calls).await;
    println!("{taken} taken, {refused} refused, {} orders", placed.len());
    assert!(up.stop().await.unwrap().success());
}
