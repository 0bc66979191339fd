//! Registering, logging in, and what a user says of themselves.

use seam_tests::http::{Request, get, post, put};
use serde_json::{Value, json};

use crate::visit::{Visit, by, registration};

pub(crate) async fn scenario(visit: &mut Visit) {
    let ada = visit.register("ada").await;
    who_can_register(visit).await;
    who_can_log_in(visit).await;

    visit.needs_token(get("/api/user")).await;
    visit.refuses_changed(&ada, get("/api/user")).await;
    let body = visit.expect(by(&ada, get("/api/user")), 200).await;
    visit.token_of(&body, "ada@example.com", "ada");

    updates(visit, &ada).await;
}

async fn who_can_register(visit: &mut Visit) {
    for field in ["username", "email", "password"] {
        for blank in [json!(""), json!("  ")] {
            let mut body = registration("blank");
            body["user"][field] = blank;
            let why = visit.refused(post("/api/users", &body), 422, field).await;
            assert_eq!(why, "can't be blank");
        }
        let mut body = registration("absent");
        body["user"].as_object_mut().unwrap().remove(field);
        visit.refused(post("/api/users", &body), 422, field).await;
    }
    for field in ["username", "email"] {
        let mut body = registration("somebody");
        body["user"][field] = registration("ada")["user"][field].clone();
        let why = visit.refused(post("/api/users", &body), 422, field).await;
        assert_eq!(why, "has already been taken");
    }
    // Neither has left anything behind.
    visit.refused(login("somebody@example.com", "somebody's word"), 401, "body").await;
    visit.refused(get("/api/profiles/somebody"), 404, "body").await;
}

async fn who_can_log_in(visit: &mut Visit) {
    let body = visit.expect(login("ada@example.com", "ada's word"), 200).await;
    let token = visit.token_of(&body, "ada@example.com", "ada");
    visit.expect(by(&token, get("/api/user")), 200).await;

    let wrong = visit.refused(login("ada@example.com", "a guess"), 401, "body").await;
    let unknown = visit.refused(login("nobody@example.com", "ada's word"), 401, "body").await;
    assert_eq!(wrong, unknown, "nobody learns who has an account");
    visit.refused(login("", "ada's word"), 422, "email").await;
    visit.refused(login("ada@example.com", ""), 422, "password").await;
}

async fn updates(visit: &mut Visit, ada: &str) {
    visit.needs_token(update(json!({ "bio": "mathematician" }))).await;

    // What isn't said stays, and `null` takes away what may be absent.
    let image = "https://example.com/ada.png";
    let said = change(visit, ada, json!({ "bio": "mathematician", "image": image })).await;
    assert_eq!((&said["bio"], &said["image"]), (&json!("mathematician"), &json!(image)));
    let said = change(visit, ada, json!({ "email": "ada@example.com" })).await;
    assert_eq!((&said["bio"], &said["image"]), (&json!("mathematician"), &json!(image)));
    let said = change(visit, ada, json!({ "image": null })).await;
    assert_eq!((&said["bio"], &said["image"]), (&json!("mathematician"), &Value::Null));
    let said = change(visit, ada, json!({})).await;
    assert_eq!(said["username"], "ada");

    // A password is another's no longer, and tokens stay as they are.
    change(visit, ada, json!({ "password": "another word" })).await;
    visit.refused(login("ada@example.com", "ada's word"), 401, "body").await;
    visit.expect(login("ada@example.com", "another word"), 200).await;

    // Names and addresses move, and what they were is free again.
    let bob = visit.register("bob").await;
    for (field, taken) in [("username", "ada"), ("email", "ada@example.com")] {
        let why = visit.refused(by(&bob, update(json!({ field: taken }))), 422, field).await;
        assert_eq!(why, "has already been taken");
    }
    for field in ["username", "email", "password"] {
        visit.refused(by(&bob, update(json!({ field: "" }))), 422, field).await;
    }
    let said = change(visit, &bob, json!({ "username": "rob", "email": "rob@example.com" })).await;
    assert_eq!((&said["username"], &said["email"]), (&json!("rob"), &json!("rob@example.com")));
    visit.refused(get("/api/profiles/bob"), 404, "body").await;
    visit.expect(get("/api/profiles/rob"), 200).await;
    visit.expect(login("rob@example.com", "bob's word"), 200).await;
    visit.refused(login("bob@example.com", "bob's word"), 401, "body").await;
    visit.register("bob").await;
}

/// What the user is after this update.
async fn change(visit: &mut Visit, token: &str, user: Value) -> Value {
    let mut body = visit.expect(by(token, update(user)), 200).await;
    body["user"].take()
}

fn update(user: Value) -> Request {
    put("/api/user", &json!({ "user": user }))
}

fn login(email: &str, password: &str) -> Request {
    post("/api/users/login", &json!({ "user": { "email": email, "password": password } }))
}
