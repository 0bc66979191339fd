//! Answers that say more than their value, and bytes with their media type.

use std::sync::Arc;

use seam::{Answer, Blob, Cookie};
use seam_core::call::Client;
use seam_gateway::{Edge, EdgeError};
use serde_json::json;

use crate::support::{Ready, get, json as send, post, request, settings};

#[seam::contract(name = "desk", version = "1.0")]
trait Desk {
    /// Lets somebody in.
    #[call(public, http = "POST /api/session", status = 201)]
    async fn open(&self, name: String) -> Result<Answer<String>, DeskError>;

    /// Answers with that status and that header.
    #[call(http = "GET /api/say")]
    async fn say(&self, status: u16, name: String, value: String) -> Answer<u8>;

    /// Keeps a picture.
    #[call(public, http = "PUT /api/picture/{id}")]
    async fn keep(&self, id: u32, picture: Blob) -> String;

    /// Keeps a photograph.
    #[call(public, http = "PUT /api/photo/{id}", accept = "image/png, Image/JPEG")]
    #[call(http = "POST /api/any-photo/{id}")]
    async fn keep_photo(&self, id: u32, photo: Option<Blob>) -> String;

    /// A picture.
    #[call(public, http = "GET /api/picture/{id}")]
    async fn picture(&self, id: u32) -> Answer<Blob>;
}

#[seam::error]
enum DeskError {
    /// It is closed.
    Closed,
}

struct DeskService;

impl Desk for DeskService {
    async fn open(&self, name: String) -> Result<Answer<String>, DeskError> {
        if name.is_empty() {
            return Err(DeskError::Closed);
        }
        let cookie = Cookie::new("session", &name).http_only();
        Ok(Answer::new(name)
            .with_status(202)
            .with_header("Cache-Control", "no-store")
            .with_cookie(cookie)
            .with_cookie(Cookie::new("seen", "1")))
    }

    async fn say(&self, status: u16, name: String, value: String) -> Answer<u8> {
        Answer::new(7).with_status(status).with_header(name, value)
    }

    async fn keep(&self, id: u32, picture: Blob) -> String {
        format!("{id} {} {:?}", picture.media_type, picture.bytes)
    }

    async fn keep_photo(&self, id: u32, photo: Option<Blob>) -> String {
        format!("{id} {}", photo.map(|photo| photo.media_type).unwrap_or_default())
    }

    async fn picture(&self, id: u32) -> Answer<Blob> {
        let answer = Answer::new(Blob::new("image/png", [id as u8, 0, 7]));
        if id == 0 { answer.with_header("Content-Length", "1") } else { answer }
    }
}

fn desk() -> Edge {
    let desk = Arc::new(Client::<DeskContract>::local(DeskService).unwrap());
    Edge::bind(settings(), vec![desk], Arc::new(Ready)).unwrap()
}

