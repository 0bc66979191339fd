//! What an order comes to: with the discount, and without it while the quotes are away.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seam_tests::http::{Response, get, post};
use seam_tests::shop::Premises;
use serde_json::{Value, json};

use super::transcript::{Visit, place, place_as};

/// Who pays the full price where the quotes are away is told so.
const DEGRADED: &str = "x-seam-degraded";
/// An order waits so long for the quotes at most, and takes some time itself.
const AWAY: Duration = Duration::from_millis(1_500);

/// 5 % off a line of 100 pieces or more, rounded down: pieces of other lines don't count.
pub(super) async fn scenario(visit: &mut Visit) {
    let user = visit.user("quotes@example.com").await;
    for (lines, total) in [
        (&[("tea", 99, 100)][..], 9_900),
        (&[("tea", 100, 1)], 95),
        (&[("tea", 119, 1)], 114),
        (&[("tea", 120, 1)], 114),
        (&[("tea", 101, 450)], 43_178),
        (&[("tea", 60, 10), ("cup", 60, 10)], 1_200),
        (&[("tea", 100, 1), ("cup", 1, 100), ("pot", 119, 1)], 95 + 100 + 114),
    ] {
        let placed = visit.ask(place(&order(user, lines))).await;
        let body = placed.json();
        let mode = visit.shop.mode();
        assert_eq!((placed.status, &body["order"]["totalCents"]), (201, &json!(total)), "{mode:?}");
        assert_eq!(body["payment"]["amountCents"], total, "{mode:?}: {lines:?}");
        assert_eq!(placed.header(DEGRADED), None, "{mode:?}");
    }
    // With the discount it would be allowed.
    let over = order(user, &[("isle", 100, 10_200_000_000)]);
    visit.refused(place(&over), 400, "invalid_order", "service").await;
}

fn order(user: u64, lines: &[(&str, u64, u64)]) -> Value {
    let product = |(sku, quantity, price): &(&str, u64, u64)| json!({ "sku": sku, "quantity": quantity, "unitPriceCents": price });
    json!({ "userId": user, "products": lines.iter().map(product).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_quotes_it_is_the_full_price_and_says_so() {
    let micro = ["edge", "user", "order", "payment", "shipping", "mail", "history", "overview"];
    for (topology, units) in [("split", &["front", "pay"][..]), ("micro", &micro)] {
        let quote = ["run", "--topology", topology, "--unit", "quote"];
        let premises = Premises::new(Vec::new()).unwrap();
        let mut quotes = premises.start(&quote).unwrap();
        let _others: Vec<_> =
            units.iter().map(|unit| premises.start(&["run", "--unit", unit]).unwrap()).collect();
        let edge = premises.edge(units.len() + 1, true).await.unwrap();
        let user = json!({ "name": "Ada", "email": "ada@example.com" });
        assert_eq!(post("/api/user", &user).send(edge).await.unwrap().status, 201);
        let placed = buy(edge, "before").await;
        assert_eq!((total(&placed), placed.header(DEGRADED)), (json!(95), None), "{units:?}");

        assert!(quotes.stop().await.unwrap().success());
        let began = Instant::now();
        let placed = buy(edge, "away").await;
        let took = began.elapsed();
        let found = (total(&placed), placed.header(DEGRADED));
        assert_eq!(found, (json!(100), Some("true")), "{units:?}");
        assert!(took < AWAY, "{units:?}: {took:?}");
        let kept = get("/api/order/2").send(edge).await.unwrap();
        assert_eq!(kept.header(DEGRADED), None, "nobody was asked for a price");

        let _back = premises.start(&quote).unwrap();
        premises.edge(units.len() + 1, true).await.unwrap();
        assert_eq!(total(&buy(edge, "away").await), json!(100), "an order keeps its price");
        let placed = buy(edge, "after").await;
        assert_eq!((total(&placed), placed.header(DEGRADED)), (json!(95), None), "{units:?}");
    }
}

/// Buys 100 pieces for a cent each.
async fn buy(edge: SocketAddr, key: &str) -> Response {
    let placed = place_as(key, &order(1, &[("tea", 100, 1)])).send(edge).await.unwrap();
    assert_eq!(placed.status, 201, "{key}: {}", placed.text());
    placed
}

fn total(placed: &Response) -> Value {
    let body = placed.json();
    assert_eq!(body["order"]["totalCents"], body["payment"]["amountCents"]);
    body["order"]["totalCents"].clone()
}
