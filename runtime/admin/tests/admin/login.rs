//! Links that log a browser in.

use std::time::Duration;

use seam_admin::Role;

use crate::support::Stage;

#[tokio::test]
async fn a_link_logs_in_once() {
    let stage = Stage::new();
    let link = stage.link(Role::Operator, Duration::ZERO);
    let answer = stage.ask("GET", &link, &[], "").await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie").unwrap();
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = format!("cookie: {}", cookie.split(';').next().unwrap());
    let me = stage.ask("GET", "/api/me", &[&cookie], "").await;
    assert_eq!(me.body, r#"{"who":"ada","role":"operator"}"#);
    let again = stage.ask("GET", &link, &[], "").await;
    assert_eq!(again.problem(), (401, "invalid_credential".into()));
    assert!(again.header("set-cookie").is_none());
}

#[tokio::test]
async fn an_old_or_forged_link_logs_nobody_in() {
    let stage = Stage::new();
    let old = stage.link(Role::Operator, Duration::from_secs(30));
    let raised = stage.link(Role::Viewer, Duration::ZERO).replace("viewer", "operator");
    let of_another = Stage::new().link(Role::Operator, Duration::ZERO);
    for link in [&*old, &*raised, &*of_another, "/?login=", "/?login=x.y"] {
        let answer = stage.ask("GET", link, &[], "").await;
        assert_eq!(answer.problem(), (401, "invalid_credential".into()), "{link}");
        assert!(answer.header("set-cookie").is_none());
    }
}

#[tokio::test]
async fn looking_whether_a_link_is_there_does_not_use_it() {
    let stage = Stage::new();
    let link = stage.link(Role::Viewer, Duration::ZERO);
    assert_eq!(stage.ask("HEAD", &link, &[], "").await.status, 401);
    assert_eq!(stage.ask("POST", &link, &[], "").await.status, 401);
    assert_eq!(stage.ask("GET", &link, &[], "").await.status, 200);
}