#[tokio::test]
async fn an_answer_has_its_own_status_headers_and_cookies() {
    let edge = desk();
    let answer = send(&edge, "/api/session", "\"Ada\"").await;
    assert_eq!((answer.status, answer.json()), (202, json!("Ada")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookies: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert_eq!(cookies[0].1, "session=Ada; Path=/; HttpOnly");
    let refused = send(&edge, "/api/session", "\"\"").await;
    assert_eq!(refused.problem(), (422, "closed".into(), "service".into()));
    let named = send(&edge, "/rpc/desk/open", r#"{"name": "Ada"}"#).await;
    assert_eq!((named.status, named.json()), (200, json!("Ada")), "by name it is its value");
    assert_eq!(named.header("set-cookie"), None);

    let moved = get(&edge, "/api/say?status=303&name=Location&value=/api/x").await;
    assert_eq!((moved.status, moved.header("location")), (303, Some("/api/x")));
}

#[tokio::test]
async fn what_http_can_not_say_is_unreadable() {
    let edge = desk();
    for query in [
        "status=404&name=a&value=b",
        "status=199&name=a&value=b",
        "status=200&name=Content-Length&value=1",
        "status=200&name=transfer-encoding&value=chunked",
        "status=200&name=Connection&value=close",
        "status=200&name=a%0D%0Ab&value=c",
        "status=200&name=a&value=b%0D%0Ac:+d",
    ] {
        let answer = get(&edge, &format!("/api/say?{query}")).await;
        assert_eq!(answer.problem(), (502, "unreadable".into(), "unknown".into()), "{query}");
    }
    assert_eq!(get(&edge, "/api/picture/0").await.problem().1, "unreadable");
}

#[tokio::test]
async fn bytes_come_and_go_with_their_media_type() {
    let edge = desk();
    let kept = request(&edge, "PUT /api/picture/3\nContent-Type: image/png; a=b", "{\"}").await;
    assert_eq!(kept.json(), json!("3 image/png; a=b [123, 34, 125]"));
    let kept = request(&edge, "PUT /api/picture/3", "x").await;
    assert_eq!(kept.json(), json!("3 application/octet-stream [120]"));
    assert_eq!(request(&edge, "PUT /api/picture/3", "").await.problem().0, 400);
    let head = "PUT /api/picture/3\nContent-Type: image/png\nContent-Encoding: gzip";
    assert_eq!(request(&edge, head, "x").await.problem().0, 415);
    let named = r#"{"id": 3, "picture": {"mediaType": "a/b", "bytes": "AP8="}}"#;
    assert_eq!(send(&edge, "/rpc/desk/keep", named).await.json(), json!("3 a/b [0, 255]"));

    let picture = get(&edge, "/api/picture/65").await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(picture.header("content-length"), Some("3"));
    let named = send(&edge, "/rpc/desk/picture", r#"{"id": 65}"#).await;
    assert_eq!(named.json(), json!({ "mediaType": "image/png", "bytes": "QQAH" }));
    let form = "module=desk&method=picture&bizContent={\"id\":65}";
    let form = post(&edge, "/gateway", "application/x-www-form-urlencoded", form).await;
    assert_eq!(form.json()["mediaType"], "image/png");
}

#[tokio::test]
async fn bytes_are_of_a_media_type_that_is_accepted() {
    let edge = desk();
    for kind in ["image/png", "IMAGE/Png", "image/jpeg;quality=1", "image/jpeg ; a=\"b;c\""] {
        let kept = request(&edge, &format!("PUT /api/photo/3\nContent-Type: {kind}"), "x").await;
        assert_eq!((kept.status, kept.json()), (200, json!(format!("3 {kind}"))), "as it was sent");
    }
    for kind in ["image/gif", "image/png2", "image/*", "png", "application/json", "é"] {
        let head = format!("PUT /api/photo/3\nContent-Type: {kind}");
        let refused = request(&edge, &head, "x").await;
        let expected = (415, "unsupported_media_type".into(), "not_executed".into());
        assert_eq!(refused.problem(), expected, "{kind}");
        assert_eq!(refused.header("accept"), Some("image/png, image/jpeg"), "{kind}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("image/png, image/jpeg"), "{kind}: {detail}");
    }
    let unsaid = request(&edge, "PUT /api/photo/3", "x").await;
    assert_eq!(unsaid.problem().0, 415, "nobody says that it is a photograph");
    let none = request(&edge, "PUT /api/photo/3\nContent-Type: image/gif", "").await;
    assert_eq!((none.status, none.json()), (200, json!("3 ")), "no bytes are of no type");
    let any = request(&edge, "POST /api/any-photo/3\nContent-Type: image/gif", "x").await;
    assert_eq!(any.json(), json!("3 image/gif"), "a route for itself");
    let named = r#"{"id": 3, "photo": {"mediaType": "image/gif", "bytes": ""}}"#;
    assert_eq!(send(&edge, "/rpc/desk/keep_photo", named).await.json(), json!("3 image/gif"));
}

#[seam::contract(name = "two", version = "1.0")]
trait Two {
    #[call(http = "POST /api/two")]
    async fn two(&self, one: Blob, other: Blob) -> ();
}

struct TwoService;

impl Two for TwoService {
    async fn two(&self, _: Blob, _: Blob) {}
}

#[tokio::test]
async fn a_body_is_one_blob() {
    let two = Arc::new(Client::<TwoContract>::local(TwoService).unwrap());
    let error = Edge::bind(settings(), vec![two], Arc::new(Ready)).unwrap_err();
    assert!(matches!(error, EdgeError::BadRoute { .. }), "{error:?}");
}
