//! A connection whose heads are watched on their way to actix.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_rt::net::TcpStream;
use actix_web::http::StatusCode;
use seam_core::context::TraceContext;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::admission::Ticket;
use crate::framing::{Framing, Violation};
use crate::problem::Problem;
use crate::settings::EdgeLimits;

/// What a connection's stream and its requests know of each other.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Requests that are being answered now. What is said about a later one must wait for them, so
    /// it isn't said at all.
    pub(crate) answering: Cell<u32>,
}

/// A stream that ends, for actix, where a head breaks the rules; its last words say why.
#[derive(Debug)]
pub(crate) struct WatchedStream {
    io: TcpStream,
    framing: Framing,
    limits: EdgeLimits,
    /// Runs while a head comes in.
    head_timer: Option<Pin<Box<Sleep>>>,
    /// Runs while the rest of a body comes in that has its answer already: actix would wait for
    /// the end of a chunked one, however long that takes.
    rest_timer: Option<Pin<Box<Sleep>>>,
    /// Nothing has been read yet: the first head is waited for.
    fresh: bool,
    violation: Option<Violation>,
    shared: Rc<Shared>,
    _ticket: Ticket,
}

/// What a client that is being refused may have sent already is read for its sake: unread bytes
/// would reset the connection, and the refusal would be lost.
const MAX_DRAIN: usize = 256 << 10;
/// How long a connection that ends is listened to, so that its client can read why.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

impl WatchedStream {
    pub(crate) fn new(io: TcpStream, limits: EdgeLimits, ticket: Ticket) -> Self {
        Self {
            io,
            framing: Framing::new(limits.head),
            limits,
            head_timer: None,
            rest_timer: None,
            fresh: true,
            violation: None,
            shared: Rc::default(),
            _ticket: ticket,
        }
    }

    pub(crate) fn shared(&self) -> Rc<Shared> {
        Rc::clone(&self.shared)
    }

    /// Whether a head takes too long; wakes the reader when it will.
    fn too_slow(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.fresh && !self.framing.in_head() {
            self.head_timer = None;
            return false;
        }
        let time = self.limits.head_time;
        let timer = self.head_timer.get_or_insert_with(|| Box::pin(sleep(time)));
        timer.as_mut().poll(cx).is_ready()
    }

    /// Whether the rest of a body that nobody reads takes too long; wakes the reader when it will.
    fn too_late(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.framing.in_body() || self.shared.answering.get() > 0 {
            self.rest_timer = None;
            return false;
        }
        let timer = self.rest_timer.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        timer.as_mut().poll(cx).is_ready()
    }

    fn last_words(&mut self, cx: &mut Context<'_>) {
        let Some(violation) = self.violation.take() else { return };
        tracing::debug!(?violation, "a connection is closed for its head");
        if self.shared.answering.get() > 0 {
            return;
        }
        let words = last_words(violation);
        // One attempt: a client that reads nothing needs no words.
        let _ = Pin::new(&mut self.io).poll_write(cx, &words);
        let mut scratch = [0; 4096];
        let mut left = MAX_DRAIN;
        while let Ok(read @ 1..) = self.io.try_read(&mut scratch) {
            left = left.saturating_sub(read);
            if left == 0 {
                break;
            }
        }
    }
}

fn last_words(violation: Violation) -> Vec<u8> {
    let problem = match violation {
        Violation::BareLineFeed => {
            Problem::bad_request("a line of the head ends with a line feed alone")
        }
        Violation::HeadTooLarge => Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head_too_large",
            "the head is too large",
        ),
        Violation::HeadTooSlow => Problem::too_slow("the head took too long"),
    };
    let status = problem.status;
    let request_id = TraceContext::root().trace.to_string();
    let body = problem.body(&request_id);
    let mut words = format!(
        "HTTP/1.1 {} {}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n\
         x-request-id: {request_id}\r\ncontent-length: {}\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    )
    .into_bytes();
    words.extend_from_slice(&body);
    words
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.violation.is_some() || (this.rest_timer.is_some() && this.too_late(cx)) {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.io).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let bytes = &buf.filled()[before..];
                this.fresh &= bytes.is_empty();
                if let Err(violation) = this.framing.feed(bytes) {
                    // To actix the connection ends before these bytes.
                    buf.set_filled(before);
                    this.violation = Some(violation);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.too_slow(cx) => {
                this.violation = Some(Violation::HeadTooSlow);
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.framing.in_body() {
            this.too_late(cx);
        }
        Pin::new(&mut this.io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.last_words(cx);
        Pin::new(&mut this.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
