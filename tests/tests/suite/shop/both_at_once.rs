//! One key, used by several at the same time.

use serde_json::json;
use tokio::task::JoinSet;

use super::transcript::{Visit, place_as, tea};

pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("both@example.com").await;
    let order = tea(user, 3);
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (request, edge) = (place_as("both", &order), visit.shop.edge());
        callers.spawn(async move { request.send(edge).await.unwrap() });
    }
    let answers = callers.join_all().await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.text(), answers[0].text());
    }
    visit.note(answers[0].text());
    let id = answers[0].json()["order"]["id"].as_u64().unwrap();
    assert_eq!(visit.payments(id).await.len(), 1, "one charge");
}

/// Two bodies, one key: one of them gets it.
pub(super) async fn either(visit: &mut Visit) {
    let user = visit.user("either@example.com").await;
    let mut callers = JoinSet::new();
    for sku in ["tea", "cup"] {
        let products = json!([{ "sku": sku, "quantity": 1, "unitPriceCents": 450 }]);
        let request = place_as("either", &json!({ "userId": user, "products": products }));
        let edge = visit.shop.edge();
        callers.spawn(async move { request.send(edge).await.unwrap().status });
    }
    let mut statuses = callers.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
}
