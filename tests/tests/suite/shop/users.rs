//! Signing up, and being found.

use seam_tests::http::{get, post, post_text};
use serde_json::json;

use super::transcript::Visit;

pub(super) async fn scenario(visit: &mut Visit) {
    let ada = json!({ "name": "Ada", "email": "ada@example.com" });
    let created = visit.ask(post("/api/user", &ada)).await;
    assert_eq!(created.status, 201);
    let body = json!({ "id": 1, "name": "Ada", "email": "ada@example.com" });
    assert_eq!(created.json(), body);
    assert_eq!(created.header("location"), Some("/api/user/1"));
    visit.expect(get("/api/user/1"), 200, body).await;

    for (name, email, code) in [
        ("", "eve@example.com", "invalid_name"),
        ("   ", "eve@example.com", "invalid_name"),
        ("Eve", "", "invalid_email"),
        ("Eve", "eve", "invalid_email"),
        ("Eve", "eve@", "invalid_email"),
        ("Eve", "@example.com", "invalid_email"),
        ("Eve", "eve @example.com", "invalid_email"),
    ] {
        let user = json!({ "name": name, "email": email });
        visit.refused(post("/api/user", &user), 400, code, "service").await;
    }
    for email in ["ada@example.com", "ADA@Example.com", " ada@example.com "] {
        let taken = json!({ "name": "Another", "email": email });
        visit.refused(post("/api/user", &taken), 409, "email_taken", "service").await;
    }
    let bob = json!({ "name": "Bob", "email": "bob@example.com" });
    let body = json!({ "id": 2, "name": "Bob", "email": "bob@example.com" });
    visit.expect(post("/api/user", &bob), 201, body).await;

    visit.refused(get("/api/user/99"), 404, "user_not_found", "service").await;
    for id in ["x", "-1", "1.5", "18446744073709551616", "%20", "1x"] {
        let path = format!("/api/user/{id}");
        visit.refused(get(&path), 400, "bad_request", "not_executed").await;
    }
    for body in ["", "{", "[]", "7", r#"{"name": "Eve"}"#, r#"{"name": 7, "email": "e@e.de"}"#] {
        let request = post_text("/api/user", "application/json", body);
        visit.refused(request, 400, "bad_request", "not_executed").await;
    }
}
