//! What becomes of every outcome: status, code, outcome, members.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use seam_core::call::{AnyClient, CallOptions, Deadlines, JsonReply};
use seam_core::contract::{ContractDescriptor, ServiceFailure};
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::outcome::{CallError, InnerError, NotExecuted, Unknown};
use seam_core::remote::Caller;
use seam_core::time::Clock;
use seam_gateway::Edge;
use serde_json::json;

use crate::support::{self, Ready, edge, get, json, post, request, settings, shelf};

/// A client whose every call fails alike.
#[derive(Clone)]
struct Failing {
    descriptor: &'static ContractDescriptor,
    error: CallError<ServiceFailure>,
    deadlines: Live<Deadlines>,
}

impl AnyClient for Failing {
    fn service(&self) -> ServiceId {
        ServiceId::of("shelf").unwrap()
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        self.descriptor
    }

    fn for_caller(&self, caller: Caller) -> Arc<dyn AnyClient> {
        assert_eq!(caller, Caller::Edge);
        Arc::new(self.clone())
    }

    fn deadlines(&self) -> &Live<Deadlines> {
        &self.deadlines
    }

    fn call_json(&self, _: u16, _: &[u8], options: CallOptions) -> JsonReply {
        assert_eq!(options.default_deadline, Some(Duration::from_secs(12)));
        let left = options.context.unwrap().deadline.since(Clock::fast().now());
        assert!(left <= Duration::from_secs(12) && left > Duration::from_secs(6), "{left:?}");
        Box::pin(std::future::ready(Err(self.error.clone())))
    }

    fn kept_json(&self, _: u16, arguments: &[u8]) -> Result<Vec<u8>, NotExecuted> {
        Ok(arguments.to_vec())
    }

    fn transcode(&self) -> seam_core::call::Transcode {
        |_, _, _, _| None
    }

    fn deliver(&self, _: u16, _: &[u8], _: CallOptions) -> JsonReply {
        Box::pin(std::future::ready(Err(self.error.clone())))
    }

    fn typed(&self, _: Caller) -> Box<dyn Any + Send> {
        Box::new(())
    }
}

fn failing(error: impl Into<CallError<ServiceFailure>>) -> Edge {
    let descriptor = shelf().descriptor();
    let deadlines = Live::new(Deadlines::default());
    let client = Failing { descriptor, error: error.into(), deadlines };
    Edge::bind(settings(), vec![Arc::new(client)], Arc::new(Ready)).unwrap()
}

