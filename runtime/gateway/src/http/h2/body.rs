//! A request's body, as it comes in.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_http::Payload;
use actix_http::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use h2::RecvStream;

use super::stream::On;
use super::watch::Watch;
use crate::http::connection::{Broken, Connection};
use crate::http::waits::{Timer, Wait, body_time};
use crate::settings::EdgeLimits;

/// A body that has to keep its pace. What was read of it makes room for more.
pub(super) struct Incoming {
    received: RecvStream,
    stream: u32,
    /// How much of it was read.
    read: u64,
    /// One for all of it: a byte now and then is no pace.
    timer: Option<Timer>,
    limits: EdgeLimits,
    watch: Rc<Watch>,
    connection: Rc<Connection>,
}

impl Incoming {
    /// The body for who reads it, if there is one.
    pub(super) fn payload(
        received: RecvStream,
        headers: &http::HeaderMap,
        connection: &Rc<Connection>,
        on: &On,
    ) -> Payload {
        let is_nothing = |length: &http::HeaderValue| length.as_bytes() == b"0";
        let nothing = headers.get(http::header::CONTENT_LENGTH).is_some_and(is_nothing);
        if received.is_end_stream() || nothing {
            return Payload::None;
        }
        let incoming = Self {
            stream: received.stream_id().as_u32(),
            received,
            read: 0,
            timer: None,
            limits: on.limits,
            watch: Rc::clone(&on.watch),
            connection: Rc::clone(connection),
        };
        Payload::Stream { payload: Box::pin(incoming) }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.watch.room().leave(self.read);
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match this.received.poll_data(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                this.read += bytes.len() as u64;
                if !this.watch.room().take(bytes.len(), this.limits.body) {
                    this.connection.breaks(Broken::Crowded);
                    return Poll::Ready(Some(Err(PayloadError::Overflow)));
                }
                // An error means that the stream is over, and then nobody sends more.
                let _ = this.received.flow_control().release_capacity(bytes.len());
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(PayloadError::Incomplete(None)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let come = this.read + this.watch.piece(this.stream) as u64;
                let time = body_time(come, &this.limits);
                let timer = Timer::of(this.timer.take(), Wait::Body, 0, time);
                if this.timer.insert(timer).is_over(time, cx) {
                    this.connection.breaks(Broken::Slow);
                    return Poll::Ready(Some(Err(PayloadError::Incomplete(None))));
                }
                Poll::Pending
            }
        }
    }
}
