//! An idempotency key gets its first final answer.

use seam_tests::http::get;
use serde_json::json;

use super::transcript::{Visit, place_as, tea};

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("idempotency@example.com").await;
    a_paid_order(visit, user).await;
    a_declined_order(visit, user).await;
    what_is_not_stored(visit).await;
    for key in ["", &"k".repeat(256), "k\u{e9}y"] {
        let request = place_as(key, &tea(user, 1));
        visit.refused(request, 400, "invalid_idempotency_key", "service").await;
    }
}

async fn a_paid_order(visit: &mut Visit, user: u64) {
    let order = tea(user, 2);
    let first = visit.ask(place_as("paid", &order)).await;
    assert_eq!(first.status, 201);
    for _ in 0..3 {
        let again = visit.ask(place_as("paid", &order)).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("location"), first.header("location"));
    }
    let id = first.json()["order"]["id"].as_u64().unwrap();
    assert_eq!(visit.payments(id).await.len(), 1);
    // The same in other words: it's what is asked for that counts.
    let spaced = format!(r#" {{"products": {}, "userId":{user} }} "#, order["products"]);
    let request = seam_tests::http::post_text("/api/order", "application/json", &spaced);
    let again = visit.ask(request.header("idempotency-key", "paid")).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let other_user = visit.user("idempotency.other@example.com").await;
    for other in [tea(user, 3), tea(other_user, 2)] {
        let request = place_as("paid", &other);
        visit.refused(request, 422, "idempotency_key_reused", "service").await;
    }
    visit.refused(place_as("paid", &tea(user, 0)), 400, "invalid_order", "service").await;
}

async fn a_declined_order(visit: &mut Visit, user: u64) {
    let order = tea(user, 10_000);
    let first = visit.ask(place_as("declined", &order)).await;
    assert_eq!(first.status, 402);
    let again = visit.ask(place_as("declined", &order)).await;
    assert_eq!(again.status, 402);
    let (mut first, mut again) = (first.json(), again.json());
    assert_eq!(first["firstRequestId"], first["requestId"]);
    assert_ne!(first["requestId"].take(), again["requestId"].take());
    assert_eq!(first, again, "all else is the same");
    let id = first["order"]["id"].as_u64().unwrap();
    visit.refused(get(&format!("/api/order/{}", id + 1)), 404, "order_not_found", "service").await;
    let request = place_as("declined", &tea(user, 1));
    visit.refused(request, 422, "idempotency_key_reused", "service").await;
}

/// 400 and 404 are no final answers: the same key may be used with the mistake mended.
async fn what_is_not_stored(visit: &mut Visit) {
    let next = visit.user("next.1@example.com").await + 1;
    let order = tea(next, 1);
    visit.refused(place_as("early", &order), 404, "user_not_found", "service").await;
    visit.refused(place_as("early", &tea(next, 0)), 400, "invalid_order", "service").await;
    assert_eq!(visit.user("next.2@example.com").await, next);
    let placed = visit.ask(place_as("early", &order)).await;
    assert_eq!((placed.status, &placed.json()["order"]["userId"]), (201, &json!(next)));
}
