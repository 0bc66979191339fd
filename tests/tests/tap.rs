//! Calls as they end: `tap` shows them in all units, with what they carry and without secrets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::io;

use seam_tests::http::post;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::pin;
use tokio::time::{Duration, sleep};

/// What `tap` shows of orders and sign-ups that are made all the while.
async fn tapped((premises, units): (&Premises, usize), arguments: &[&str]) -> Vec<Value> {
    let edge = premises.edge(units, true).await.unwrap();
    let arguments = [&["tap", "--json", "--for", "3s"], arguments].concat();
    let taps = premises.command(&arguments);
    pin!(taps);
    for number in 0.. {
        let user = json!({ "name": "Ada", "email": format!("ada{number}@example.com") });
        let products = json!([{ "sku": "tea", "quantity": 1, "unitPriceCents": 900 }]);
        let order = json!({ "userId": 1, "products": products });
        post("/api/user", &user).send(edge).await.unwrap();
        post("/api/order", &order).send(edge).await.unwrap();
        tokio::select! {
            output = &mut taps => {
                let output = output.unwrap();
                let told = String::from_utf8(output.stdout).unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                return told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            () = sleep(Duration::from_millis(50)) => {}
        }
    }
    unreachable!()
}

fn find<'a>(calls: &'a [Value], service: &str, method: &str, kind: &str) -> Vec<&'a Value> {
    let is = |call: &&Value| {
        call["service"] == service && call["method"] == method && call["kind"] == kind
    };
    calls.iter().filter(is).collect()
}

/// Every one of them says what it carried, as its types say.
fn charges_are_told(calls: &[&Value]) {
    assert!(!calls.is_empty(), "none was told");
    for charge in calls {
        assert_eq!(charge["arguments"]["amount"], 900, "{charge}");
        assert!(charge["arguments"]["order"].is_u64(), "{charge}");
        assert_eq!(charge["answer"]["amountCents"], 900, "{charge}");
        assert_eq!((&charge["caller"], &charge["outcome"]), (&json!("order"), &json!("answered")));
    }
}

#[tokio::test]
async fn calls_are_shown_as_they_end_in_all_units_and_without_secrets() -> io::Result<()> {
    for (topology, units) in [("monolith", 1), ("split", 3)] {
        let premises = Premises::new(Vec::new())?;
        let mut up = premises.start(&["up", topology])?;
        let calls = tapped((&premises, units), &["--bodies"]).await;
        charges_are_told(&find(&calls, "payment", "charge", "server"));
        let made = find(&calls, "payment", "charge", "client");
        if topology == "split" {
            charges_are_told(&made);
        } else {
            assert!(made.is_empty(), "here it is one call: {made:?}");
        }
        let signed_up = find(&calls, "user", "create", "server");
        assert!(!signed_up.is_empty(), "{calls:?}");
        for call in signed_up {
            let (told, answer) = (&call["arguments"], &call["answer"]);
            assert_eq!((&told["email"], &told["name"]), (&json!("***"), &json!("Ada")), "{call}");
            assert_eq!(
                (&answer["email"], &answer["name"]),
                (&json!("***"), &json!("Ada")),
                "{call}"
            );
        }
        let requests = find(&calls, "edge", "POST /api/order", "server");
        assert!(requests.iter().any(|request| request["http"]["status"] == 201), "{requests:?}");
        assert!(!json!(calls).to_string().contains("@example.com"), "{calls:?}");

        let few = tapped((&premises, units), &["payment.charge", "--caller", "order"]).await;
        let is = |call: &Value| call["service"] == "payment" && call["method"] == "charge";
        assert!(!few.is_empty() && few.iter().all(is), "{few:?}");
        assert!(few.iter().all(|call| call["arguments"].is_null() && call["answer"].is_null()));
        let none = tapped((&premises, units), &["--over", "1h"]).await;
        assert!(none.is_empty(), "{none:?}");
        assert!(up.stop().await?.success());
    }
    Ok(())
}
