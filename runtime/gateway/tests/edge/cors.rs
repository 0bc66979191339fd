//! Pages of other origins, and what their browsers are told.

use std::sync::Arc;
use std::time::Duration;

use seam_gateway::actix_web::HttpResponse;
use seam_gateway::actix_web::web::{self, ServiceConfig};
use seam_gateway::{Cors, Edge, EdgeSettings, Own, WebSettings};

use crate::support::{Answer, PageService, Ready, edge, page, request, settings, shelf};

fn with(origins: &[&str], credentials: bool) -> Edge {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let cors = Cors { origins, credentials, max_age: Duration::from_secs(600) };
    page(&PageService::default(), WebSettings { cors, ..WebSettings::default() })
}

async fn preflight(edge: &Edge, path: &str, origin: &str, verb: &str) -> Answer {
    let asked = "Access-Control-Request-Headers: X-Api-Key, content-type";
    let head =
        format!("OPTIONS {path}\nOrigin: {origin}\nAccess-Control-Request-Method: {verb}\n{asked}");
    request(edge, &head, "").await
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn without_origins_nobody_is_told_anything() {
    let edge = edge();
    let answer = request(&edge, "GET /api/book/5\nOrigin: https://app.test", "").await;
    assert_eq!((allowed(&answer), answer.header("vary")), (None, None));
    let answer = preflight(&edge, "/api/book/5", "https://app.test", "GET").await;
    assert_eq!((answer.status, allowed(&answer)), (204, None));
}

#[tokio::test]
async fn a_listed_origin_reads_whatever_it_gets() {
    let edge = with(&["https://app.test"], false);
    for (head, status) in [
        ("GET /api/text/5", 200),
        ("GET /api/text/x", 400),
        ("GET /nothing", 404),
        ("DELETE /api/text/5", 405),
        ("GET /healthz", 200),
    ] {
        let answer = request(&edge, &format!("{head}\nOrigin: https://app.test"), "").await;
        assert_eq!((answer.status, allowed(&answer)), (status, Some("https://app.test")), "{head}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{head}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["X-Request-Id", "ETag", "Location", "Retry-After", "RateLimit"] {
            assert!(exposed.split(", ").any(|other| other == name), "{name} in {exposed}");
        }
        for origin in ["http://app.test", "https://app.test:444", "https://evil.test", "null"] {
            let answer = request(&edge, &format!("{head}\nOrigin: {origin}"), "").await;
            assert_eq!((answer.status, allowed(&answer)), (status, None), "{head} {origin}");
            assert_eq!(answer.header("vary"), Some("Origin"), "a cache may have it for others");
        }
        assert_eq!(request(&edge, head, "").await.header("vary"), Some("Origin"), "{head}");
    }
    let said = "GET /api/say/5?name=x-total&value=7\nOrigin: https://app.test";
    let said = request(&edge, said, "").await;
    let exposed = said.header("access-control-expose-headers").unwrap();
    assert!(exposed.ends_with(", x-total"), "{exposed}");
}

#[tokio::test]
async fn a_preflight_says_what_may_be_sent() {
    let edge = with(&["https://app.test"], true);
    let answer = preflight(&edge, "/api/text/5", "https://app.test", "POST").await;
    assert_eq!((answer.status, &*answer.body), (204, ""));
    assert_eq!(allowed(&answer), Some("https://app.test"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, POST, OPTIONS"));
    let asked = answer.header("access-control-allow-headers");
    assert_eq!(asked, Some("X-Api-Key, content-type"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("access-control-expose-headers"), None);
    let rpc = preflight(&edge, "/rpc/page/text", "https://app.test", "POST").await;
    assert_eq!(rpc.header("access-control-allow-methods"), Some("POST, OPTIONS"));

    let evil = preflight(&edge, "/api/text/5", "https://evil.test", "POST").await;
    assert_eq!((evil.status, allowed(&evil)), (204, None));
    assert_eq!(evil.header("access-control-allow-methods"), None);
    let nowhere = preflight(&edge, "/nowhere", "https://app.test", "POST").await;
    assert_eq!((nowhere.status, nowhere.header("access-control-allow-methods")), (404, None));
    let plain = request(&edge, "OPTIONS /api/text/5\nOrigin: https://app.test", "").await;
    assert_eq!(plain.header("access-control-allow-methods"), None, "it is no preflight");
}

#[tokio::test]
async fn any_origin_is_named_all_the_same() {
    let edge = with(&["*"], false);
    for origin in ["https://app.test", "http://localhost:5173", "null"] {
        let answer = request(&edge, &format!("GET /api/text/5\nOrigin: {origin}"), "").await;
        assert_eq!(allowed(&answer), Some(origin));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn routes_of_the_programs_own_are_asked_by_their_verb() {
    let routes = |config: &mut ServiceConfig| {
        let post = web::post().to(|| async { "posted" });
        config.service(web::resource("/own").route(post));
        let speaks = web::get().to(|| async {
            HttpResponse::Ok().insert_header(("Access-Control-Allow-Origin", "x")).finish()
        });
        config.service(web::resource("/speaks").route(speaks));
    };
    let origins = vec!["https://app.test".to_owned()];
    let cors = Cors { origins, ..Cors::default() };
    let web = WebSettings { cors, ..WebSettings::default() };
    let settings = EdgeSettings { web: web.into(), ..settings() };
    let own = Own { routes: Some(Arc::new(routes)), ..Own::default() };
    let edge = Edge::bind_with(settings, vec![shelf()], Arc::new(Ready), own).unwrap();
    let answer = preflight(&edge, "/own", "https://app.test", "POST").await;
    assert_eq!((answer.status, allowed(&answer)), (204, Some("https://app.test")));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    let answer = request(&edge, "POST /own\nOrigin: https://app.test", "").await;
    assert_eq!((&*answer.body, allowed(&answer)), ("posted", Some("https://app.test")));
    assert_eq!(preflight(&edge, "/own", "https://evil.test", "POST").await.status, 405);
    assert_eq!(preflight(&edge, "/nowhere", "https://app.test", "POST").await.status, 404);
    let answer = request(&edge, "GET /speaks\nOrigin: https://app.test", "").await;
    assert_eq!(allowed(&answer), Some("x"), "it speaks for itself");
}
