//! What is still there after a restart: everything.

use seam_tests::http::get;
use serde_json::json;

use super::transcript::{Visit, place, place_as, tea};

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("restart@example.com").await;
    let paid = visit.ask(place_as("kept", &tea(user, 4))).await;
    let declined = visit.ask(place_as("kept.declined", &tea(user, 40_000))).await;
    assert_eq!((paid.status, declined.status), (201, 402));
    let last = declined.json()["order"]["id"].as_u64().unwrap();

    visit.shop.reopen().await.unwrap();

    let again = visit.ask(place_as("kept", &tea(user, 4))).await;
    assert_eq!((again.status, again.text()), (201, paid.text()));
    let again = visit.ask(place_as("kept.declined", &tea(user, 40_000))).await;
    assert_eq!(again.status, 402);
    let (mut again, mut declined) = (again.json(), declined.json());
    assert_ne!(again["requestId"].take(), declined["requestId"].take());
    assert_eq!(again, declined, "all else is the same");
    let request = place_as("kept", &tea(user, 5));
    visit.refused(request, 422, "idempotency_key_reused", "service").await;

    let order = paid.json()["order"].clone();
    visit.expect(get(&format!("/api/order/{}", order["id"])), 200, order.clone()).await;
    let id = order["id"].as_u64().unwrap();
    assert_eq!(visit.payments(id).await, [paid.json()["payment"].clone()]);
    let orders = json!({ "orders": [order, declined["order"]], "next": null });
    visit.expect(get(&format!("/api/order?userId={user}")), 200, orders).await;

    let next = visit.ask(place(&tea(user, 1))).await.json();
    assert_eq!(next["order"]["id"], last + 1, "ids go on");
    let receipt = paid.json()["payment"]["id"].as_u64().unwrap();
    assert_eq!(next["payment"]["id"], receipt + 1);
    assert_eq!(visit.user("restart.2@example.com").await, user + 1);
    let taken = json!({ "name": "Ada", "email": "restart@example.com" });
    let request = seam_tests::http::post("/api/user", &taken);
    visit.refused(request, 409, "email_taken", "service").await;
}
