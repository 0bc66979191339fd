//! Answers in gzip, br and zstd.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use seam_gateway::actix_web::HttpResponse;
use seam_gateway::actix_web::web::{self, Bytes, ServiceConfig};
use seam_gateway::{Edge, Own, WebSettings};

use crate::support::{Answer, Connection, PageService, Ready, get, page, request, settings, shelf};

fn edge() -> Edge {
    page(&PageService::default(), WebSettings::default())
}

fn decoded(answer: &Answer) -> String {
    let mut plain = String::new();
    match answer.header("content-encoding") {
        None => return answer.body.clone(),
        Some("gzip") => flate2::read::GzDecoder::new(&*answer.bytes).read_to_string(&mut plain),
        Some("br") => brotli::Decompressor::new(&*answer.bytes, 4096).read_to_string(&mut plain),
        Some("zstd") => zstd::Decoder::new(&*answer.bytes).unwrap().read_to_string(&mut plain),
        Some(other) => panic!("{other}"),
    }
    .unwrap();
    plain
}

#[tokio::test]
async fn a_large_answer_comes_in_a_coding_that_is_accepted() {
    let edge = edge();
    let plain = get(&edge, "/api/text/4000").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    for (accepted, coding) in [
        ("gzip", Some("gzip")),
        ("br", Some("br")),
        ("zstd", Some("zstd")),
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("gzip, deflate, br", Some("br")),
        ("gzip;q=0.8, br;q=0.5", Some("gzip")),
        ("*", Some("gzip")),
        ("gzip;q=0", None),
        ("identity", None),
        ("identity;q=0", None),
        ("deflate", None),
        ("", None),
    ] {
        let head = format!("GET /api/text/4000\nAccept-Encoding: {accepted}");
        let answer = request(&edge, &head, "").await;
        assert_eq!(answer.header("content-encoding"), coding, "{accepted}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{accepted}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(decoded(&answer), plain.body, "{accepted}");
        assert_eq!(coding.is_some(), answer.bytes.len() < plain.bytes.len() / 2, "{accepted}");
        let posted = format!("POST /api/text/4000\nAccept-Encoding: {accepted}");
        let posted = request(&edge, &posted, "").await;
        assert_eq!(posted.header("content-encoding"), coding, "{accepted}");
        assert_eq!(decoded(&posted), plain.body, "{accepted}");
    }
    let large = request(&edge, "GET /api/text/300000\nAccept-Encoding: br", "").await;
    assert_eq!(decoded(&large).len(), 300_002);
}

#[tokio::test]
async fn a_head_has_what_its_get_has() {
    let edge = edge();
    for accepted in ["gzip", "br", "zstd", "identity"] {
        let head = format!("/api/text/4000\nAccept-Encoding: {accepted}");
        let whole = request(&edge, &format!("GET {head}"), "").await;
        let mut connection = Connection::to(edge.address()).await;
        let head = head.replace('\n', " HTTP/1.1\r\nHost: t\r\n");
        connection.send(format!("HEAD {head}\r\n\r\n")).await;
        let told = connection.head().await.unwrap();
        for name in ["content-length", "content-encoding", "etag", "vary", "cache-control"] {
            assert_eq!(told.header(name), whole.header(name), "{name} of {accepted}");
        }
        connection.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").await;
        assert_eq!(connection.answer().await.unwrap().status, 200, "nothing was sent behind it");
    }
}

#[tokio::test]
async fn what_does_not_shrink_is_sent_as_it_is() {
    let edge = edge();
    for path in [
        "/api/text/1000",
        "/api/blob/4000?kind=image/png",
        "/api/blob/4000?kind=text/event-stream",
        "/api/say/4000?name=Content-Encoding&value=custom",
        "/api/say/4000?name=Cache-Control&value=no-transform",
        "/api/say/4000?name=ETag&value=%22mine%22",
    ] {
        let answer = request(&edge, &format!("GET {path}\nAccept-Encoding: gzip"), "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!matches!(answer.header("content-encoding"), Some("gzip")), "{path}");
        assert_eq!(answer.header("vary"), None, "{path}");
    }
    let weak = "GET /api/say/4000?name=ETag&value=W/%22mine%22\nAccept-Encoding: gzip";
    let weak = request(&edge, weak, "").await;
    assert_eq!(
        (weak.header("content-encoding"), weak.header("etag")),
        (Some("gzip"), Some("W/\"mine\""))
    );
    let text = request(&edge, "GET /api/blob/4000?kind=text/css\nAccept-Encoding: gzip", "").await;
    assert_eq!(text.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn who_takes_nothing_as_it_is_gets_small_answers_coded_too() {
    let edge = edge();
    let head = "GET /api/text/10\nAccept-Encoding: gzip, identity;q=0";
    let answer = request(&edge, head, "").await;
    assert_eq!(
        (answer.header("content-encoding"), &*decoded(&answer)),
        (Some("gzip"), "\"seam seam \"")
    );
    assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
    let head = "GET /api/text/10\nAccept-Encoding: gzip;q=0.5";
    assert_eq!(request(&edge, head, "").await.header("content-encoding"), None);
}

#[tokio::test]
async fn streams_are_coded_piece_by_piece() {
    let (sender, receiver) = tokio::sync::watch::channel(0);
    let routes = move |config: &mut ServiceConfig| {
        let receiver = receiver.clone();
        let pieces = move |kind: web::Path<String>| {
            let receiver = receiver.clone();
            let kind = kind.replacen('-', "/", 1);
            let pieces = stream::iter(1..=3).then(move |number| {
                let mut receiver = receiver.clone();
                async move {
                    receiver.wait_for(|sent| *sent >= number).await.unwrap();
                    Ok::<_, std::io::Error>(Bytes::from(format!("piece {number}\n")))
                }
            });
            async move { HttpResponse::Ok().content_type(kind).streaming(pieces) }
        };
        config.route("/pieces/{kind}", web::get().to(pieces));
    };
    let own = Own { routes: Some(Arc::new(routes)), ..Own::default() };
    let edge = Edge::bind_with(settings(), vec![shelf()], Arc::new(Ready), own).unwrap();

    let mut connection = Connection::to(edge.address()).await;
    connection
        .send("GET /pieces/text-plain HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\n\r\n")
        .await;
    sender.send_replace(1);
    let head = connection.head().await.unwrap();
    assert_eq!(head.header("content-encoding"), Some("gzip"));
    assert_eq!((head.header("content-length"), head.header("etag")), (None, None));
    let first = connection.chunk().await.unwrap();
    let mut plain = [0; 8];
    flate2::read::GzDecoder::new(&*first).read_exact(&mut plain).unwrap();
    assert_eq!(&plain, b"piece 1\n", "it can be read before the next one has come");
    sender.send_replace(3);

    let whole = request(&edge, "GET /pieces/text-plain\nAccept-Encoding: br", "").await;
    assert_eq!(decoded(&whole), "piece 1\npiece 2\npiece 3\n");
    let events = request(&edge, "GET /pieces/text-event-stream\nAccept-Encoding: br", "").await;
    assert_eq!(events.header("content-encoding"), None);
    assert_eq!(events.body, "piece 1\npiece 2\npiece 3\n");
    edge.stop(Duration::ZERO).await;
}
