//! A service that a topology leaves to workers in other languages: called as any other.

use seam::outcome::NotExecuted;
use seam::prelude::*;
use serde_json::{Value, json};

use super::places::Place;
use super::services::TillError;
use crate::support::foreign::Foreign;

/// The ledger, as somebody else has written it.
fn ledger(asked: Value) -> Result<Value, Value> {
    let arguments: Value = serde_json::from_str(asked["bizContent"].as_str().unwrap()).unwrap();
    match (asked["method"].as_str().unwrap(), &arguments["number"]) {
        ("enter", number) if *number == 13 => {
            Err(json!({ "code": "bad", "message": "no", "status": 422, "number": 13 }))
        }
        ("enter", number) if *number == 14 => {
            Err(json!({ "code": "moon", "message": "it is full", "status": 409 }))
        }
        ("enter", number) => Ok(json!(number.as_u64().unwrap() + 1_000)),
        (method, _) => Err(json!({ "code": "not_found", "message": method, "status": 404 })),
    }
}

#[tokio::test]
async fn a_service_may_be_somebody_elses() {
    let Some(place) = Place::foreign().await else { return };
    let away = place.ledger.enter(7).await.unwrap_err();
    assert!(matches!(away, CallError::NotExecuted(NotExecuted::Unavailable { .. })), "{away}");
    let noting = place.till.note("later".into(), 8).await.unwrap();
    assert_eq!(noting.len(), 32, "it is kept until somebody serves it");

    let worker = Foreign::connect(place.url()).await;
    worker.serve("server_ledger_1.0", ledger).await;
    assert_eq!(place.till.noted("later".into(), 8).await.unwrap(), 1_008);
    assert_eq!(place.ledger.enter(7).await.unwrap(), 1_007);
    let refused = place.till.noted("bad".into(), 13).await.unwrap_err();
    assert_eq!(refused, CallError::Service(TillError::Refused { number: 13 }), "its own error");
    let strange = place.ledger.enter(14).await.unwrap_err();
    assert!(strange.unknown() && strange.to_string().contains("moon"), "{strange}");
    place.close().await;
}

#[tokio::test]
async fn others_may_call_what_is_public() {
    let Some(place) = Place::queued().await else { return };
    let caller = Foreign::connect(place.url()).await;
    let ask = async |body: Value| caller.ask("server_ledger_1.0", &body).await;
    assert_eq!(ask(json!({ "method": "Ledger.PaidOut" })).await, (false, json!([])));
    for (body, code, status) in [
        (json!({ "method": "enter", "bizContent": "{\"number\": 1}" }), "denied", 403),
        (json!({ "method": "no_such" }), "not_found", 404),
        (json!({ "method": "paid_out", "bizContent": "{\"x\": 1}" }), "bad_request", 400),
        (json!({ "bizContent": "{}" }), "bad_request", 400),
    ] {
        let (is_error, said) = ask(body.clone()).await;
        assert!(is_error, "{body}");
        assert_eq!((&said["code"], &said["status"]), (&json!(code), &json!(status)), "{said}");
        assert!(said["message"].is_string() && said.get("failure").is_none(), "{said}");
    }
    place.close().await;
}
