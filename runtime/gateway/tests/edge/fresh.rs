//! Tags, and answers that a client has already.

use seam_gateway::WebSettings;

use crate::support::{Connection, PageService, edge, get, json, page, request};

#[tokio::test]
async fn every_answer_to_a_get_has_a_tag_and_is_asked_for_again() {
    let one = page(&PageService::default(), WebSettings::default());
    let other = page(&PageService::default(), WebSettings::default());
    let answer = get(&one, "/api/text/5").await;
    let tag = answer.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    assert_eq!(get(&other, "/api/text/5").await.header("etag"), Some(&*tag), "at every edge");
    assert_ne!(get(&one, "/api/text/6").await.header("etag"), Some(&*tag));
    for path in ["/healthz", "/errors", "/errors/bad_request"] {
        let answer = get(&one, path).await;
        assert!(answer.header("etag").is_some(), "{path}");
        let head = format!("GET {path}\nIf-None-Match: {}", answer.header("etag").unwrap());
        assert_eq!(request(&one, &head, "").await.status, 304, "{path}");
    }
}

#[tokio::test]
async fn all_other_answers_are_kept_by_nobody() {
    let edge = edge();
    let added = json(&edge, "/api/book", r#"{"title": "a", "pageCount": 1}"#).await;
    let burnt = request(&edge, "DELETE /api/book/5", "").await;
    let missing = get(&edge, "/api/book/404").await;
    let wrong = get(&edge, "/nothing").await;
    let named = json(&edge, "/rpc/shelf/book", r#"{"id": 5}"#).await;
    let options = request(&edge, "OPTIONS /api/book/5", "").await;
    for (answer, status) in
        [(added, 201), (burnt, 204), (missing, 404), (wrong, 404), (named, 200), (options, 204)]
    {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.header("etag"), None, "{answer:?}");
    }
}

#[tokio::test]
async fn who_has_it_is_told_so() {
    let edge = page(&PageService::default(), WebSettings::default());
    let answer = get(&edge, "/api/text/4000").await;
    let tag = answer.header("etag").unwrap();
    for known in [tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
        let head = format!("GET /api/text/4000\nIf-None-Match: {known}");
        let unchanged = request(&edge, &head, "").await;
        assert_eq!((unchanged.status, &*unchanged.body), (304, ""), "{known}");
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(unchanged.header(name), answer.header(name), "{name}");
        }
        assert!(unchanged.header("x-request-id").is_some());
        for name in ["content-type", "content-encoding", "content-length"] {
            assert_eq!(unchanged.header(name), None, "{name}");
        }
    }
    for unknown in ["\"x\"", "", tag.trim_matches('"')] {
        let head = format!("GET /api/text/4000\nIf-None-Match: {unknown}");
        let whole = request(&edge, &head, "").await;
        assert_eq!((whole.status, &whole.body), (200, &answer.body), "{unknown}");
    }
    let posted = format!("POST /api/text/4000\nIf-None-Match: {tag}");
    assert_eq!(request(&edge, &posted, "").await.status, 200, "it asks for nothing that it has");
    let wrong = "GET /api/text/x\nIf-None-Match: *";
    assert_eq!(request(&edge, wrong, "").await.status, 400);
}

#[tokio::test]
async fn each_coding_has_a_tag_of_its_own() {
    let edge = page(&PageService::default(), WebSettings::default());
    let plain = get(&edge, "/api/text/4000").await;
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        let head = format!("GET /api/text/4000\nAccept-Encoding: {coding}");
        let coded = request(&edge, &head, "").await;
        assert_eq!(coded.header("content-encoding"), Some(coding));
        let tag = coded.header("etag").unwrap().to_owned();
        let known = format!("{head}\nIf-None-Match: {tag}");
        let unchanged = request(&edge, &known, "").await;
        assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some(&*tag)));
        assert_eq!(unchanged.header("vary"), Some("Accept-Encoding"));
        let as_it_is = format!("GET /api/text/4000\nIf-None-Match: {tag}");
        assert_eq!(request(&edge, &as_it_is, "").await.status, 200, "that is other bytes");
        assert!(!tags.contains(&tag), "{tag}");
        tags.push(tag);
    }
}

#[tokio::test]
async fn what_a_service_says_itself_stands() {
    let edge = page(&PageService::default(), WebSettings::default());
    let say = |name: &str, value: &str| format!("/api/say/5?name={name}&value={value}");
    let tagged = get(&edge, &say("ETag", "%22v1%22")).await;
    assert_eq!(tagged.header("etag"), Some("\"v1\""));
    assert_eq!(tagged.headers.iter().filter(|(name, _)| name == "etag").count(), 1);
    let head = format!("GET {}\nIf-None-Match: \"v1\"", say("ETag", "%22v1%22"));
    let unchanged = request(&edge, &head, "").await;
    assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some("\"v1\"")));
    assert_eq!(unchanged.headers.iter().filter(|(name, _)| name == "etag").count(), 1);
    let kept = get(&edge, &say("Cache-Control", "public,+max-age=60")).await;
    assert_eq!(kept.header("cache-control"), Some("public, max-age=60"));
    let time = say("Last-Modified", "Sat,+21+Nov+2026+14:09:05+GMT");
    for (since, status) in [
        ("Sat, 21 Nov 2026 14:09:05 GMT", 304),
        ("Sat, 21 Nov 2026 14:09:06 GMT", 304),
        ("Sat, 21 Nov 2026 14:09:04 GMT", 200),
        ("yesterday", 200),
    ] {
        let head = format!("GET {time}\nIf-Modified-Since: {since}");
        assert_eq!(request(&edge, &head, "").await.status, status, "{since}");
        let both = format!("{head}\nIf-None-Match: \"x\"");
        assert_eq!(request(&edge, &both, "").await.status, 200, "the tag is asked for alone");
    }
}

#[tokio::test]
async fn a_head_is_told_so_too() {
    let edge = page(&PageService::default(), WebSettings::default());
    let tag = get(&edge, "/api/text/5").await.header("etag").unwrap().to_owned();
    let mut connection = Connection::to(edge.address()).await;
    for (known, status) in [(&*tag, 304), ("\"x\"", 200)] {
        let head =
            format!("HEAD /api/text/5 HTTP/1.1\r\nHost: t\r\nIf-None-Match: {known}\r\n\r\n");
        connection.send(head).await;
        let answer = connection.head().await.unwrap();
        assert_eq!((answer.status, answer.header("etag")), (status, Some(&*tag)));
    }
}
