//! Sessions: begun by a method, good at every edge, ended everywhere.

use std::sync::Arc;
use std::time::Duration;

use seam_core::time::Clock;
use seam_gateway::{
    Alone, AuthSettings, Cors, Edge, EdgeLimits, EdgeSettings, Own, SessionSettings, Together,
    WebSettings,
};
use serde_json::json;

use super::support::{Accounts, edge, edge_with};
use crate::support::{Answer, json as post, request, settings};

fn sessions() -> AuthSettings {
    let (idle, max) = (Duration::from_secs(60), Duration::from_secs(600));
    let session = SessionSettings { key: [7; 32], idle, max };
    AuthSettings { session: Some(session), ..AuthSettings::default() }
}

/// Two edges that know of each other.
fn two() -> [(Edge, Accounts); 2] {
    let together: Arc<dyn Together> = Arc::new(Alone::new(Clock::fast()));
    [(), ()].map(|()| {
        let own = Own { together: Some(Arc::clone(&together)), ..Own::default() };
        let cors = Cors { origins: vec!["https://app.test".into()], ..Cors::default() };
        let web = WebSettings { cors, ..WebSettings::default() }.into();
        edge_with(sessions(), EdgeSettings { web, ..settings() }, own)
    })
}

/// Signs in, and says what the cookie is.
async fn sign_in(edge: &Edge) -> String {
    let answer = post(edge, "/api/session", r#"{"name":"ada"}"#).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json(), json!({ "subject": "1", "roles": ["buyer"] }));
    let cookie = answer.header("set-cookie").unwrap();
    let (value, rest) = cookie.split_once("; ").unwrap();
    assert!(value.starts_with("seam_session=") && !value.contains("acme"));
    assert_eq!(rest, "Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    value.to_owned()
}

async fn with(edge: &Edge, line: &str, headers: &[&str], body: &str) -> Answer {
    request(edge, &format!("{line}\n{}", headers.join("\n")), body).await
}

#[tokio::test]
async fn a_session_is_good_at_every_edge_until_it_is_ended() {
    let [(a, _), (b, _)] = two();
    let cookie = format!("Cookie: x=y; {}", sign_in(&a).await);
    let me = with(&b, "GET /api/me", &[&cookie], "").await;
    let who = r#"{"sub":"1","kind":"session","roles":["buyer"],"claims":{"org":"acme"}}"#;
    assert_eq!(me.json(), who);
    assert_eq!(me.header("set-cookie"), None);
    assert_eq!(with(&b, "GET /api/account/1", &[&cookie], "").await.status, 200);
    assert_eq!(with(&b, "GET /api/account/2", &[&cookie], "").await.problem().0, 403);
    let other = sign_in(&b).await;
    let out = with(&b, "DELETE /api/session", &[&cookie], "").await;
    assert_eq!(out.status, 204);
    let taken = "seam_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
    assert_eq!(out.header("set-cookie"), Some(taken));
    for edge in [&a, &b] {
        let answer = with(edge, "GET /api/me", &[&cookie], "").await;
        assert_eq!(answer.problem().1, "invalid_credential");
        assert_eq!(answer.header("set-cookie"), Some(taken));
        let answer = with(edge, "GET /api/me", &[&format!("Cookie: {other}")], "").await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn who_cant_sign_in_gets_no_cookie() {
    let (a, _) = edge(sessions());
    let answer = post(&a, "/api/session", r#"{"name":"eve"}"#).await;
    assert_eq!((answer.problem().1.as_str(), answer.header("set-cookie")), ("wrong_name", None));
    let (none, accounts) = edge(AuthSettings::default());
    let answer = post(&none, "/api/session", r#"{"name":"ada"}"#).await;
    assert_eq!(answer.problem().0, 404);
    assert_eq!(accounts.asked(), 0);
}

#[tokio::test]
async fn who_cant_sign_in_may_not_try_for_ever() {
    let limits = EdgeLimits { failures: "3/1h".parse().ok(), ..EdgeLimits::default() };
    let (a, accounts) =
        edge_with(sessions(), EdgeSettings { limits, ..settings() }, Own::default());
    let cookie = format!("Cookie: {}", sign_in(&a).await);
    for path in ["/api/session", "/rpc/account/sign_in", "/api/session"] {
        assert_eq!(post(&a, path, r#"{"name":"eve"}"#).await.problem().1, "wrong_name");
    }
    for name in ["eve", "ada"] {
        let answer = post(&a, "/api/session", &format!(r#"{{"name":"{name}"}}"#)).await;
        assert_eq!(answer.problem(), (429, "rate_limited".into(), "not_executed".into()));
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(accounts.asked(), 4);
    assert_eq!(with(&a, "GET /api/me", &[&cookie], "").await.status, 429);
    assert_eq!(post(&a, "/api/account", r#"{"name":"x"}"#).await.status, 200);
}

#[tokio::test]
async fn what_is_left_of_an_old_session_shuts_nobody_out_of_a_new_one() {
    let (a, accounts) = edge(sessions());
    for old in ["abc", "AQ", &"A".repeat(9_000), "x=y", "\"\""] {
        let cookie = format!("Cookie: seam_session={old}");
        let answer = with(&a, "GET /api/me", &[&cookie], "").await;
        assert_eq!(answer.problem().1, "invalid_credential", "{old}");
        let head = ["Content-Type: application/json", &cookie];
        let answer = with(&a, "POST /api/session", &head, r#"{"name":"ada"}"#).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let answer = with(&a, "POST /api/account", &head, r#"{"name":"x"}"#).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("set-cookie").unwrap().starts_with("seam_session=; "));
    }
    assert_eq!(accounts.asked(), 10);
    let answer = with(&a, "GET /api/me", &["Cookie: seam_session="], "").await;
    assert_eq!(answer.problem().1, "unauthenticated");
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let [(a, accounts), _] = two();
    let cookie = format!("Cookie: {}", sign_in(&a).await);
    let json = "Content-Type: application/json";
    let put = |headers: Vec<&'static str>| {
        let headers: Vec<String> =
            headers.into_iter().map(str::to_owned).chain([cookie.clone()]).collect();
        let a = &a;
        async move {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            with(a, "PUT /api/account/1", &headers, r#"{"name":"x"}"#).await
        }
    };
    for headers in [
        vec![json],
        vec![json, "Origin: http://test"],
        vec![json, "Origin: https://app.test"],
        vec![json, "Sec-Fetch-Site: same-origin"],
    ] {
        assert_eq!(put(headers.clone()).await.status, 200, "{headers:?}");
    }
    let asked = accounts.asked();
    for headers in [
        vec![json, "Origin: https://evil.test"],
        vec![json, "Origin: https://test"],
        vec![json, "Origin: null"],
        vec![json, "Sec-Fetch-Site: cross-site"],
    ] {
        assert_eq!(put(headers.clone()).await.problem().1, "cross_origin", "{headers:?}");
    }
    assert_eq!(put(vec![]).await.problem().0, 415);
    assert_eq!(put(vec!["Content-Type: text/plain"]).await.problem().0, 415);
    let form = ["Content-Type: application/x-www-form-urlencoded", &cookie];
    let answer = with(&a, "POST /gateway", &form, "module=account&method=me").await;
    assert_eq!(answer.problem().0, 415);
    assert_eq!(accounts.asked(), asked);
    let read = with(&a, "GET /api/me", &["Origin: https://evil.test", &cookie], "").await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn a_session_begins_now_whatever_its_client_would_rather_have() {
    let (a, _) = edge(sessions());
    let head = ["Content-Type: application/json", "Prefer: respond-async"];
    let answer = with(&a, "POST /api/session", &head, r#"{"name":"ada"}"#).await;
    assert_eq!(answer.status, 201);
    let rpc = post(&a, "/rpc/account/sign_in", r#"{"name":"ada"}"#).await;
    assert_eq!((rpc.status, rpc.header("set-cookie").is_some()), (200, true));
}
