//! Bodies, up to a size. How fast they must come in is watched by the stream below.

use std::cell::Cell;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use actix_http::Payload;
use actix_http::error::PayloadError;
use actix_http::header;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use crate::http::{Broken, Connection};
use crate::problem::Problem;

/// A request's body, not read yet.
pub(crate) struct Body {
    payload: Payload,
    /// As announced.
    length: Option<u64>,
    /// It was read to its end.
    over: bool,
    /// Somebody else reads it: whether to its end.
    lent: Option<Rc<Cell<bool>>>,
    connection: Option<Rc<Connection>>,
}

impl Body {
    pub(crate) fn new(
        request: &mut actix_http::Request,
        connection: Option<Rc<Connection>>,
    ) -> Self {
        let length = request.head().headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        Self { payload: request.take_payload(), length, over: false, lent: None, connection }
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self.payload, Payload::None)
    }

    /// Reads what has come in of it and nobody has asked for: false if its end is still to come, or
    /// never will. Then it can't be told from the next request, and the connection has to end.
    pub(crate) async fn settle(&mut self) -> bool {
        if let Some(read) = &self.lent {
            return read.get();
        }
        if self.over || !self.is_there() {
            return true;
        }
        if self.connection.as_ref().is_none_or(|connection| connection.is_in_body()) {
            return false;
        }
        let mut next = self.first_piece().await;
        while let Some(Ok(_)) = next {
            next = self.payload.next().await;
        }
        next.is_none()
    }

    /// Refuses a body that says that it is larger than `limit` bytes.
    pub(crate) fn fits(&self, limit: usize) -> Result<(), Problem> {
        match self.length.is_some_and(|length| length > limit as u64) {
            true => Err(Problem::too_large(limit)),
            false => Ok(()),
        }
    }

    /// Leaves it to somebody else, who may read `limit` bytes of it.
    pub(crate) fn lend(&mut self, limit: usize) -> Payload {
        if !self.is_there() {
            return Payload::None;
        }
        let payload = mem::replace(&mut self.payload, Payload::None);
        let read = Rc::new(Cell::new(false));
        self.lent = Some(Rc::clone(&read));
        Payload::Stream { payload: Box::pin(Lent { payload, left: limit, read }) }
    }

    /// Reads it to its end: at most `limit` bytes.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<Bytes, Problem> {
        self.fits(limit)?;
        if let Payload::None = self.payload {
            return Ok(Bytes::new());
        }
        let mut all = BytesMut::new();
        let mut first = Bytes::new();
        let mut next = self.first_piece().await;
        while let Some(chunk) = next {
            let chunk = chunk.map_err(|error| self.broken(&error))?;
            if first.len() + all.len() + chunk.len() > limit {
                return Err(Problem::too_large(limit));
            }
            if !all.is_empty() {
                all.extend_from_slice(&chunk);
            } else if first.is_empty() {
                // Most bodies come in one piece, and aren't copied.
                first = chunk;
            } else {
                all.reserve((first.len() + chunk.len()) * 2);
                all.extend_from_slice(&mem::take(&mut first));
                all.extend_from_slice(&chunk);
            }
            next = self.payload.next().await;
        }
        self.over = true;
        Ok(if all.is_empty() { first } else { all.freeze() })
    }

    /// The first piece of a body, or its end.
    ///
    /// actix begins a request before it looks at the bytes after its head. Then it feeds the body
    /// and polls the request again, in the same pass over the connection. Woken for that as well,
    /// the connection would be passed over once more, for nothing: most bodies come with their
    /// heads. So the first look leaves no waker behind, and only what it doesn't find is waited for.
    /// Bodies of HTTP/2 are none of actix's.
    async fn first_piece(&mut self) -> Option<Result<Bytes, PayloadError>> {
        let mut looked = !matches!(self.payload, Payload::H1 { .. });
        poll_fn(|cx| {
            let mut quiet = Context::from_waker(Waker::noop());
            let cx = if mem::replace(&mut looked, true) { cx } else { &mut quiet };
            Pin::new(&mut self.payload).poll_next(cx)
        })
        .await
    }

    fn broken(&self, error: &PayloadError) -> Problem {
        match self.connection.as_ref().and_then(|connection| connection.broken()) {
            Some(Broken::Slow) => Problem::too_slow("the body comes in too slowly"),
            Some(Broken::Violation(violation)) => Problem::of_violation(violation).closing(),
            None => Problem::bad_request(format!("the body is broken: {error}")).closing(),
        }
    }
}

/// A body in other hands.
struct Lent {
    payload: Payload,
    left: usize,
    read: Rc<Cell<bool>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.payload).poll_next(cx));
        Poll::Ready(match next {
            Some(Ok(chunk)) => match self.left.checked_sub(chunk.len()) {
                Some(left) => {
                    self.left = left;
                    Some(Ok(chunk))
                }
                None => Some(Err(PayloadError::Overflow)),
            },
            Some(Err(error)) => Some(Err(error)),
            None => {
                self.read.set(true);
                None
            }
        })
    }
}