#[tokio::test]
async fn what_was_not_executed_says_so() {
    let after = Duration::from_millis(1200);
    for (why, status, code, retry) in [
        (NotExecuted::bad_request("no id"), 400, "bad_request", None),
        (NotExecuted::Denied { why: "secret-unit".into() }, 403, "denied", None),
        (NotExecuted::Overloaded { retry_after: after }, 503, "overloaded", Some("2")),
        (NotExecuted::Overloaded { retry_after: Duration::ZERO }, 503, "overloaded", Some("1")),
        (NotExecuted::BreakerOpen { retry_after: after }, 503, "breaker_open", Some("2")),
        (NotExecuted::unavailable("secret-unit"), 503, "unavailable", Some("1")),
        (NotExecuted::DeadlineExceeded, 504, "deadline_exceeded", None),
        (NotExecuted::Incompatible { what: "a field".into() }, 502, "incompatible", None),
        (NotExecuted::Cycle { path: ["a".into(), "a".into()].into() }, 508, "cycle", None),
    ] {
        let edge = failing(why);
        let form = "module=shelf&method=book&bizContent={\"id\":1}";
        for answer in [
            get(&edge, "/api/book/1").await,
            json(&edge, "/rpc/shelf/book", "{\"id\":1}").await,
            post(&edge, "/gateway", "application/x-www-form-urlencoded", form).await,
        ] {
            assert_eq!(answer.problem(), (status, code.into(), "not_executed".into()));
            assert_eq!(answer.header("retry-after"), retry, "{code}");
            assert!(!answer.body.contains("secret-unit"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_nobody_knows_says_so() {
    let inner = |cause: &str| InnerError {
        service: "payment".into(),
        method: "charge".into(),
        cause: cause.into(),
    };
    for (why, status, code) in [
        (Unknown::ConnectionLost { reason: "reset".into() }, 502, "connection_lost"),
        (Unknown::DeadlineExceeded, 504, "deadline_exceeded"),
        (Unknown::Panicked, 500, "panicked"),
        (Unknown::Abandoned, 500, "abandoned"),
        (Unknown::Unreadable { why: "cut".into() }, 502, "unreadable"),
        (Unknown::Inner(inner("it was away")), 503, "inner"),
    ] {
        let answer = get(&failing(why), "/api/book/1").await;
        assert_eq!(answer.problem(), (status, code.into(), "unknown".into()));
        assert_eq!(answer.header("retry-after"), (status == 503).then_some("1"));
        let told =
            ["payment", "charge", "it was away"].iter().any(|word| answer.body.contains(word));
        assert!(!told, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_services_error_has_its_own_status_and_members() {
    let edge = edge();
    let answer = get(&edge, "/api/book/404").await;
    assert_eq!(answer.problem(), (404, "book_not_found".into(), "service".into()));
    let problem = answer.json();
    assert_eq!(problem["id"], json!(404));
    assert_eq!(problem["type"], "/errors/book_not_found");
    assert_eq!(problem["status"], json!(404));
    assert_eq!(problem["title"], "Not Found");
    assert_eq!(problem["detail"], "There is no such book");

    let answer = json(&edge, "/api/book", r#"{"title": "", "pageCount": 1}"#).await;
    assert_eq!(answer.problem(), (400, "empty_title".into(), "service".into()));
    let answer = json(&edge, "/api/book", r#"{"title": "gone", "pageCount": 1}"#).await;
    assert_eq!(answer.problem(), (503, "printer_gone".into(), "unknown".into()));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_service_cannot_speak_for_the_runtime() {
    let members =
        ["type", "title", "status", "detail", "instance", "code", "outcome", "requestId", "who"];
    let fields = members.iter().map(|name| ((*name).to_owned(), json!("the service"))).collect();
    let failure = ServiceFailure {
        code: "taken".into(),
        status: 409,
        unknown: false,
        detail: "it is taken".into(),
        fields,
        whole: None,
    };
    let answer = get(&failing(CallError::Service(failure)), "/api/book/1").await;
    let mut problem = answer.json();
    let id = problem["requestId"].take();
    assert_eq!(Some(id.as_str().unwrap()), answer.header("x-request-id"));
    let expected = json!({
        "type": "/errors/taken", "title": "Conflict", "status": 409, "detail": "it is taken",
        "code": "taken", "outcome": "service", "requestId": null, "who": "the service",
    });
    assert_eq!(problem, expected);
}

#[tokio::test]
async fn a_panic_is_one_answer() {
    let edge = edge();
    let answer = json(&edge, "/rpc/shelf/panic", "{}").await;
    assert_eq!(answer.problem(), (500, "panicked".into(), "unknown".into()));
    assert_eq!(get(&edge, "/api/book/1").await.status, 200);
}

#[tokio::test]
async fn a_deadline_is_the_edges_where_the_method_has_none() {
    let short = seam_gateway::EdgeSettings { deadline: Duration::from_millis(50), ..settings() };
    let edge = support::edge_with(short);
    let form = "module=shelf&method=Shelf.Wait";
    for answer in [
        request(&edge, "POST /api/wait", "").await,
        post(&edge, "/gateway", "application/x-www-form-urlencoded", form).await,
    ] {
        assert_eq!(answer.problem(), (504, "deadline_exceeded".into(), "unknown".into()));
    }
}

#[tokio::test]
async fn a_request_has_an_id() {
    let edge = edge();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("traceparent: 00-{trace}-00f067aa0ba902b7-01");
    let answer = request(&edge, &format!("GET /api/book/1\n{parent}"), "").await;
    assert_eq!(answer.header("x-request-id"), Some(trace));
    let answer = request(&edge, &format!("GET /api/nothing\n{parent}"), "").await;
    assert_eq!(answer.json()["requestId"], trace);

    let first = request(&edge, "GET /api/nothing\ntraceparent: nonsense", "").await;
    let second = get(&edge, "/api/nothing").await;
    let id = first.header("x-request-id").unwrap();
    assert_eq!(first.json()["requestId"], id);
    assert_eq!(id.len(), 32);
    assert_ne!(Some(id), second.header("x-request-id"));
}
