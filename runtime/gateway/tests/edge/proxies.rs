//! Proxies in front of the edge, and who says that it is one.

use seam_gateway::{Edge, EdgeLimits, EdgeSettings};

use crate::support::{Connection, edge_with, request, settings};

/// An edge that lets each address ask once, and trusts those.
fn edge(trusted: &[&str]) -> Edge {
    let limits = EdgeLimits {
        rate: "1/60s".parse().ok(),
        connections_per_address: 2,
        ..EdgeLimits::default()
    };
    let trusted = trusted.iter().map(|net| net.parse().unwrap()).collect();
    edge_with(EdgeSettings { limits, trusted, ..settings() })
}

async fn forwarded(edge: &Edge, forwarded: &str) -> u16 {
    request(edge, &format!("GET /api/book/5\nX-Forwarded-For: {forwarded}"), "").await.status
}

#[tokio::test]
async fn what_a_stranger_says_of_others_changes_nothing() {
    let edge = edge(&["10.0.0.0/8"]);
    for (client, status) in [("1.1.1.1", 200), ("2.2.2.2", 429), ("10.0.0.1", 429), ("x", 429)] {
        assert_eq!(forwarded(&edge, client).await, status, "{client}");
    }
}

#[tokio::test]
async fn a_proxy_says_who_its_clients_are() {
    let edge = edge(&["127.0.0.0/8"]);
    for (client, status) in [
        ("1.1.1.1", 200),
        ("1.1.1.1", 429),
        ("2.2.2.2", 200),
        // What a client says of itself stands left of what the proxy says of it.
        ("3.3.3.3, 2.2.2.2", 429),
        ("2.2.2.2, 127.0.0.9", 429),
        ("2001:db8::1", 200),
        ("2001:db8::2", 429),
    ] {
        assert_eq!(forwarded(&edge, client).await, status, "{client}");
    }
}

/// A header of the PROXY protocol, for a client of that address.
fn header(client: [u8; 4]) -> Vec<u8> {
    let fixed = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c";
    [&fixed[..], &client, &[127, 0, 0, 1, 0x9c, 0x40, 0, 80]].concat()
}

const GET: &[u8] = b"GET /api/book/5 HTTP/1.1\r\nHost: t\r\n\r\n";

#[tokio::test]
async fn a_connection_is_its_client_s_whom_the_proxy_names_first() {
    let edge = edge(&["127.0.0.1/32"]);
    let mut open = Vec::new();
    for (client, status) in [([1, 1, 1, 1], 200), ([1, 1, 1, 1], 429), ([2, 2, 2, 2], 200)] {
        let mut connection = Connection::to(edge.address()).await;
        // Also byte by byte.
        for byte in header(client) {
            connection.send([byte]).await;
        }
        connection.send(GET).await;
        assert_eq!(connection.answer().await.unwrap().status, status);
        open.push(connection);
    }
    // It has two connections open.
    let mut third = Connection::to(edge.address()).await;
    third.send([header([1, 1, 1, 1]), GET.to_vec()].concat()).await;
    assert!(third.closed().await);
    // The proxy itself may say nothing, and has as many as it likes.
    for status in [200, 429, 429] {
        let mut own = Connection::to(edge.address()).await;
        own.send(GET).await;
        assert_eq!(own.answer().await.unwrap().status, status);
        open.push(own);
    }
}

#[tokio::test]
async fn what_is_no_header_or_from_a_stranger_ends_the_connection() {
    let trusting = edge(&["127.0.0.1/32"]);
    let mut wrong = header([1, 1, 1, 1]);
    wrong[5] = b'x';
    let mut connection = Connection::to(trusting.address()).await;
    connection.send([wrong, GET.to_vec()].concat()).await;
    assert!(connection.closed().await);

    let strict = edge(&["10.0.0.0/8"]);
    let v1 = b"PROXY TCP4 1.1.1.1 127.0.0.1 40000 80\r\n".to_vec();
    for before in [header([1, 1, 1, 1]), v1] {
        let mut connection = Connection::to(strict.address()).await;
        connection.send([before, GET.to_vec()].concat()).await;
        let answer = connection.answer().await.unwrap();
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()));
        assert!(connection.closed().await);
    }
}
