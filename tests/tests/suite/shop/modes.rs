//! One visit, in all five modes, and every word of it compared.

use seam_tests::http::get;
use seam_tests::shop::Mode;
use serde_json::Value;
use tokio::task::JoinSet;

use super::transcript::Visit;
use super::{
    both_at_once, events, idempotency, lists, orders, other_ways_in, overview, quotes, restart,
    users,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_modes_agree() {
    let mut visits = JoinSet::new();
    for mode in Mode::ALL {
        visits.spawn(async move { (mode, visit(mode).await) });
    }
    let mut told: Vec<(Mode, Vec<String>)> = visits.join_all().await;
    told.sort_by_key(|(mode, _)| Mode::ALL.iter().position(|other| other == mode));
    let (_, direct) = told.remove(0);
    assert!(direct.len() > 100, "{} lines", direct.len());
    for (mode, lines) in told {
        for (direct, other) in direct.iter().zip(&lines) {
            assert_eq!(direct, other, "direct and {mode:?} differ");
        }
        assert_eq!(direct.len(), lines.len(), "{mode:?}");
    }
}

async fn visit(mode: Mode) -> Vec<String> {
    let mut visit = Visit::begin(mode).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(visit.ask(get(path)).await.status, 200, "{mode:?}: {path}");
    }
    users::scenario(&mut visit).await;
    orders::scenario(&mut visit).await;
    quotes::scenario(&mut visit).await;
    idempotency::scenario(&mut visit).await;
    both_at_once::scenario(&mut visit).await;
    lists::scenario(&mut visit).await;
    overview::scenario(&mut visit).await;
    events::scenario(&mut visit).await;
    other_ways_in::scenario(&mut visit).await;
    restart::scenario(&mut visit).await;
    effects(&mut visit).await;
    both_at_once::either(&mut visit).await;
    calls(&mut visit).await;
    visit.end().await
}

/// What each service has done, in its order: ids are given in the order of writes, so all rows by
/// id are the order of effects.
async fn effects(visit: &mut Visit) {
    for kind in ["user", "order"] {
        for id in 1.. {
            if visit.ask(get(&format!("/api/{kind}/{id}"))).await.status == 404 {
                break;
            }
        }
    }
    let mut receipts = Vec::new();
    for order in 1.. {
        if visit.ask(get(&format!("/api/order/{order}"))).await.status == 404 {
            break;
        }
        receipts.append(&mut visit.payments(order).await);
    }
    receipts.sort_by_key(|receipt| receipt["id"].as_u64());
    let ids: Vec<_> = receipts.iter().filter_map(|receipt| receipt["id"].as_u64()).collect();
    let counted: Vec<_> = (1..=ids.len() as u64).collect();
    assert_eq!(ids, counted, "receipts are counted from 1, and none is lost or given twice");
    visit.note(format!("receipts in their order: {}", Value::from(receipts)));
}

/// What isn't done before an order is answered, but in its own time.
fn is_behind(row: &Value) -> bool {
    match (row["service"].as_str().unwrap_or(""), row["method"].as_str().unwrap_or("")) {
        ("mail" | "shipping" | "history", _) => true,
        // Mail asks for users, too.
        (service, method) => [("order", "fulfil"), ("payment", "refund"), ("user", "get")]
            .contains(&(service, method)),
    }
}

/// How many calls of each method were served since the restart, and what they came to.
async fn calls(visit: &mut Visit) {
    let status = visit.shop.premises().status().await.unwrap();
    let methods = status.iter().filter_map(|unit| unit["methods"].as_array()).flatten();
    let mut rows: Vec<String> = methods
        .filter(|row| row["remote"] == false && !is_behind(row))
        .map(|row| {
            let fields = ["service", "method", "calls", "answered", "serviceErrors"];
            fields.map(|field| row[field].to_string()).join(" ")
        })
        .collect();
    rows.sort();
    visit.note(format!("served: {}", rows.join(", ")));
}
