//! Another grouping is another `app.toml`, and nothing else.

use seam_tests::http::{get, post};
use seam_tests::shop::Premises;
use serde_json::json;

use super::transcript::{place, tea};

const CONFIG: &str = r#"
[app]
data = "{premises}/data"

[units.counter]
services = ["order", "shipping"]
http = "127.0.0.1:0"

[units.office]
services = ["payment", "quote", "history", "overview"]

[units.desk]
services = ["user", "mail"]
listen = "unix:{premises}/desks/first"

[topologies]
regrouped = ["counter", "office", "desk"]
"#;

#[tokio::test]
async fn any_grouping_works_by_app_toml_alone() {
    let premises = Premises::with_config(CONFIG).unwrap();
    let mut up = premises.start(&["up", "regrouped"]).unwrap();
    let edge = premises.edge(3, true).await.unwrap();
    let user = json!({ "name": "Ada", "email": "ada@example.com" });
    assert_eq!(post("/api/user", &user).send(edge).await.unwrap().status, 201);
    let placed = place(&tea(1, 2)).send(edge).await.unwrap();
    assert_eq!((placed.status, &placed.json()["order"]["status"]), (201, &json!("paid")));
    assert_eq!(get("/api/payment?orderId=1").send(edge).await.unwrap().status, 200);
    assert!(up.stop().await.unwrap().success());
}
