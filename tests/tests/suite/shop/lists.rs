//! A user's orders, page by page.

use seam_tests::http::get;
use serde_json::{Value, json};

use super::transcript::{Visit, place, tea};

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("lists@example.com").await;
    let nothing = json!({ "orders": [], "next": null });
    visit.expect(get(&format!("/api/order?userId={user}")), 200, nothing.clone()).await;
    let mut ids = Vec::new();
    for quantity in 1..=22 {
        let placed = visit.ask(place(&tea(user, quantity))).await;
        ids.push(placed.json()["order"]["id"].as_u64().unwrap());
    }

    let (twenty, next) = page(visit, &format!("userId={user}")).await;
    assert_eq!((twenty.as_slice(), next), (&ids[..20], Some(ids[19])), "20 unless said");
    let (rest, next) = page(visit, &format!("userId={user}&after={}", ids[19])).await;
    assert_eq!((rest.as_slice(), next), (&ids[20..], None));
    let (all, next) = page(visit, &format!("userId={user}&limit=100")).await;
    assert_eq!((all, next), (ids.clone(), None));
    let (all, next) = page(visit, &format!("limit=22&user_id={user}")).await;
    assert_eq!((all, next), (ids.clone(), None), "no empty page at the end");

    let mut paged = Vec::new();
    let mut after = String::new();
    loop {
        let (mut some, next) = page(visit, &format!("userId={user}&limit=5{after}")).await;
        paged.append(&mut some);
        let Some(next) = next else { break };
        after = format!("&after={next}");
    }
    assert_eq!(paged, ids);

    let alias = visit.ask(get(&format!("/api/orders?userId={user}&limit=3"))).await;
    let plain = visit.ask(get(&format!("/api/order?userId={user}&limit=3"))).await;
    assert_eq!((alias.status, alias.text()), (plain.status, plain.text()));
    visit.expect(get("/api/orders?userId=999"), 200, nothing).await;
    for limit in [0, 101, 4_000_000_000_u32] {
        let path = format!("/api/order?userId={user}&limit={limit}");
        visit.refused(get(&path), 400, "invalid_limit", "service").await;
    }
    for query in ["", "?userId=x", "?userId=1&limit=x", "?userId=1&after=x", "?userId=1&limit=-1"] {
        let path = format!("/api/order{query}");
        visit.refused(get(&path), 400, "bad_request", "not_executed").await;
    }
}

async fn page(visit: &mut Visit, query: &str) -> (Vec<u64>, Option<u64>) {
    let response = visit.ask(get(&format!("/api/order?{query}"))).await;
    assert_eq!(response.status, 200, "{}", response.text());
    let body = response.json();
    let id = |order: &Value| order["id"].as_u64().unwrap();
    (body["orders"].as_array().unwrap().iter().map(id).collect(), body["next"].as_u64())
}
