//! A user and the user's orders at once, whoever knows which.

use seam_tests::http::get;
use serde_json::json;

use super::transcript::{Visit, place, tea};

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("overview@example.com").await;
    let path = format!("/api/user/{user}/orders");
    let account = visit.ask(get(&format!("/api/user/{user}"))).await.json();
    let nothing = json!({ "user": account, "orders": [], "next": null });
    visit.expect(get(&path), 200, nothing).await;
    let mut ids = Vec::new();
    for quantity in 1..=3 {
        let placed = visit.ask(place(&tea(user, quantity))).await;
        ids.push(placed.json()["order"]["id"].as_u64().unwrap());
    }
    for page in ["", "?limit=2", &format!("?limit=2&after={}", ids[1])] {
        let seen = visit.ask(get(&format!("{path}{page}"))).await;
        let query = page.replace('?', "&");
        let listed = visit.ask(get(&format!("/api/order?userId={user}{query}"))).await.json();
        let expected =
            json!({ "user": account, "orders": listed["orders"], "next": listed["next"] });
        assert_eq!((seen.status, seen.json()), (200, expected), "{page}");
    }
    visit.refused(get("/api/user/999/orders"), 404, "user_not_found", "service").await;
    visit.refused(get(&format!("{path}?limit=0")), 400, "invalid_limit", "service").await;
    visit.refused(get(&format!("{path}?limit=x")), 400, "bad_request", "not_executed").await;
}
