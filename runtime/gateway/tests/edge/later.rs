//! Calls that are made later: `Prefer: respond-async`, by every way in.

use std::sync::Arc;

use seam_core::call::Client;
use seam_gateway::{Edge, EdgeSettings, KeepError, Own, Progress, TicketId};
use serde_json::{Value, json};

use crate::support::{
    Answer, Connection, Drawer, Ready, TillContract, TillService, edge, get, request, settings,
    till,
};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// The ways in to one call, with their bodies.
fn ways() -> [(String, &'static str, &'static str); 4] {
    let rpc = r#"{"account":7,"cents":250}"#;
    let form = r#"module=Till&version=1.0&method=Till.Charge&bizContent={"account":7,"cents":250}"#;
    [
        ("POST /api/account/7/charge".into(), r#"{"cents": 250}"#, "route"),
        ("PUT /api/account/7/charge".into(), r#"{"cents":250}"#, "route"),
        ("POST /rpc/till/charge".into(), rpc, "rpc"),
        (format!("POST /gateway\n{FORM}"), form, "form"),
    ]
}

/// Asks for something to be done later.
async fn later(edge: &Edge, head: &str, body: &str) -> Answer {
    let head = head.replacen('\n', "\nPrefer: respond-async\n", 1);
    let head = match head.contains('\n') {
        true => head,
        false => format!("{head}\nPrefer: respond-async"),
    };
    request(edge, &head, body).await
}

/// The id of the ticket of an answer, after a look at the rest of it.
fn ticket(answer: &Answer) -> TicketId {
    assert_eq!((answer.status, answer.header("content-type")), (202, Some("application/json")));
    assert_eq!(answer.header("preference-applied"), Some("respond-async"));
    let body = answer.json();
    let id = body["ticket"].as_str().unwrap();
    assert_eq!(answer.header("location"), Some(&*format!("/tickets/{id}")));
    TicketId::parse(id).unwrap()
}

fn arguments(drawer: &Drawer) -> Value {
    serde_json::from_slice(&drawer.orders().last().unwrap().arguments).unwrap()
}

#[tokio::test]
async fn a_call_is_kept_by_every_way_in() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    for (head, body, way) in ways() {
        let answer = later(&edge, &head, body).await;
        let id = ticket(&answer);
        let expected = json!({
            "ticket": id.to_string(),
            "service": "till",
            "method": "charge",
            "state": "pending",
            "attempts": 0,
            "createdAt": "2026-11-28T05:27:29.070Z",
        });
        assert_eq!(answer.json(), expected, "{way}");
        let order = drawer.orders().pop().unwrap();
        assert_eq!((order.id, &*order.service, &*order.method), (id, "till", "charge"));
        assert_eq!(order.key, None);
        // Without a key the argument that is one is the ticket's id.
        let filled = json!({ "account": 7, "cents": 250, "labels": null, "key": id.to_string() });
        assert_eq!(arguments(&drawer), filled, "{way}");
        let request_id = order.trace.trace.to_string();
        assert_eq!(answer.header("x-request-id"), Some(&*request_id));
    }
    assert_eq!(drawer.orders().len(), 4);
}

#[tokio::test]
async fn the_header_is_the_key_of_the_call_and_of_its_argument() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let mut first = None;
    for (head, body, way) in ways() {
        let keyed = format!("{head}\nIdempotency-Key:  k\"1 \u{e9} ");
        let id = ticket(&later(&edge, &keyed, body).await);
        // In whatever words it comes: the same key is the same ticket.
        assert_eq!(id, *first.get_or_insert(id), "{way}");
    }
    let orders = drawer.orders();
    assert_eq!((orders.len(), orders[0].key.as_deref()), (1, Some("k\"1 \u{e9}")));
    assert_eq!(arguments(&drawer)["key"], "k\"1 \u{e9}");
    for (head, body, way) in ways() {
        let keyed = format!("{head}\nIdempotency-Key: k\"1 \u{e9}");
        let other = later(&edge, &keyed, &body.replace("250", "251")).await;
        let expected = (422, "idempotency_key_reused".into(), "not_executed".into());
        assert_eq!(other.problem(), expected, "{way}");
    }
    let another = later(&edge, "POST /rpc/till/charge\nIdempotency-Key: two", ways()[2].1).await;
    assert_ne!(Some(ticket(&another)), first);
}

