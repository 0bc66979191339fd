//! JSON calls, the form gateway, and what isn't there.

use seam_tests::http::{Request, get, post, post_text};
use serde_json::{Value, json};

use super::transcript::Visit;

pub(super) async fn scenario(visit: &mut Visit) {
    let ada = json!({ "id": 1, "name": "Ada", "email": "ada@example.com" });
    visit.expect(post("/rpc/user/get", &json!({ "id": 1 })), 200, ada.clone()).await;
    let unknown = post("/rpc/user/get", &json!({ "id": 999 }));
    visit.refused(unknown, 404, "user_not_found", "service").await;
    let charge = json!({ "order": 1, "amount": 1 });
    visit.refused(post("/rpc/payment/charge", &charge), 403, "denied", "not_executed").await;
    visit.refused(form("payment", "charge", &charge), 403, "denied", "not_executed").await;

    for method in ["User.Get", "get", "GET", "a.b.User.G_e_t"] {
        visit.expect(form("user", method, &json!({ "id": 1 })), 200, ada.clone()).await;
    }
    let unknown = form("user", "User.Get", &json!({ "id": 999 }));
    visit.refused(unknown, 404, "user_not_found", "service").await;
    let no_id = form("user", "User.Get", &json!({ "id": "x" }));
    visit.refused(no_id, 400, "bad_request", "not_executed").await;

    for request in [get("/api/nothing"), get("/"), post("/rpc/nobody/get", &json!({}))] {
        visit.refused(request, 404, "not_found", "not_executed").await;
    }
}

fn form(module: &str, method: &str, content: &Value) -> Request {
    let body = format!("module={module}&version=1.0&method={method}&bizContent={content}");
    post_text("/gateway", "application/x-www-form-urlencoded", &body)
}
