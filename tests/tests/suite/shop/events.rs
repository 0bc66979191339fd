//! What follows from an order in its own time: its mail, its shipment, or its money back, and its
//! history.

use std::time::{Duration, Instant};

use seam_tests::http::get;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::transcript::{Visit, place, tea};

/// How long what follows may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("events@example.com").await;
    let nothing = json!({ "orders": [], "next": null });
    visit.expect(get(&format!("/api/history?userId={user}")), 200, nothing).await;
    let mut past = Vec::new();
    for (order, total, end) in [
        (tea(user, 2), 900, "shipped"),
        (anvil(user), 450, "refunded"),
        (tea(user, 40_000), 17_100_000, "declined"),
        (tea(user, 1), 450, "shipped"),
    ] {
        let body = visit.ask(place(&order)).await.json();
        let id = body["order"]["id"].clone();
        past.push(json!({ "id": id, "totalCents": total, "status": end }));
    }
    let all = json!({ "orders": past, "next": null });
    settled(visit, &format!("/api/history?userId={user}"), &all).await;
    for order in &past {
        follows(visit, order).await;
    }
    let page = json!({ "orders": [past[1]], "next": past[1]["id"] });
    let second = format!("/api/history?userId={user}&limit=1&after={}", past[0]["id"]);
    visit.expect(get(&second), 200, page).await;
    let none = format!("/api/history?userId={user}&limit=0");
    visit.refused(get(&none), 400, "invalid_limit", "service").await;
}

/// An order of what is booked, and then not taken along.
fn anvil(user: u64) -> Value {
    let product = json!({ "sku": "anvil", "quantity": 1, "unitPriceCents": 450 });
    json!({ "userId": user, "products": [product] })
}

/// Asks until that is answered, and notes it once.
async fn settled(visit: &mut Visit, path: &str, wanted: &Value) {
    let began = Instant::now();
    loop {
        let answer = visit.shop.send(&get(path)).await.unwrap().json();
        if &answer == wanted {
            break;
        }
        let mode = visit.shop.mode();
        assert!(began.elapsed() < PATIENCE, "{mode:?}: {path}: {answer}, not {wanted}");
        sleep(Duration::from_millis(20)).await;
    }
    visit.expect(get(path), 200, wanted.clone()).await;
}

/// Looks at an order from all sides, once history says how it ended.
async fn follows(visit: &mut Visit, past: &Value) {
    let (id, end) = (past["id"].as_u64().unwrap(), past["status"].as_str().unwrap());
    let (status, shipments) = match end {
        // An order stays paid while it is shipped.
        "shipped" => ("paid", vec![json!({ "orderId": id, "status": "dispatched" })]),
        "refunded" => ("refunded", vec![json!({ "orderId": id, "status": "cancelled" })]),
        other => (other, Vec::new()),
    };
    let order = visit.ask(get(&format!("/api/order/{id}"))).await.json();
    assert_eq!(order["status"], status, "{order}");
    let shipments = json!({ "shipments": shipments });
    visit.expect(get(&format!("/api/shipping?orderId={id}")), 200, shipments).await;
    let payments = visit.payments(id).await;
    let refunded: Vec<_> = payments.iter().map(|payment| payment["refunded"] == true).collect();
    let wanted: &[bool] = match end {
        "declined" => &[],
        other => &[other == "refunded"],
    };
    assert_eq!(refunded, wanted, "{payments:?}");
    mail(visit, id, end != "declined").await;
}

/// An order that was paid for has one mail, whatever became of it since.
async fn mail(visit: &Visit, order: u64, wanted: bool) {
    let file = visit.shop.premises().folder().join(format!("data/mail/{order}.eml"));
    let began = Instant::now();
    while wanted && !file.exists() {
        assert!(began.elapsed() < PATIENCE, "there is no {}", file.display());
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(file.exists(), wanted, "{}", file.display());
    if wanted {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("your order {order}.")), "{text}");
        assert!(text.contains("To: Ada <events@example.com>"), "{text}");
    }
}
