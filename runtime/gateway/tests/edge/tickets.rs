//! `GET /tickets/{id}`: what has become of a call that was kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seam_core::call::Client;
use seam_core::name::ServiceId;
use seam_core::outcome::{CallError, InnerError, NotExecuted, Unknown};
use seam_gateway::{Edge, EdgeError, EdgeSettings, FindError, Own, Progress, TicketId};
use serde_json::json;

use crate::support::{
    Connection, Drawer, Ready, TillContract, TillService, get, request, settings, shelf, till,
};

/// Has a call kept, and says where its ticket is.
async fn kept(edge: &Edge) -> String {
    let answer = request(edge, "POST /api/close\nPrefer: respond-async", "").await;
    answer.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_tells_how_far_its_call_is() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let place = kept(&edge).await;
    let pending = get(&edge, &place).await;
    assert_eq!((pending.status, pending.header("content-type")), (202, Some("application/json")));
    let id = place.strip_prefix("/tickets/").unwrap();
    let expected = json!({
        "ticket": id, "service": "till", "method": "close", "state": "pending", "attempts": 0,
        "createdAt": "2026-11-28T05:27:29.070Z",
    });
    assert_eq!(pending.json(), expected);
    for name in ["location", "preference-applied"] {
        assert_eq!(pending.header(name), None);
    }
    drawer.end(Progress::Done(br#"{"a":1.50,"b":null}"#.into()));
    let done = get(&edge, &place).await;
    let body = done.json();
    assert_eq!((done.status, &body["state"], &body["attempts"]), (200, &json!("done"), &json!(1)));
    assert!(done.body.ends_with(r#""result":{"a":1.50,"b":null}}"#), "{}", done.body);
    assert_eq!(body.get("error"), None);
    drawer.end(Progress::Done(b"null".into()));
    assert_eq!(get(&edge, &place).await.json()["result"], json!(null));
    assert!(get(&edge, &place).await.body.ends_with(r#""result":null}"#));
    let mut connection = Connection::to(edge.address()).await;
    connection.send(format!("HEAD {place} HTTP/1.1\r\nHost: t\r\n\r\n")).await;
    assert_eq!(connection.head().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_ticket_that_failed_has_the_problem_that_the_edge_answers() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let place = kept(&edge).await;
    let id = ServiceId::of("till").unwrap();
    let (service, method) = ("bank".into(), "move".into());
    let inner = InnerError { service, method, cause: "secret".into() };
    let denied = NotExecuted::Denied { why: "secret".into() };
    for (error, status, code, outcome) in [
        (CallError::NotExecuted(denied), 403, "denied", "not_executed"),
        (CallError::Unknown(Unknown::Panicked), 500, "panicked", "unknown"),
        (CallError::Unknown(Unknown::Inner(inner)), 503, "inner", "unknown"),
    ] {
        let problem = seam_gateway::public_problem(error, id.name(), "abc", "/errors/");
        drawer.end(Progress::Failed(problem.to_string().into_bytes()));
        let failed = get(&edge, &place).await;
        let body = failed.json();
        assert_eq!((failed.status, &body["state"]), (200, &json!("failed")));
        assert_eq!(body.get("result"), None);
        let error = &body["error"];
        assert_eq!((&error["status"], &error["code"]), (&json!(status), &json!(code)));
        assert_eq!((&error["outcome"], &error["requestId"]), (&json!(outcome), &json!("abc")));
        assert_eq!(error["type"], format!("/errors/{code}"));
        assert!(
            !failed.body.contains("secret") && !failed.body.contains("bank"),
            "{}",
            failed.body
        );
    }
}

#[tokio::test]
async fn what_is_no_ticket_is_not_found() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let place = kept(&edge).await;
    let other = TicketId::new(7).to_string();
    for none in [
        &*other,
        "",
        "0",
        "x",
        &place["/tickets/".len() + 1..],
        &format!("{other}0"),
        &"0".repeat(5000),
        &"ABCDEF".repeat(6)[..32],
        "%20",
        "%C3%A9",
        "-1",
        "..a",
    ] {
        for wait in ["", "\nPrefer: wait=10"] {
            let answer = request(&edge, &format!("GET /tickets/{none}{wait}"), "").await;
            let expected = (404, "ticket_not_found".into(), "unknown".into());
            assert_eq!(answer.problem(), expected, "{none}");
        }
    }
    assert_eq!(get(&edge, &place.to_uppercase().replace("/TICKETS", "/tickets")).await.status, 404);
    assert_eq!(get(&edge, &place.replace("/tickets/", "/tickets/%30")).await.status, 404);
    assert_eq!(get(&edge, &place).await.status, 202);
    // As with any path: it is this one and no other, and it knows its verbs.
    assert_eq!(get(&edge, "/tickets").await.problem().1, "not_found");
    assert_eq!(get(&edge, &format!("{place}/x")).await.problem().1, "not_found");
    assert_eq!(get(&edge, &format!("{place}?x=1")).await.problem().0, 400);
    let posted = request(&edge, &format!("POST {place}\nPrefer: respond-async"), "").await;
    let allow = Some("GET, HEAD, OPTIONS");
    assert_eq!((posted.problem().0, posted.header("allow")), (405, allow));
}

#[tokio::test]
async fn a_ticket_may_be_gone_or_out_of_reach() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let place = kept(&edge).await;
    drawer.lose(FindError::Expired);
    let expired = get(&edge, &place).await;
    assert_eq!(expired.problem(), (410, "ticket_expired".into(), "unknown".into()));
    drawer.lose(FindError::Unavailable { why: "/var/lib is gone".into() });
    let away = get(&edge, &place).await;
    assert_eq!(away.problem(), (503, "unavailable".into(), "not_executed".into()));
    assert_eq!(away.header("retry-after"), Some("1"));
    assert!(!away.body.contains("/var/lib"));
    for code in ["ticket_not_found", "ticket_expired"] {
        assert_eq!(get(&edge, &format!("/errors/{code}")).await.status, 200);
    }
}

#[tokio::test]
async fn a_wait_ends_with_the_call() {
    let drawer = Drawer::new();
    let edge = Arc::new(till(&drawer));
    let place = kept(&edge).await;
    let began = Instant::now();
    let waiting = tokio::spawn({
        let (edge, head) = (Arc::clone(&edge), format!("GET {place}\nPrefer: wait=10"));
        async move { request(&edge, &head, "").await }
    });
    drawer.waited_for().await;
    drawer.end(Progress::Done(b"5".into()));
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status, &answer.json()["result"]), (200, &json!(5)));
    assert_eq!(answer.header("preference-applied"), Some("wait=10"));
    let at_once = request(&edge, &format!("GET {place}\nPrefer: x, WAIT=\"5\""), "").await;
    assert_eq!((at_once.status, at_once.header("preference-applied")), (200, Some("wait=5")));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_wait_is_as_long_as_asked_and_no_longer_than_the_deadline() {
    let drawer = Drawer::new();
    let own = Own { tickets: Some(Arc::new(drawer.clone())), ..Own::default() };
    let settings = EdgeSettings { deadline: Duration::from_millis(2200), ..settings() };
    let client = Arc::new(Client::<TillContract>::local(TillService).unwrap());
    let edge = Edge::bind_with(settings, vec![client], Arc::new(Ready), own).unwrap();
    let place = kept(&edge).await;
    for (wait, least, applied) in
        [("1", 1000, "wait=1"), ("60", 1900, "wait=2"), ("99999999999999999999", 1900, "wait=2")]
    {
        let began = Instant::now();
        let answer = request(&edge, &format!("GET {place}\nPrefer: wait={wait}"), "").await;
        assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("pending")), "{wait}");
        assert_eq!(answer.header("preference-applied"), Some(applied), "{wait}");
        assert!(began.elapsed() >= Duration::from_millis(least), "{wait}: {:?}", began.elapsed());
    }
    for wait in ["0", "x", "-1", "1.5", ""] {
        let answer = request(&edge, &format!("GET {place}\nPrefer: wait={wait}"), "").await;
        assert_eq!((answer.status, answer.header("preference-applied")), (202, None), "{wait}");
    }
}

#[tokio::test]
async fn an_end_of_the_edge_ends_waits() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let place = kept(&edge).await;
    let mut waiting = Connection::to(edge.address()).await;
    waiting.send(format!("GET {place} HTTP/1.1\r\nHost: t\r\nPrefer: wait=11\r\n\r\n")).await;
    drawer.waited_for().await;
    let began = Instant::now();
    edge.stop(Duration::from_secs(20)).await;
    let answer = waiting.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (202, Some("close")));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

/// A service with tickets of its own.
#[seam::contract(name = "box_office", version = "1.0")]
trait BoxOffice {
    /// A ticket.
    #[call(http = "GET /tickets/mine")]
    async fn mine(&self) -> u32;

    /// Gives one back.
    #[call(http = "DELETE /tickets/{seat}")]
    async fn back(&self, seat: u32) -> u32;
}

struct BoxOfficeService;

impl BoxOffice for BoxOfficeService {
    async fn mine(&self) -> u32 {
        7
    }

    async fn back(&self, seat: u32) -> u32 {
        seat
    }
}

/// One whose tickets nobody could tell from the edge's.
#[seam::contract(name = "station", version = "1.0")]
trait Station {
    /// A ticket.
    #[call(http = "GET /tickets/{number}")]
    async fn ticket(&self, number: u32) -> u32;
}

struct StationService;

impl Station for StationService {
    async fn ticket(&self, number: u32) -> u32 {
        number
    }
}

#[tokio::test]
async fn paths_beside_those_of_tickets_are_the_contracts() {
    let client = Arc::new(Client::<BoxOfficeContract>::local(BoxOfficeService).unwrap());
    let edge = Edge::bind(settings(), vec![client, shelf()], Arc::new(Ready)).unwrap();
    assert_eq!(get(&edge, "/tickets/mine").await.json(), 7);
    assert_eq!(request(&edge, "DELETE /tickets/5", "").await.json(), 5);
    assert_eq!(get(&edge, "/tickets/5").await.problem().1, "ticket_not_found");
    let client = Arc::new(Client::<StationContract>::local(StationService).unwrap());
    let error = Edge::bind(settings(), vec![client], Arc::new(Ready)).unwrap_err();
    let EdgeError::Conflict { first, second, path, .. } = &error else { panic!("{error}") };
    assert_eq!((&**first, &**second), ("the edge itself", "station.ticket"));
    assert_eq!(path, "/tickets/{number}");
}

#[tokio::test]
async fn a_ticket_is_its_senders_alone() {
    let drawer = Drawer::new();
    let edge = till(&drawer);
    let keep = "POST /api/close\nPrefer: respond-async\nX-Subject: ada";
    let place = request(&edge, keep, "").await.header("location").unwrap().to_owned();
    assert_eq!(drawer.orders()[0].principal.as_deref(), Some(r#"{"sub":"ada","kind":"named"}"#));
    let ask = async |more: &str| request(&edge, &format!("GET {place}{more}"), "").await;
    assert_eq!(ask("\nX-Subject: ada").await.status, 202);
    // Not even how long it takes tells others that there is one.
    for other in ["", "\nX-Subject: eve", "\nX-Subject: eve\nPrefer: wait=30"] {
        assert_eq!(ask(other).await.problem().1, "ticket_not_found", "{other}");
    }
    drawer.end(Progress::Done(b"1".into()));
    assert_eq!(ask("\nX-Subject: ada\nPrefer: wait=30").await.json()["result"], 1);
    assert_eq!(ask("").await.status, 404);
    let nobodys = kept(&edge).await;
    let found = request(&edge, &format!("GET {nobodys}\nX-Subject: eve"), "").await;
    assert_eq!(found.status, 202, "what nobody has sent is anybody's who knows where it is");
}
