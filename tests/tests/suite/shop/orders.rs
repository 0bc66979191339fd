//! Placing orders: paid, declined, refused.

use seam_tests::http::get;
use serde_json::{Value, json};

use super::transcript::{Visit, place, tea};

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("orders@example.com").await;
    let first = paid(visit, user).await;
    refused(visit, user).await;
    let declined = declined(visit, user).await;
    assert_eq!(declined, first + 1, "what is refused takes no id");
    at_the_limit(visit, user).await;
    visit.refused(get("/api/order/999"), 404, "order_not_found", "service").await;
    visit.refused(get("/api/order/x"), 400, "bad_request", "not_executed").await;
    visit.expect(get("/api/payment?orderId=999"), 200, json!({ "payments": [] })).await;
    visit.refused(get("/api/payment"), 400, "bad_request", "not_executed").await;
}

async fn paid(visit: &mut Visit, user: u64) -> u64 {
    let order = tea(user, 2);
    let placed = visit.ask(place(&order)).await;
    let body = placed.json();
    let id = body["order"]["id"].as_u64().unwrap();
    let receipt = body["payment"]["id"].as_u64().unwrap();
    let order = json!({
        "id": id,
        "userId": user,
        "products": order["products"],
        "totalCents": 900,
        "status": "paid",
    });
    let payment = json!({ "id": receipt, "orderId": id, "amountCents": 900 });
    assert_eq!(placed.status, 201);
    assert_eq!(body, json!({ "order": order, "payment": payment }));
    assert_eq!(placed.header("location"), Some(format!("/api/order/{id}").as_str()));
    visit.expect(get(&format!("/api/order/{id}")), 200, order).await;
    assert_eq!(visit.payments(id).await, [payment]);
    id
}

async fn refused(visit: &mut Visit, user: u64) {
    visit.refused(place(&tea(999, 2)), 404, "user_not_found", "service").await;
    let product = |sku: &str, quantity: u64, price: u64| json!({ "sku": sku, "quantity": quantity, "unitPriceCents": price });
    let most = u64::MAX;
    for products in [
        json!([]),
        json!([product("", 1, 1)]),
        json!([product("tea", 0, 1)]),
        json!([product("tea", 1, 0)]),
        json!([product("tea", most, most)]),
        json!([product("tea", most, 1), product("tea", most, 1)]),
        json!([product("tea", 1, 1_000_000_000_001)]),
        json!([product("tea", 1, 1), product("", 1, 1)]),
        Value::from(vec![product("tea", 1, 1); 101]),
    ] {
        let order = json!({ "userId": user, "products": products });
        visit.refused(place(&order), 400, "invalid_order", "service").await;
    }
    for order in [
        json!({ "userId": user }),
        json!({ "products": [product("tea", 1, 1)] }),
        json!({ "userId": "ada", "products": [product("tea", 1, 1)] }),
        json!({ "userId": user, "products": [{ "sku": "tea", "quantity": -1, "unitPriceCents": 1 }] }),
        json!({ "userId": user, "products": [{ "sku": "tea", "quantity": 1, "unitPriceCents": -1 }] }),
        json!({ "userId": user, "products": [{ "sku": "tea", "quantity": 1.5, "unitPriceCents": 1 }] }),
        json!({ "userId": user, "products": [{ "quantity": 1, "unitPriceCents": 1 }] }),
    ] {
        visit.refused(place(&order), 400, "bad_request", "not_executed").await;
    }
}

async fn declined(visit: &mut Visit, user: u64) -> u64 {
    let products = json!([{ "sku": "isle", "quantity": 1, "unitPriceCents": 1_000_001 }]);
    let order = json!({ "userId": user, "products": products });
    let body = visit.refused(place(&order), 402, "declined", "service").await;
    let id = body["order"]["id"].as_u64().unwrap();
    let kept = json!({
        "id": id,
        "userId": user,
        "products": products,
        "totalCents": 1_000_001,
        "status": "declined",
    });
    assert_eq!(body["order"], kept);
    visit.expect(get(&format!("/api/order/{id}")), 200, kept).await;
    assert_eq!(visit.payments(id).await, [] as [Value; 0]);
    id
}

async fn at_the_limit(visit: &mut Visit, user: u64) {
    let products = json!([{ "sku": "boat", "quantity": 2, "unitPriceCents": 500_000 }]);
    let placed = visit.ask(place(&json!({ "userId": user, "products": products }))).await;
    assert_eq!((placed.status, &placed.json()["payment"]["amountCents"]), (201, &json!(1_000_000)));
}
