//! Arguments from paths, queries, headers and bodies; answers with status and location.

use std::sync::Arc;

use seam_core::call::Client;
use seam_gateway::{Edge, EdgeError};
use serde_json::json;

use crate::support::{self, Connection, Ready, edge, get, request, settings};

#[tokio::test]
async fn the_whole_body_is_the_one_argument_left() {
    let edge = edge();
    let head =
        "POST /api/book\nContent-Type: application/json; charset=utf-8\nidempotency-key: k\"1";
    let answer = request(&edge, head, r#"{"title": "Tea", "pageCount": 9}"#).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), Some("/api/book/7"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let book = json!({"id": 7, "title": "Tea", "pageCount": 9});
    assert_eq!(answer.json(), json!({"book": book, "key": "k\"1"}));
}

#[tokio::test]
async fn a_header_that_comes_twice_is_refused() {
    let head = "POST /api/book\nContent-Type: application/json\n\
                Idempotency-Key: one\nIdempotency-Key: two";
    let answer = request(&edge(), head, r#"{"title": "Tea", "pageCount": 9}"#).await;
    let why = "the header `idempotency-key` comes twice";
    assert_eq!((answer.status, &answer.json()["detail"]), (400, &json!(why)));
}

#[tokio::test]
async fn the_one_argument_left_may_be_named() {
    let edge = edge();
    let body = r#"{"book": {"title": "Tea", "pageCount": 9}}"#;
    let answer = support::json(&edge, "/api/book", body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["key"], json!(null));
}

#[tokio::test]
async fn a_path_gives_arguments() {
    let edge = edge();
    let answer = get(&edge, "/api/book/12").await;
    assert_eq!((answer.status, answer.json()["id"].clone()), (200, json!(12)));
    for no_id in ["x", "-1", "1.5", "99999999999999999999", "012", "%31%20", "1%22", "null"] {
        let answer = get(&edge, &format!("/api/book/{no_id}")).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()), "{no_id}");
    }
    let answer = get(&edge, "/api/book/%31%32").await;
    assert_eq!(answer.json()["id"], json!(12), "encoded once");
}

#[tokio::test]
async fn a_query_gives_arguments_in_either_case() {
    let edge = edge();
    for (query, found) in [
        ("byAuthor=Ada+B&limit=5&lent=true", json!(["Ada B", "Some(5)", "Some(true)"])),
        ("by_author=7", json!(["7", "None", "None"])),
        ("byAuthor=a%22%5C%26%C3%A9", json!(["a\"\\&é", "None", "None"])),
    ] {
        assert_eq!(get(&edge, &format!("/api/book?{query}")).await.json(), found);
    }
    for (query, why) in [
        ("", "`byAuthor` is missing in the query"),
        ("byAuthor=x&limit=many", "`limit`: `many` is no integer"),
        ("byAuthor=x&limit=", "`limit`: `` is no integer"),
        ("byAuthor=x&lent=maybe", "`lent`: `maybe` is neither `true` nor `false`"),
        ("byAuthor=x&byAuthor=y", "`byAuthor` comes twice in the query"),
    ] {
        let answer = get(&edge, &format!("/api/book?{query}")).await;
        assert_eq!((answer.problem().0, &answer.json()["detail"]), (400, &json!(why)));
    }
    let answer = get(&edge, "/api/book?byAuthor=x&limit=-1").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["detail"], "`limit`: invalid value: integer `-1`, expected u32");
}

