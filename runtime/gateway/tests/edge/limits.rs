//! How many connections and requests there may be.

use seam_gateway::{EdgeLimits, EdgeSettings};

use crate::support::{Connection, edge_with, settings, shelf};

const GET: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn an_address_has_so_many_connections() {
    for limits in [
        EdgeLimits { connections_per_address: 2, ..EdgeLimits::default() },
        EdgeLimits { connections: 2, ..EdgeLimits::default() },
    ] {
        let edge = edge_with(EdgeSettings { limits, ..settings() });
        let mut open = Vec::new();
        for _ in 0..2 {
            let mut connection = Connection::to(edge.address()).await;
            connection.send(GET).await;
            assert_eq!(connection.answer().await.unwrap().status, 200);
            open.push(connection);
        }
        let mut one_more = Connection::to(edge.address()).await;
        assert!(one_more.closed().await);
        // The others go on, and a place that is given back is taken again.
        open[0].send(GET).await;
        assert_eq!(open[0].answer().await.unwrap().status, 200);
        open.pop();
        loop {
            let mut again = Connection::to(edge.address()).await;
            again.send(GET).await;
            if again.answer().await.is_some_and(|answer| answer.status == 200) {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_limit_that_was_changed_holds_for_the_next_request() {
    let edge = edge_with(settings());
    let post = "POST /rpc/shelf/book HTTP/1.1\r\nHost: t\r\nContent-Length: 8\r\n\r\n{\"id\":5}";
    let mut connection = Connection::to(edge.address()).await;
    connection.send(post).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    let limits = EdgeLimits { body: 7, ..EdgeLimits::default() };
    edge.settings().set(EdgeSettings { limits, ..settings() });
    connection.send(post).await;
    assert_eq!(connection.answer().await.unwrap().problem().0, 413);

    let limits = EdgeLimits { rate: Some("1".parse().unwrap()), ..EdgeLimits::default() };
    edge.settings().set(EdgeSettings { limits, ..settings() });
    let mut connection = Connection::to(edge.address()).await;
    for status in [404, 429] {
        connection.send("GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n").await;
        assert_eq!(connection.answer().await.unwrap().status, status);
    }
}

#[tokio::test]
async fn routes_are_swapped_whole() {
    let edge = edge_with(settings());
    let book = "GET /api/book/5 HTTP/1.1\r\nHost: t\r\n\r\n";
    let mut connection = Connection::to(edge.address()).await;
    for (clients, status) in [(None, 200), (Some(vec![]), 404), (Some(vec![shelf()]), 200)] {
        if let Some(clients) = clients {
            edge.serve(clients).unwrap();
        }
        connection.send(book).await;
        assert_eq!(connection.answer().await.unwrap().status, status);
    }
    assert!(edge.serve(vec![shelf(), shelf()]).is_err(), "two of one route");
    connection.send(book).await;
    assert_eq!(connection.answer().await.unwrap().status, 200, "the old ones stay");
}
