//! A service is away: an order waits for its payment, and its key takes it up again; without users
//! there are no orders.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seam_tests::http::{Request, Response, get, post};
use seam_tests::shop::Premises;
use serde_json::{Value, json};

use super::transcript::{place, place_as, tea};

async fn ask(edge: SocketAddr, request: Request) -> Response {
    request.send(edge).await.unwrap_or_else(|error| panic!("{request}: {error}"))
}

async fn unavailable(edge: SocketAddr, request: Request) {
    let response = ask(edge, request).await;
    let body = response.json();
    assert_eq!((response.status, &body["code"]), (503, &json!("payment_unavailable")), "{body}");
    assert_eq!(body["outcome"], "unknown");
    keeps_addresses(&response);
    assert!(response.header("retry-after").is_some());
}

/// Where units are is nothing for outsiders.
fn keeps_addresses(response: &Response) {
    let body = response.text();
    assert!(!body.contains("127.0.0.1") && !body.contains(".sock"), "{body}");
}

/// Asks until there is an answer of this status.
async fn until(edge: SocketAddr, path: &str, status: u16) {
    let began = Instant::now();
    while ask(edge, get(path)).await.status != status {
        assert!(began.elapsed() < Duration::from_secs(60), "{path}: no {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn order(edge: SocketAddr, id: u64) -> Value {
    ask(edge, get(&format!("/api/order/{id}"))).await.json()
}

#[tokio::test]
async fn a_pending_order_is_taken_up_again_by_its_key() {
    let premises = Premises::new(Vec::new()).unwrap();
    let mut front = premises.start(&["run", "--unit", "front"]).unwrap();
    let _quote = premises.start(&["run", "--topology", "split", "--unit", "quote"]).unwrap();
    let edge = premises.edge(2, false).await.unwrap();
    assert_eq!(ask(edge, get("/healthz")).await.status, 200);
    let ready = ask(edge, get("/readyz")).await;
    assert_eq!(ready.status, 503, "payment has never answered");
    keeps_addresses(&ready);
    let user = json!({ "name": "Ada", "email": "ada@example.com" });
    assert_eq!(ask(edge, post("/api/user", &user)).await.status, 201);

    for _ in 0..2 {
        unavailable(edge, place_as("key", &tea(1, 2))).await;
    }
    assert_eq!(order(edge, 1).await["status"], "pending");
    assert_eq!(order(edge, 2).await["status"], 404, "one order for one key");
    unavailable(edge, place(&tea(1, 1))).await;
    let reused = ask(edge, place_as("key", &tea(1, 3))).await;
    assert_eq!((reused.status, &reused.json()["code"]), (422, &json!("idempotency_key_reused")));
    let payments = ask(edge, get("/api/payment?orderId=1")).await;
    let body = payments.json();
    let found = (payments.status, &body["code"], &body["outcome"]);
    assert_eq!(found, (503, &json!("unavailable"), &json!("not_executed")));

    let mut pay = premises.start(&["run", "--unit", "pay"]).unwrap();
    assert_eq!(premises.edge(3, true).await.unwrap(), edge);
    assert_eq!(ask(edge, get("/readyz")).await.status, 200);
    let placed = ask(edge, place_as("key", &tea(1, 2))).await;
    let expected = json!({
        "order": {
            "id": 1,
            "userId": 1,
            "products": tea(1, 2)["products"],
            "totalCents": 900,
            "status": "paid",
        },
        "payment": { "id": 1, "orderId": 1, "amountCents": 900 },
    });
    assert_eq!((placed.status, placed.json()), (201, expected));
    assert_eq!(ask(edge, place_as("key", &tea(1, 2))).await.text(), placed.text());
    assert_eq!(order(edge, 2).await["status"], "pending", "nobody took that one up");

    // Callees first: the order of going doesn't matter.
    assert!(pay.stop().await.unwrap().success());
    assert!(front.stop().await.unwrap().success());
}

#[tokio::test]
async fn a_failed_inner_call_is_told_inside_alone() {
    let premises = Premises::new(Vec::new()).unwrap();
    let units = ["edge", "order", "payment"];
    let _running = units.map(|unit| premises.start(&["run", "--unit", unit]).unwrap());
    let edge = premises.edge(units.len(), false).await.unwrap();
    // The edge has its own connections to make.
    until(edge, "/api/payment?orderId=1", 200).await;
    until(edge, "/api/order/1", 404).await;

    let response = ask(edge, place_as("key", &tea(1, 2))).await;
    let body = response.json();
    let found = (response.status, &body["code"], &body["outcome"]);
    assert_eq!(found, (503, &json!("inner"), &json!("unknown")), "{body}");
    assert_eq!(body["detail"], "a call that this one depends on failed");
    keeps_addresses(&response);
    assert_eq!(order(edge, 1).await["status"], 404, "nothing was written");
    let user = ask(edge, get("/api/user/1")).await;
    let body = user.json();
    let found = (user.status, &body["code"], &body["outcome"]);
    assert_eq!(found, (503, &json!("unavailable"), &json!("not_executed")), "{body}");
    assert!(user.header("retry-after").is_some());
}
