//! What a program adds to its edge: routes of its own, and errors of another shape.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream;
use seam_gateway::actix_web::http::header::HeaderValue;
use seam_gateway::actix_web::web::{self, Bytes, ServiceConfig};
use seam_gateway::actix_web::{HttpRequest, HttpResponse, middleware};
use seam_gateway::{Edge, EdgeLimits, EdgeSettings, Own, Shaped};
use serde_json::json;

use crate::support::{
    Connection, H2Client, Ready, get, json, post, reached, request, settings, shelf, to_test,
};

fn edge_with(settings: EdgeSettings, own: Own) -> Edge {
    Edge::bind_with(settings, vec![shelf()], Arc::new(Ready), own).unwrap()
}

fn edge(routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) -> Edge {
    edge_with(settings(), Own { routes: Some(Arc::new(routes)), ..Own::default() })
}

/// Counts itself while it is there.
struct Alive(Arc<AtomicU32>);

impl Alive {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn own_routes_are_tried_when_no_contract_has_one() {
    let edge = edge(|web| {
        let hello = |name: web::Path<String>| async move { format!("hello {name}") };
        web.route("/hello/{name}", web::get().to(hello));
        web.route("/api/book/{id}", web::get().to(|| async { "never asked" }));
        web.route("/api/book/{id}", web::put().to(|| async { "another verb" }));
        web.route("/echo", web::post().to(|body: Bytes| async move { body }));
    });
    let answer = get(&edge, "/hello/ada").await;
    assert_eq!((answer.status, &*answer.body), (200, "hello ada"));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(get(&edge, "/hello/ada?with=a&query=b").await.status, 200);
    assert_eq!(get(&edge, "/api/book/5").await.json()["title"], "Ada", "contracts come first");
    assert_eq!(request(&edge, "PUT /api/book/5", "").await.body, "another verb");
    assert_eq!(post(&edge, "/echo", "text/plain", "any type").await.body, "any type");
    assert_eq!(get(&edge, "/nothing").await.problem().1, "not_found");
    assert_eq!(request(&edge, "PATCH /api/book/5", "").await.status, 405);
    let mut connection = Connection::to(edge.address()).await;
    for _ in 0..2 {
        connection.send("HEAD /hello/ada HTTP/1.1\r\nHost: t\r\n\r\n").await;
        let head = connection.head().await.unwrap();
        assert_eq!((head.status, head.header("content-length")), (200, Some("9")));
    }
    edge.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn own_routes_are_asked_by_http_2_as_well() {
    let alive = Arc::new(AtomicU32::new(0));
    let streams = Arc::clone(&alive);
    let edge = edge(move |web| {
        web.route("/echo", web::post().to(|body: Bytes| async move { body }));
        let pieces = || async {
            let pieces = ["a", "b", "c"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
            HttpResponse::Ok().streaming(stream::iter(pieces))
        };
        web.route("/pieces", web::get().to(pieces));
        let broken = || async {
            let pieces = [Ok(Bytes::from("a")), Err(std::io::Error::other("as asked"))];
            HttpResponse::Ok().streaming(stream::iter(pieces))
        };
        web.route("/broken", web::get().to(broken));
        let streams = Arc::clone(&streams);
        let endless = move || {
            let alive = Alive::new(&streams);
            async move {
                let endless = stream::unfold(alive, |alive| async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    Some((Ok::<_, Infallible>(Bytes::from("x")), alive))
                });
                HttpResponse::Ok().streaming(endless)
            }
        };
        web.route("/endless", web::get().to(endless));
    });
    let client = H2Client::to(edge.address()).await;
    let ask = |head, body| client.ask(to_test(head), body);
    assert_eq!(
        ask("POST /echo\ncontent-type: text/plain", "any type").await.unwrap().body,
        "any type"
    );
    let pieces = ask("GET /pieces", "").await.unwrap();
    assert_eq!((&*pieces.body, pieces.header("transfer-encoding")), ("abc", None));
    assert_eq!(ask("HEAD /pieces", "").await.unwrap().body, "");
    let broken = ask("GET /broken", "").await.unwrap_err();
    assert_eq!(broken.reason(), Some(h2::Reason::INTERNAL_ERROR));
    let mut send = client.send.clone();
    let (response, _) = send.send_request(to_test("GET /endless"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert!(body.data().await.is_some());
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    // Whoever has enough of it says so.
    drop(body);
    reached(&alive, 0).await;
    assert_eq!(ask("GET /pieces", "").await.unwrap().body, "abc");
}

#[tokio::test]
async fn what_guards_contracts_guards_own_routes() {
    let routes = |web: &mut ServiceConfig| {
        web.route("/own", web::get().to(|| async { "own" }));
        web.route("/own", web::post().to(|body: Bytes| async move { body.len().to_string() }));
        web.route("/panic", web::get().to(panics));
        web.route("/slow", web::get().to(slow));
    };
    async fn panics() -> HttpResponse {
        panic!("as asked")
    }
    async fn slow() -> HttpResponse {
        std::future::pending().await
    }
    let limits = EdgeLimits { body: 10, ..EdgeLimits::default() };
    let settings = EdgeSettings { limits, deadline: Duration::from_millis(200), ..settings() };
    let edge = edge_with(settings, Own { routes: Some(Arc::new(routes)), ..Own::default() });
    assert_eq!(get(&edge, "/x/../own").await.problem().0, 400);
    assert_eq!(request(&edge, "GET /own", "body").await.problem().0, 400);
    assert_eq!(post(&edge, "/own", "text/plain", "0123456789").await.body, "10");
    let too_large = (413, "body_too_large".into(), "not_executed".into());
    assert_eq!(post(&edge, "/own", "text/plain", "0123456789x").await.problem(), too_large);
    let mut chunked = Connection::to(edge.address()).await;
    let head = "POST /own HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked.send(format!("{head}b\r\n0123456789x\r\n0\r\n\r\n")).await;
    assert_eq!(chunked.answer().await.unwrap().status, 413);
    for (path, code) in [("/panic", "panicked"), ("/slow", "deadline_exceeded")] {
        let answer = get(&edge, path).await.problem();
        assert_eq!((&*answer.1, &*answer.2), (code, "unknown"), "{path}");
    }
    assert_eq!(get(&edge, "/own").await.body, "own");
    let counted = edge.own().unwrap();
    assert_eq!((counted.answered, counted.service_errors, counted.unknown), (2, 1, 2));
    // A connection goes on where it is known where a request ends, and ends where it isn't.
    let mut connection = Connection::to(edge.address()).await;
    let post = "POST /own HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab";
    connection.send(post.repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(connection.answer().await.unwrap().body, "2");
    }
    let unread = "POST /nothing HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab";
    connection.send(format!("{unread}{post}")).await;
    assert_eq!(connection.answer().await.unwrap().status, 404);
    assert!(connection.closed().await);
}

#[tokio::test]
async fn middleware_is_around_own_routes_alone() {
    let edge = edge(|web| {
        let mark =
            middleware::DefaultHeaders::new().add(("x-own", HeaderValue::from_static("yes")));
        let scope = web::scope("/own").wrap(mark);
        web.service(scope.route("/page", web::get().to(|| async { "page" })));
    });
    assert_eq!(get(&edge, "/own/page").await.header("x-own"), Some("yes"));
    for path in ["/healthz", "/api/book/5", "/nothing"] {
        assert_eq!(get(&edge, path).await.header("x-own"), None, "{path}");
    }
    assert_eq!(get(&edge, "/own/nothing").await.problem().1, "not_found");
}

#[tokio::test]
async fn a_stream_comes_piece_by_piece_and_ends_with_its_client() {
    let (alive, asked) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (count, pieces) = (Arc::clone(&alive), Arc::clone(&asked));
    let edge = edge(move |web| {
        let (count, pieces) = (Arc::clone(&count), Arc::clone(&pieces));
        let endless = move |request: HttpRequest| {
            let (alive, pieces) = (Alive::new(&count), Arc::clone(&pieces));
            async move {
                let quiet = request.query_string() == "quiet";
                let next = move |alive: Alive| {
                    let number = pieces.fetch_add(1, Ordering::SeqCst);
                    async move {
                        if quiet && number > 0 {
                            std::future::pending::<()>().await;
                        }
                        let piece = Ok::<_, Infallible>(Bytes::from(vec![b'x'; 10_000]));
                        Some((piece, alive))
                    }
                };
                HttpResponse::Ok().streaming(stream::unfold(alive, next))
            }
        };
        web.route("/endless", web::get().to(endless));
    });
    for query in ["", "?quiet"] {
        asked.store(0, Ordering::SeqCst);
        let mut client = Connection::to(edge.address()).await;
        client.send(format!("GET /endless{query} HTTP/1.1\r\nHost: t\r\n\r\n")).await;
        let head = client.head().await.unwrap();
        assert_eq!(head.header("transfer-encoding"), Some("chunked"));
        // A client that doesn't read holds it up: it makes no more than buffers take.
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = asked.load(Ordering::SeqCst);
            if now == before {
                break;
            }
            assert!(now < 10_000, "100 MB in buffers");
            before = now;
        }
        assert_eq!(alive.load(Ordering::SeqCst), 1);
        drop(client);
        reached(&alive, 0).await;
    }
    let mut client = Connection::to(edge.address()).await;
    client.send("HEAD /endless HTTP/1.1\r\nHost: t\r\n\r\n").await;
    assert_eq!(client.head().await.unwrap().status, 200);
    reached(&alive, 0).await;
}

#[tokio::test]
async fn errors_have_the_shape_that_the_program_wants() {
    let problems = |problem: &seam_gateway::ProblemReport<'_>| {
        assert_eq!(problem.members["code"], problem.code);
        match problem.code {
            "rate_limited" => problem.unchanged(),
            "denied" => Shaped { status: 200, ..problem.unchanged() },
            _ => {
                let status = if problem.status == 400 { 422 } else { problem.status };
                Shaped::json(status, &json!({ "errors": { "body": [problem.detail] } }))
            }
        }
    };
    let own = Own { problems: Some(Arc::new(problems)), ..Own::default() };
    let edge = edge_with(settings(), own);
    for (answer, status, outcome) in [
        (get(&edge, "/api/nothing").await, 404, "not_executed"),
        (get(&edge, "/api/book/x").await, 422, "not_executed"),
        (get(&edge, "//").await, 422, "not_executed"),
        (request(&edge, "PUT /api/book", "").await, 405, "not_executed"),
        (json(&edge, "/rpc/shelf/panic", "{}").await, 500, "unknown"),
        // What is no request at all.
        (request(&edge, "GET /healthz\nHost: another", "").await, 422, "not_executed"),
        (get(&edge, "/#").await, 422, "not_executed"),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
        assert!(answer.json()["errors"]["body"][0].is_string(), "{answer:?}");
        assert_eq!(answer.header("x-seam-outcome"), Some(outcome), "{answer:?}");
        assert_eq!(answer.header("x-request-id").map(str::len), Some(32), "{answer:?}");
        assert_eq!(answer.header("allow").is_some(), status == 405);
    }
    let service = get(&edge, "/api/book/404").await;
    assert_eq!(service.problem(), (404, "book_not_found".into(), "service".into()));
    assert_eq!(service.header("x-seam-outcome"), Some("service"));
    let errors = |error: &seam_gateway::ProblemReport<'_>| {
        Shaped::json(error.status, &json!({ "errors": { error.code: [error.outcome] } }))
    };
    let own = Own { errors: Some(Arc::new(errors)), ..Own::default() };
    let other = edge_with(settings(), own);
    let service = get(&other, "/api/book/404").await;
    assert_eq!(service.json(), json!({ "errors": { "book_not_found": ["service"] } }));
    assert_eq!((service.status, service.header("x-seam-outcome")), (404, Some("service")));
    assert_eq!(
        get(&other, "/api/nothing").await.problem().0,
        404,
        "the edge's own stay as they are"
    );
    let denied = json(&edge, "/rpc/shelf/secret", "{}").await;
    assert_eq!(denied.status, 403, "an error doesn't say that all went well");
}
