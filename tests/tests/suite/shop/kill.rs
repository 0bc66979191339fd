//! `kill -9` under load: every answer is right or honest, and nobody pays twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use seam_tests::http::{get, post};
use seam_tests::shop::{Mode, Shop};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::transcript::{place_as, tea};

const WORKERS: u64 = 8;
/// Between two orders of a worker: enough of them, and few enough to look at each afterwards.
const PAUSE: Duration = Duration::from_millis(20);
const KILLS: u32 = 4;
const EVERY: Duration = Duration::from_secs(2);
/// The edge's deadline, and time for a busy machine.
const LONGEST: Duration = Duration::from_secs(15);

/// What one worker did: by key, how many units of tea, and the first final answer, if there was one.
type Log = BTreeMap<String, (u64, Option<String>)>;

#[derive(Default)]
struct Load {
    over: AtomicBool,
    /// From here on there may be no answer at all.
    edge_dies: AtomicBool,
    paid: AtomicU64,
    failed: AtomicU64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_pays_twice_however_often_payment_dies() {
    let mut shop = Shop::open(Mode::Split).await.unwrap();
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(shop.send(&user).await.unwrap().status, 201);

    let load = Arc::new(Load::default());
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        workers.spawn(work(worker, shop.edge(), Arc::clone(&load)));
    }
    for _ in 0..KILLS {
        sleep(EVERY).await;
        kill(&shop, "pay").await;
        goes_on(&load).await;
    }
    load.edge_dies.store(true, Ordering::Relaxed);
    kill(&shop, "front").await;
    load.over.store(true, Ordering::Relaxed);
    let logs = workers.join_all().await;
    // That nobody notices the kills is as good as can be; that some fail while a process is away is no
    // fault, as long as what they are told is true.
    let (paid, failed) = (load.paid.load(Ordering::Relaxed), load.failed.load(Ordering::Relaxed));

    shop.recover().await.unwrap();
    let mut finishing = JoinSet::new();
    logs.into_iter().for_each(|log| drop(finishing.spawn(finish(shop.edge(), log))));
    let logs = finishing.join_all().await;
    let receipts = all_receipts(shop.edge(), &logs).await;
    println!("{paid} paid and {failed} failed under load; {} orders in the end", receipts.len());

    kill(&shop, "front").await;
    shop.recover().await.unwrap();
    assert_eq!(all_receipts(shop.edge(), &logs).await, receipts, "what was paid is still there");
    let mut repeating = JoinSet::new();
    logs.into_iter().for_each(|log| drop(repeating.spawn(finish(shop.edge(), log))));
    repeating.join_all().await;
    shop.close().await.unwrap();
}

/// Kills a unit, once it runs.
async fn kill(shop: &Shop, unit: &str) {
    let began = Instant::now();
    while !shop.kill(unit).await.unwrap() {
        assert!(began.elapsed() < LONGEST, "`{unit}` doesn't run");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Places orders until the load is over. Who gets an honest failure goes on with another order,
/// and leaves that one for later.
async fn work(worker: u64, edge: SocketAddr, load: Arc<Load>) -> Log {
    let mut log = Log::new();
    for number in 0_u64.. {
        if load.over.load(Ordering::Relaxed) {
            break;
        }
        let (key, quantity) = (format!("{worker}-{number}"), number % 5 + 1);
        let began = Instant::now();
        let answer = place_as(&key, &tea(1, quantity)).send(edge).await;
        let took = began.elapsed();
        assert!(took < LONGEST, "{key}: {took:?}");
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                assert!(load.edge_dies.load(Ordering::Relaxed), "{key}: {error}");
                log.insert(key, (quantity, None));
                continue;
            }
        };
        let body = answer.json();
        let first = match answer.status {
            201 => {
                assert_eq!(body["order"]["totalCents"], 450 * quantity, "{key}");
                load.paid.fetch_add(1, Ordering::Relaxed);
                Some(answer.text())
            }
            // Payment is away, or the time was up while it came back.
            503 | 504 => {
                assert_eq!(body["outcome"], "unknown", "{key}: {body}");
                load.failed.fetch_add(1, Ordering::Relaxed);
                None
            }
            _ => panic!("{key}: {} {body}", answer.status),
        };
        log.insert(key, (quantity, first));
        sleep(PAUSE).await;
    }
    log
}

/// Waits until an order is paid that wasn't on its way yet.
async fn goes_on(load: &Load) {
    let (began, before) = (Instant::now(), load.paid.load(Ordering::Relaxed));
    while load.paid.load(Ordering::Relaxed) <= before + WORKERS {
        assert!(began.elapsed() < LONGEST, "no order was paid after a restart");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Asks again by every key: who had a final answer gets the same one, who had none gets it now.
async fn finish(edge: SocketAddr, mut log: Log) -> Log {
    for (key, (quantity, first)) in &mut log {
        let answer = place_as(key, &tea(1, *quantity)).send(edge).await.unwrap();
        assert_eq!(answer.status, 201, "{key}: {}", answer.text());
        let text = answer.text();
        assert_eq!(first.get_or_insert_with(|| text.clone()), &text, "{key}: its first answer");
    }
    log
}

/// All receipts by order, of which there is one for every key.
async fn all_receipts(edge: SocketAddr, logs: &[Log]) -> BTreeMap<u64, Value> {
    let mut looking = JoinSet::new();
    logs.iter().for_each(|log| drop(looking.spawn(receipts(edge, log.clone()))));
    let found: Vec<(u64, Value)> = looking.join_all().await.into_iter().flatten().collect();
    let count = found.len() as u64;
    let receipts: BTreeMap<u64, Value> = found.into_iter().collect();
    let orders: Vec<_> = receipts.keys().copied().collect();
    assert_eq!(orders, (1..=count).collect::<Vec<_>>(), "an order for every key, and no other");
    let ids: BTreeSet<_> = receipts.values().filter_map(|receipt| receipt["id"].as_u64()).collect();
    assert_eq!(ids, (1..=count).collect(), "a receipt for every order, and no other");
    receipts
}

async fn receipts(edge: SocketAddr, log: Log) -> Vec<(u64, Value)> {
    let mut receipts = Vec::new();
    for (key, (quantity, first)) in log {
        let first: Value = serde_json::from_str(&first.unwrap()).unwrap();
        let id = first["order"]["id"].as_u64().unwrap();
        let order = get(&format!("/api/order/{id}")).send(edge).await.unwrap().json();
        assert_eq!(order, first["order"], "{key}");
        assert_eq!(order["status"], "paid", "{key}");
        let payments = get(&format!("/api/payment?orderId={id}")).send(edge).await.unwrap().json();
        assert_eq!(payments, json!({ "payments": [first["payment"]] }), "{key}: paid once");
        assert_eq!(first["payment"]["amountCents"], 450 * quantity, "{key}");
        receipts.push((id, first["payment"].clone()));
    }
    receipts
}
