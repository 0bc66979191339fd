//! What was done is written down.

use std::time::Duration;

use seam_admin::Role;
use serde_json::{Value, json};

use crate::support::{SCRIPT, Stage, VIEWER, bearer};

async fn audit(stage: &Stage) -> Vec<Value> {
    let answer = stage.get("/api/audit", VIEWER).await;
    answer.json()["audit"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_act_is_an_entry_with_all_that_is_known() {
    let stage = Stage::new();
    assert!(audit(&stage).await.is_empty());
    stage.post("/api/move", SCRIPT, r#"{"service":"payment","unit":"front"}"#).await;
    stage.post("/api/drain", SCRIPT, r#"{"unit":"nobody"}"#).await;
    let (cookie, origin) = (stage.cookie(Role::Operator).await, stage.origin());
    let headers = [&*cookie, &*origin, "content-type: application/json"];
    let body = r#"{"key":"log.level","value":"debug","for":"10m"}"#;
    assert_eq!(stage.ask("POST", "/api/set", &headers, body).await.status, 200);
    let secret = r#"{"call":"user.create","arguments":{"password":"hunter2"}}"#;
    assert_eq!(stage.post("/api/call", SCRIPT, secret).await.status, 200);
    let mut audit = audit(&stage).await;
    for entry in &mut audit {
        let at = entry["at"].take();
        let at = at.as_str().unwrap();
        assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    }
    let entry = |who: &str, action: &str, target: &str, old: Value, new: Value, result: &str| {
        json!({
            "at": null, "who": who, "role": "operator", "action": action, "target": target,
            "old": old, "new": new, "result": result,
        })
    };
    let none = Value::Null;
    let set = json!({ "value": "debug", "for": "10m" });
    let expected = [
        entry("deploy", "move", "payment", json!("pay"), json!("front"), "done"),
        entry(
            "deploy",
            "drain",
            "nobody",
            none.clone(),
            none.clone(),
            "not_found: there is no unit `nobody`",
        ),
        entry("ada", "set", "log.level", none.clone(), set, "done"),
        entry("deploy", "call", "user.create", none.clone(), none, "done"),
    ];
    assert_eq!(audit, expected);
    let file = std::fs::read_to_string(stage.data.path().join("audit.jsonl")).unwrap();
    assert_eq!(file.lines().count(), 4);
    assert!(!file.contains("hunter2") && !file.contains(SCRIPT));
    let one = stage.get("/api/audit?limit=1", VIEWER).await.json();
    assert_eq!(one["audit"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_begun_is_done_if_nobody_waits_for_it() {
    let stage = Stage::new();
    let body = r#"{"unit":"slow"}"#;
    let mut connection = stage.connect().await;
    let head = format!(
        "POST /api/drain HTTP/1.1\r\nhost: localhost\r\n{}\r\ncontent-length: {}\r\n\r\n{body}",
        bearer(SCRIPT),
        body.len()
    );
    connection.send(head).await;
    while stage.acts().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(connection);
    while audit(&stage).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(stage.acts(), ["drain", "drained"]);
}

#[tokio::test]
async fn nothing_is_done_that_can_not_be_written_down() {
    let stage = Stage::new();
    std::fs::create_dir(stage.data.path().join("audit.jsonl")).unwrap();
    let answer = stage.post("/api/reload", SCRIPT, "").await;
    assert_eq!(answer.problem(), (503, "unavailable".into()));
    assert!(stage.acts().is_empty());
}
