//! Tokens, on every way in.

use seam_gateway::{AuthSettings, Own};
use serde_json::{Value, json};

use super::support::{TokenKey, edge, edge_with, jwt, now};
use crate::push::pushes;
use crate::support::{Connection, get, request, settings};

/// Keys in a file, and who believes them.
fn believed(keys: &[&TokenKey]) -> (tempfile::TempDir, AuthSettings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, TokenKey::set(keys)).unwrap();
    let settings = jwt(path.to_str().unwrap());
    (folder, settings)
}

#[tokio::test]
async fn a_token_says_who_asks() {
    let key = TokenKey::new("a");
    let (_folder, settings) = believed(&[&key]);
    let (edge, accounts) = edge(settings);
    let over = json!({ "roles": ["support"], "org": { "id": 7 }, "secret": "x" });
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let head = format!("GET /api/me\nAuthorization: {scheme} {}", key.token(&over));
        let answer = request(&edge, &head, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let who: Value = serde_json::from_str(answer.json().as_str().unwrap()).unwrap();
        let expected = json!({
            "sub": "1",
            "iss": "https://id.test",
            "kind": "jwt",
            "roles": ["support"],
            "claims": { "org": { "id": 7 } },
        });
        assert_eq!(who, expected);
    }
    assert_eq!(accounts.asked(), 3);
    edge.stop(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn a_wrong_one_is_refused_on_every_way_in_and_nothing_runs() {
    let (key, other) = (TokenKey::new("a"), TokenKey::new("a"));
    let (_folder, settings) = believed(&[&key]);
    let (edge, accounts) = edge(settings);
    let now = now().as_secs();
    let right = key.token(&json!({}));
    let (head, signature) = right.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let forged = key.token(&json!({ "roles": ["support"] }));
    let admin = forged.split('.').nth(1).unwrap();
    let wrong: Vec<(&str, String)> = vec![
        ("expired", key.token(&json!({ "exp": now - 120 }))),
        ("not yet", key.token(&json!({ "nbf": now + 600 }))),
        ("aud", key.token(&json!({ "aud": "other" }))),
        ("iss", key.token(&json!({ "iss": "https://evil" }))),
        ("no exp", key.token(&json!({ "exp": null }))),
        ("no aud", key.token(&json!({ "aud": null }))),
        ("no iss", key.token(&json!({ "iss": null }))),
        ("no sub", key.token(&json!({ "sub": null }))),
        ("other key", other.token(&json!({}))),
        ("unknown kid", TokenKey::new("k9").token(&json!({}))),
        ("alg none", key.token_as(&json!({ "alg": "none", "kid": "a" }), &json!({}))),
        ("alg HS256", key.token_as(&json!({ "alg": "HS256", "kid": "a" }), &json!({}))),
        ("changed", format!("{header}.{admin}.{signature}")),
        ("cut", format!("{head}.")),
        ("garbage", "abc".into()),
        ("empty", String::new()),
        ("long", "a".repeat(9_000)),
    ];
    let mut credentials: Vec<(&str, String)> = wrong
        .into_iter()
        .map(|(name, token)| (name, format!("Authorization: Bearer {token}")))
        .collect();
    credentials.push(("basic", "Authorization: Basic YTpi".into()));
    credentials.push(("key", format!("X-Api-Key: {}", "0".repeat(43))));
    for (name, credential) in &credentials {
        for line in ["GET /api/account/1", "GET /api/me", "GET /tickets/1", "DELETE /api/session"] {
            let answer = request(&edge, &format!("{line}\n{credential}"), "").await;
            let problem = answer.problem();
            assert_eq!((problem.0, &*problem.1), (401, "invalid_credential"), "{line}, {name}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        for (line, kind, body) in [
            ("POST /api/account", "application/json", r#"{"name":"x"}"#),
            ("PUT /api/account/1", "application/json", r#"{"name":"x"}"#),
            ("POST /rpc/account/get", "application/json", r#"{"id":1}"#),
            ("POST /gateway", "application/x-www-form-urlencoded", "module=account&method=me"),
        ] {
            let head = format!("{line}\nContent-Type: {kind}\n{credential}");
            let problem = request(&edge, &head, body).await.problem();
            assert_eq!((problem.0, &*problem.1), (401, "invalid_credential"), "{line}, {name}");
        }
    }
    // What asks for no credential looks at none.
    for path in ["/healthz", "/readyz", "/errors", "/errors/denied"] {
        let head = format!("GET {path}\nAuthorization: Bearer abc");
        assert_eq!(request(&edge, &head, "").await.status, 200, "{path}");
    }
    assert_eq!(accounts.asked(), 0);
}

#[tokio::test]
async fn whose_an_argument_is_has_to_be_told() {
    let key = TokenKey::new("a");
    let (_folder, settings) = believed(&[&key]);
    let (edge, accounts) = edge(settings);
    let token = format!("Authorization: Bearer {}", key.token(&json!({})));
    let status = async |line: &str, body: &str| {
        let kind = if body.is_empty() { "" } else { "\nContent-Type: application/json" };
        request(&edge, &format!("{line}\n{token}{kind}"), body).await.status
    };
    assert_eq!(status("GET /api/accounts?id=1", "").await, 200);
    assert_eq!(status("POST /rpc/account/list", r#"{"id":1}"#).await, 200);
    for query in ["", "?id=2", "?id="] {
        assert_eq!(status(&format!("GET /api/accounts{query}"), "").await, 403, "{query}");
    }
    for body in ["{}", r#"{"id":null}"#, r#"{"id":2}"#, r#"{"id":[1]}"#] {
        assert_eq!(status("POST /rpc/account/list", body).await, 403, "{body}");
    }
    // What is wrong with them is said, where that is what is wrong.
    for body in [r#"{"id":1,"id":2}"#, r#"{"id":1,"x":2}"#, r#"[1]"#, "{"] {
        assert_eq!(status("POST /rpc/account/list", body).await, 400, "{body}");
    }
    assert_eq!(accounts.asked(), 2);
}

#[tokio::test]
async fn nobody_becomes_somebody_by_saying_so() {
    let key = TokenKey::new("a");
    let (_folder, settings) = believed(&[&key]);
    let (edge, accounts) = edge(settings);
    let says =
        "X-Seam-Principal: {\"sub\":\"1\",\"kind\":\"jwt\"}\nX-Forwarded-User: 1\nX-User-Id: 1";
    let answer = request(&edge, &format!("GET /api/account/1\n{says}"), "").await;
    assert_eq!(answer.problem().1, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(accounts.asked(), 0);
    let open =
        request(&edge, "POST /api/account\nContent-Type: application/json", "{\"name\":\"x\"}");
    assert_eq!(open.await.status, 200);
    let two = format!("GET /api/me\nX-Api-Key: k\nAuthorization: Bearer {}", key.token(&json!({})));
    assert_eq!(request(&edge, &two, "").await.problem().0, 400);
}

#[tokio::test]
async fn where_nobody_can_show_who_they_are_credentials_are_passed_over() {
    let (edge, _) = edge(AuthSettings::default());
    edge.settings()
        .set(seam_gateway::EdgeSettings { known: false, ..(**edge.settings().load()).clone() });
    let answer =
        request(&edge, "GET /api/account/1\nAuthorization: Basic YTpi\nX-Api-Key: k", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(get(&edge, "/api/account/1").await.status, 200);
}

#[tokio::test]
async fn what_is_pushed_ends_with_the_token() {
    let key = TokenKey::new("a");
    let (_folder, auth) = believed(&[&key]);
    let own = Own { pushes: pushes(), ..Own::default() };
    let (edge, _) = edge_with(auth, settings(), own);
    // Clocks may be apart by 30 s.
    let token = key.token(&json!({ "exp": now().as_secs() - 28 }));
    let head = format!("GET /push HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut connection = Connection::to(edge.address()).await;
    connection.send(head).await;
    assert_eq!(connection.head().await.unwrap().status, 200);
    assert!(connection.until("0\r\n\r\n").await.is_some(), "it comes to its end");
    let head = format!("GET /push\nAuthorization: Bearer {token}");
    assert_eq!(request(&edge, &head, "").await.status, 401);
}