#[tokio::test]
async fn a_path_and_a_body_give_arguments_together() {
    let edge = edge();
    let put = |body: &'static str| {
        let edge = &edge;
        async move {
            request(edge, "PUT /api/book/3/reader\nContent-Type: application/json", body).await
        }
    };
    for body in [r#"{"readerName": "Bob", "days": 2}"#, r#"{"days": 2, "reader_name": "Bob"}"#] {
        assert_eq!(put(body).await.json(), json!("3 to Bob for 2"));
    }
    for (body, why) in [
        ("", "the body is missing"),
        ("[]", "the body is no JSON object"),
        (r#"{"readerName": "Bob"}"#, "`days` is missing in the body"),
        (
            r#"{"readerName": "Bob", "days": 2, "Days": 3}"#,
            "`Days` is no argument of this method: did you mean `days`?",
        ),
        (
            r#"{"readerName": "Bob", "days": 2, "id": 4}"#,
            "`id` is no argument of this method: there is `readerName`, `days`",
        ),
        (
            r#"{"readerName": "B", "reader_name": "C", "days": 2}"#,
            "an argument comes twice in the body",
        ),
    ] {
        let answer = put(body).await;
        assert_eq!((answer.problem().0, &answer.json()["detail"]), (400, &json!(why)), "{body}");
    }
    for body in
        [r#"{"readerName": "Bob", "days": 2"#, r#"{"readerName": 7, "days": 2}"#, "{", "nope"]
    {
        assert_eq!(
            put(body).await.problem(),
            (400, "bad_request".into(), "not_executed".into()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn bodies_that_are_no_such_json_are_refused() {
    let edge = edge();
    for body in
        ["", "{", "\"x\"", "7", "[]", r#"{"title": "x"}"#, r#"{"title": "x", "pageCount": "9"}"#]
    {
        let answer = support::json(&edge, "/api/book", body).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()), "{body}");
    }
    let mistakes = [
        (
            r#"{"title": null, "pageCount": 9}"#,
            "`book.title`: invalid type: null, expected a string",
        ),
        (
            r#"{"title": "x", "pageCount": -9}"#,
            "`book.pageCount`: invalid value: integer `-9`, expected u32",
        ),
    ];
    for (body, why) in mistakes {
        let answer = support::json(&edge, "/api/book", body).await;
        assert_eq!((answer.status, &answer.json()["detail"]), (400, &json!(why)));
    }
    // Nothing can be smuggled past the body into another argument.
    let body = r#"{"title": "x", "pageCount": 9}, "requestKey": "stolen""#;
    assert_eq!(support::json(&edge, "/api/book", body).await.status, 400);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "é"] {
        let answer =
            support::post(&edge, "/api/book", kind, r#"{"title": "x", "pageCount": 9}"#).await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    let body = r#"{"title": "x", "pageCount": 9}"#;
    assert_eq!(request(&edge, "POST /api/book", body).await.status, 201, "no type is no lie");
    let head = "POST /api/book\nContent-Type: application/json\nContent-Encoding: gzip";
    assert_eq!(request(&edge, head, body).await.status, 415);
}

#[tokio::test]
async fn an_answer_without_content_has_none() {
    let answer = request(&edge(), "DELETE /api/book/3", "").await;
    assert_eq!((answer.status, &*answer.body), (204, ""));
    assert_eq!(answer.header("content-type"), None);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let edge = edge();
    assert_eq!(get(&edge, "/api/nothing").await.problem().0, 404);
    assert_eq!(get(&edge, "/api/book/1/").await.problem().1, "not_found");
    let answer = request(&edge, "DELETE /api/book", "").await;
    assert_eq!(answer.problem(), (405, "method_not_allowed".into(), "not_executed".into()));
    assert_eq!(answer.header("allow"), Some("POST, GET, HEAD, OPTIONS"));
    assert_eq!(get(&edge, "/gateway").await.header("allow"), Some("POST, OPTIONS"));
}

#[tokio::test]
async fn options_tell_what_may_be_asked() {
    let edge = edge();
    for (path, allow) in [
        ("/api/book/1", "GET, HEAD, DELETE, OPTIONS"),
        ("/readyz", "GET, HEAD, OPTIONS"),
        ("/rpc/shelf/book", "POST, OPTIONS"),
        ("/gateway", "POST, OPTIONS"),
        ("*", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ] {
        let answer = request(&edge, &format!("OPTIONS {path}"), "").await;
        assert_eq!((answer.status, answer.header("allow")), (204, Some(allow)), "{path}");
    }
    assert_eq!(request(&edge, "OPTIONS /api/nothing", "").await.status, 404);
}

#[tokio::test]
async fn head_is_get_without_content() {
    let edge = edge();
    for path in ["/healthz", "/readyz", "/api/book/5", "/api/book/404", "/api/nothing"] {
        let get = get(&edge, path).await;
        let mut connection = Connection::to(edge.address()).await;
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        // The second is read right behind the first one's head.
        connection.send(format!("{head}{head}")).await;
        for _ in 0..2 {
            let answer = connection.head().await.unwrap();
            assert_eq!(answer.status, get.status, "{path}");
            for header in ["content-type", "content-length"] {
                assert_eq!(answer.header(header), get.header(header), "{path}");
            }
        }
    }
}

#[seam::contract(name = "other", version = "1.0")]
trait Other {
    #[call(http = "GET /api/book/{name}")]
    async fn other(&self, name: String) -> ();
}

struct OtherService;

impl Other for OtherService {
    async fn other(&self, _: String) {}
}

#[tokio::test]
async fn two_methods_can_not_have_one_route() {
    let other = Arc::new(Client::<OtherContract>::local(OtherService).unwrap());
    let error = Edge::bind(settings(), vec![support::shelf(), other], Arc::new(Ready)).unwrap_err();
    assert!(matches!(error, EdgeError::Conflict { .. }), "{error:?}");
    let text =
        "`GET /api/book/{name}` is declared by shelf.book and by other.other: change one of them";
    assert_eq!(error.to_string(), text);
}

#[seam::contract(name = "errors", version = "1.0")]
trait Errors {
    #[call(http = "GET /error/{name}")]
    async fn other(&self, name: String) -> ();
}

struct ErrorsService;

impl Errors for ErrorsService {
    async fn other(&self, _: String) {}
}

#[tokio::test]
async fn a_path_that_only_looks_reserved_is_free() {
    let errors = Arc::new(Client::<ErrorsContract>::local(ErrorsService).unwrap());
    let edge = Edge::bind(settings(), vec![errors], Arc::new(Ready)).unwrap();
    assert_eq!(get(&edge, "/error/not_found").await.status, 200);
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let edge = edge();
    let taken = seam_gateway::EdgeSettings { listen: edge.address(), ..settings() };
    let error = Edge::bind(taken, vec![support::shelf()], Arc::new(Ready)).unwrap_err();
    assert!(matches!(error, EdgeError::Listen { .. }), "{error}");
}
