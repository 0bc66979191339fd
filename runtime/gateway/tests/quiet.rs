//! What clients do wrong is no error of ours: a broken request writes none to the log.

#![allow(clippy::unwrap_used, reason = "a test that gets less than it expects has failed")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam_gateway::{Edge, EdgeSettings, Probe, Readiness};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Keeps what is worse than information.
#[derive(Default, Clone)]
struct Errors(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} {} ", event.metadata().level(), event.metadata().target()));
        event.record(&mut text);
        self.0.lock().push(text.0);
    }
}

struct Ready;

impl Probe for Ready {
    fn ready(&self) -> futures_util::future::BoxFuture<'_, Readiness> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn a_broken_request_is_no_error_of_ours() {
    let errors = Errors::default();
    tracing::subscriber::set_global_default(errors.clone()).unwrap();
    let settings = EdgeSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        workers: 1,
        notice: Duration::ZERO,
        ..EdgeSettings::default()
    };
    let edge = Edge::bind(settings, Vec::new(), Arc::new(Ready)).unwrap();
    let chunked = "POST /gateway HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\
                   Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    for request in [
        "\0\0\0\0",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\nX: y\r\n\r\n",
        "GET /#x HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET //x HTTP/1.1\r\nHost: t\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: t\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n",
        &format!("GET / HTTP/1.1\r\nHost: t\r\n{}\r\n", "X: y\r\n".repeat(100)),
        &format!("GET / HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n", "y".repeat(20_000)),
        &format!("{chunked}zz\r\n"),
        &format!("{chunked}3\r\nabcd\r\n"),
        &format!("{chunked}1;{}", "x".repeat(20_000)),
        "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ] {
        let mut connection = TcpStream::connect(edge.address()).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("HTTP/1.1 4"), "{request:?}: {answer:?}");
        // Gone in the middle of it.
        let mut connection = TcpStream::connect(edge.address()).unwrap();
        connection.write_all(&request.as_bytes()[..request.len() / 2]).unwrap();
    }
    drop(edge);
    assert_eq!(*errors.0.lock(), Vec::<String>::new());
}