#[tokio::test]
async fn the_same_key_is_the_same_ticket_when_it_has_ended() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let head = "POST /api/account/7/charge\nIdempotency-Key: one";
    let id = ticket(&later(&edge, head, r#"{"cents":1}"#).await);
    drawer.end(Progress::Done(b"1".into()));
    let again = later(&edge, head, r#"{"cents":1}"#).await;
    assert_eq!(ticket(&again), id);
    let ticket = again.json();
    assert_eq!((&ticket["state"], &ticket["attempts"]), (&json!("done"), &json!(1)));
    assert_eq!(ticket["result"], 1);
    let at_its_place = get(&edge, again.header("location").unwrap()).await;
    assert_eq!((at_its_place.status, at_its_place.json()), (200, ticket));
    drawer.lose(seam_gateway::FindError::Expired);
    let expired = later(&edge, head, r#"{"cents":1}"#).await;
    assert_eq!(expired.problem(), (410, "ticket_expired".into(), "unknown".into()));
}

#[tokio::test]
async fn equal_arguments_are_equal_in_any_words() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let head = "POST /api/account/7/charge\nIdempotency-Key: one";
    let mut first = None;
    for body in [
        r#"{"cents":1,"labels":{"a":"\u0062","c":"d"}}"#,
        " { \"labels\" : {\"c\":\"d\", \"\\u0061\":\"b\"} , \"cents\" : 1 } ",
    ] {
        let id = ticket(&later(&edge, head, body).await);
        assert_eq!(id, *first.get_or_insert(id));
    }
    let other = later(&edge, head, r#"{"cents":1,"labels":{"a":"b"}}"#).await;
    assert_eq!(other.problem().1, "idempotency_key_reused");
    let method = later(&edge, "DELETE /api/account/7/charge\nIdempotency-Key: one", "").await;
    assert_eq!(method.problem().0, 400, "`one` is no number");
    let method = later(&edge, "POST /api/close\nIdempotency-Key: one", "").await;
    assert_eq!(method.problem().1, "idempotency_key_reused", "it is another method");
}

#[tokio::test]
async fn an_argument_that_is_there_stays() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let rpc = |key: &str| format!(r#"{{"account":7,"cents":250,"key":{key}}}"#);
    ticket(&later(&edge, "POST /rpc/till/charge", &rpc("\"mine\"")).await);
    assert_eq!(arguments(&drawer)["key"], "mine");
    assert_eq!(drawer.orders()[0].key, None, "it isn't the ticket's");
    let id = ticket(&later(&edge, "POST /rpc/till/charge", &rpc("null")).await);
    assert_eq!(arguments(&drawer)["key"], id.to_string());
    // An id is no number, and so it isn't given in place of one.
    ticket(&later(&edge, "DELETE /api/account/7/charge", "").await);
    assert_eq!(arguments(&drawer), json!({ "account": 7, "nonce": null }));
    ticket(&later(&edge, "DELETE /api/account/7/charge\nIdempotency-Key: 5", "").await);
    assert_eq!(arguments(&drawer)["nonce"], 5);
    ticket(&later(&edge, "POST /api/close", "").await);
    assert_eq!(arguments(&drawer), json!({}));
}

#[tokio::test]
async fn what_would_be_refused_is_refused_at_once() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    for (head, body, expected) in [
        ("POST /api/account/x/charge", r#"{"cents":1}"#, (400, "bad_request")),
        ("POST /api/account/7/charge", "", (400, "bad_request")),
        ("POST /api/account/7/charge", "{", (400, "bad_request")),
        ("POST /api/account/7/charge", r#"{"cents":-1}"#, (400, "bad_request")),
        ("POST /api/account/7/charge", r#"{"cents":1,"x":1}"#, (400, "bad_request")),
        ("POST /api/account/7/charge?x=1", r#"{"cents":1}"#, (400, "bad_request")),
        ("POST /api/close", "[1]", (400, "bad_request")),
        ("POST /rpc/till/charge", r#"{"account":7}"#, (400, "bad_request")),
        ("POST /rpc/till/charge", r#"{"account":7,"cents":"1"}"#, (400, "bad_request")),
        ("POST /rpc/till/close", "{}", (403, "denied")),
        ("POST /rpc/shelf/secret", "{}", (403, "denied")),
        ("POST /rpc/till/nothing", "{}", (404, "not_found")),
        ("POST /rpc/nobody/charge", "{}", (404, "not_found")),
        ("POST /api/nothing", "{}", (404, "not_found")),
        ("POST /healthz", "", (405, "method_not_allowed")),
        ("POST /api/close\nContent-Type: text/plain", "{}", (415, "unsupported_media_type")),
        ("POST /api/close\nIdempotency-Key: a\nIdempotency-Key: a", "", (400, "bad_request")),
        ("POST /api/close\nIdempotency-Key:", "", (400, "bad_request")),
        ("POST /api/close\nIdempotency-Key:  \t ", "", (400, "bad_request")),
        ("POST /api/close\nIdempotency-Key: a\tb", "", (400, "bad_request")),
        (
            &format!("POST /api/close\nIdempotency-Key: {}", "k".repeat(256)),
            "",
            (400, "bad_request"),
        ),
        (&format!("POST /gateway\n{FORM}"), "module=till&method=close", (403, "denied")),
        (
            &format!("POST /gateway\n{FORM}"),
            "module=till&method=charge&bizContent={}",
            (400, "bad_request"),
        ),
        (
            &format!("POST /gateway\n{FORM}"),
            "module=till&method=charge&version=2.0",
            (502, "incompatible"),
        ),
    ] {
        let answer = later(&edge, head, body).await;
        let (status, code) = expected;
        assert_eq!(answer.problem(), (status, code.into(), "not_executed".into()), "{head} {body}");
        assert_eq!(answer.header("preference-applied"), None);
    }
    assert!(drawer.orders().is_empty());
    let longest = format!("POST /api/close\nIdempotency-Key: {}", "k".repeat(255));
    ticket(&later(&edge, &longest, "").await);
}

#[tokio::test]
async fn a_refusal_is_said_as_for_a_call_that_is_made() {
    let edge = till(&Drawer::new());
    for body in [r#"{"cents":-1}"#, r#"{"cents":1,"labels":{"a":"b","a":"c"}}"#, r#"{"cent":1}"#] {
        let head = "POST /api/account/7/charge\nIdempotency-Key: one";
        let (now, kept) = (request(&edge, head, body).await, later(&edge, head, body).await);
        assert_eq!(now.json()["detail"], kept.json()["detail"]);
    }
}

#[tokio::test]
async fn the_preference_is_read_as_the_standard_has_it() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    for prefer in [
        "Prefer: respond-async",
        "prefer: Respond-Async",
        "Prefer: respond-async; x=\"a, b\"",
        "Prefer: return=minimal, respond-async",
        "Prefer: return=minimal\nPrefer: respond-async",
        "Prefer: respond-async, wait=10",
        "Prefer: wait=10, respond-async, respond-async",
    ] {
        ticket(&request(&edge, &format!("POST /api/close\n{prefer}"), "").await);
    }
    for prefer in ["x: y", "Prefer: wait=10", "Prefer: x=\"respond-async\"", "Prefer:"] {
        let made = request(&edge, &format!("POST /api/close\n{prefer}"), "").await;
        assert_eq!((made.status, &*made.body), (200, "null"), "{prefer}");
        assert_eq!(made.header("preference-applied"), None, "{prefer}");
    }
}

#[tokio::test]
async fn what_only_reads_is_made_at_once() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let read = later(&edge, "GET /api/account/7", "").await;
    assert_eq!((read.status, read.json()), (200, json!(null)), "and no key is made up");
    assert_eq!(read.header("preference-applied"), None);
    let mut connection = Connection::to(edge.address()).await;
    let head = "HEAD /api/account/7 HTTP/1.1\r\nHost: t\r\nPrefer: respond-async\r\n\r\n";
    connection.send(head).await;
    assert_eq!(connection.head().await.unwrap().status, 200);
    for path in ["/healthz", "/errors", "/errors/cycle"] {
        assert_eq!(later(&edge, &format!("GET {path}"), "").await.status, 200);
    }
    let allowed = later(&edge, "OPTIONS /api/close", "").await;
    assert_eq!((allowed.status, allowed.header("allow")), (204, Some("POST, OPTIONS")));
    assert!(drawer.orders().is_empty());
    // By name it is a POST, and kept.
    ticket(&later(&edge, "POST /rpc/till/charged", r#"{"account":7}"#).await);
}

#[tokio::test]
async fn where_nobody_keeps_calls_they_are_made_at_once() {
    let edge = edge();
    let made = later(&edge, "POST /rpc/shelf/book", r#"{"id":5}"#).await;
    assert_eq!((made.status, &made.json()["id"]), (200, &json!(5)));
    assert_eq!((made.header("preference-applied"), made.header("location")), (None, None));
    let none = get(&edge, &format!("/tickets/{}", TicketId::new(7))).await;
    assert_eq!(none.problem(), (404, "ticket_not_found".into(), "unknown".into()));
}

#[tokio::test]
async fn who_cannot_keep_a_call_says_so() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let why = || "/var/lib is full".to_owned();
    for (refusal, expected, retry) in [
        (KeepError::TooLarge { limit: 65_536 }, (413, "too_large", "not_executed"), None),
        (KeepError::Unavailable { why: why() }, (503, "unavailable", "not_executed"), Some("1")),
        (KeepError::Unknown { why: why() }, (503, "maybe_kept", "unknown"), Some("1")),
        (KeepError::KeyReused, (422, "idempotency_key_reused", "not_executed"), None),
        (KeepError::Expired, (410, "ticket_expired", "unknown"), None),
    ] {
        drawer.refuse(refusal);
        let answer = later(&edge, "POST /api/close", "").await;
        let (status, code, outcome) = expected;
        assert_eq!(answer.problem(), (status, code.into(), outcome.into()));
        assert_eq!(answer.header("retry-after"), retry);
        assert!(!answer.body.contains("/var/lib"), "{answer:?}");
        assert_eq!(get(&edge, &format!("/errors/{code}")).await.status, 200);
    }
}

#[tokio::test]
async fn who_takes_too_long_may_have_kept_it() {
    let mut stuck = Drawer::new();
    stuck.stuck = true;
    let own = Own { tickets: Some(Arc::new(stuck)), ..Own::default() };
    let settings = EdgeSettings { deadline: std::time::Duration::from_millis(200), ..settings() };
    let till = Arc::new(Client::<TillContract>::local(TillService).unwrap());
    let edge = Edge::bind_with(settings, vec![till], Arc::new(Ready), own).unwrap();
    let answer = later(&edge, "POST /api/close", "").await;
    assert_eq!(answer.problem(), (504, "deadline_exceeded".into(), "unknown".into()));
    let ticket = get(&edge, &format!("/tickets/{}", TicketId::new(7))).await;
    assert_eq!(ticket.problem(), (504, "deadline_exceeded".into(), "not_executed".into()));
}
