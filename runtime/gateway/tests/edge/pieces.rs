//! Requests that come in pieces, and several at once.

use std::time::Duration;

use futures_util::future::join_all;
use seam_gateway::{Edge, EdgeLimits, EdgeSettings};

use crate::support::{Connection, edge_with, settings};

fn edge() -> Edge {
    let limits = EdgeLimits { connections_per_address: 1000, ..EdgeLimits::default() };
    edge_with(EdgeSettings { limits, ..settings() })
}

fn lend(reader: &str) -> String {
    let body = format!(r#"{{"readerName":"{reader}","days":2}}"#);
    let length = body.len();
    format!("PUT /api/book/5/reader HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn requests_are_answered_in_order_wherever_they_are_cut() {
    let edge = edge();
    let chunked = "PUT /api/book/5/reader HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n\
                   14\r\n{\"readerName\":\"dan\",\r\na\r\n\"days\": 2}\r\n0\r\n\r\n";
    let all = [&lend("ada"), &lend("bob"), "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", chunked]
        .concat()
        .into_bytes();
    join_all((1..all.len()).map(async |cut| {
        let mut connection = Connection::to(edge.address()).await;
        let (first, rest) = all.split_at(cut);
        connection.send(first).await;
        // The pieces should arrive apart; nothing depends on it.
        tokio::time::sleep(Duration::from_millis(5)).await;
        connection.send(rest).await;
        for body in [
            r#""5 to ada for 2""#,
            r#""5 to bob for 2""#,
            r#"{"status":"ok"}"#,
            r#""5 to dan for 2""#,
        ] {
            let answer = connection.answer().await;
            let answer = answer.unwrap_or_else(|| panic!("no answer {body}, cut at {cut}"));
            assert_eq!((answer.status, &*answer.body), (200, body), "cut at {cut}");
        }
    }))
    .await;
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let edge = edge();
    let mut connection = Connection::to(edge.address()).await;
    let readers: Vec<_> = (0..100).map(|n| format!("reader-{n}")).collect();
    let all: String = readers.iter().map(|reader| lend(reader)).collect();
    let (last, _) = all.rsplit_once("days").unwrap();
    connection.send(last).await;
    for reader in &readers[..99] {
        let answer = connection.answer().await.expect("an answer");
        assert_eq!(answer.body, format!(r#""5 to {reader} for 2""#));
    }
    connection.send(&all[last.len()..]).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_body_may_be_waited_for() {
    let edge = edge();
    let request = lend("eve").replace("Host: t", "Host: t\r\nExpect: 100-continue");
    let (head, body) = request.split_at(request.find("\r\n\r\n").unwrap() + 4);
    let mut connection = Connection::to(edge.address()).await;
    connection.send(head).await;
    assert_eq!(connection.answer().await.unwrap().status, 100);
    connection.send(body).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    // Behind another request, whose answer it waits for.
    connection.send(lend("eve") + head).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    assert_eq!(connection.answer().await.unwrap().status, 100);
    connection.send(body).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
}
