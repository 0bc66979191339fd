//! A connection, from its first frame to its last.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::Reason;
use h2::server::{Builder, Connection};

use super::stream::{self, Ended, On};
use super::watch::{Watch, Watched};
use crate::http::Phase;
use crate::http::connections::Ticket;
use crate::http::socket::Io;
use crate::http::waits::{LINGER, Timer, Wait, first_time};
use crate::settings::EdgeLimits;
use crate::worker::Worker;

/// Requests of a connection that are answered at once; a client that knows so waits with more.
const STREAMS: u32 = 100;
/// Requests in a row that a client may take back: a browser that leaves a page does so with all. Each
/// that is answered to its end is one more again, up to these.
const RESETS: u64 = 200;
/// What a client may send of a body before some of it is read.
const WINDOW: u32 = 64 << 10;
/// And of all bodies of a connection: those that nobody has begun to read leave room for others, which
/// would be taken for slow ones.
const WINDOWS: u32 = 16 * WINDOW;
/// What h2 keeps of each answer, for the client to take.
const SEND_BUFFER: usize = 32 << 10;

/// Serves a connection to its end.
pub(in crate::http) async fn serve(
    worker: Rc<Worker>,
    io: Io,
    limits: EdgeLimits,
    ticket: Ticket,
    peer: SocketAddr,
) {
    let watch = Watch::new();
    let on = Rc::new(On { secure: io.is_tls(), limits, peer, watch: Rc::clone(&watch) });
    let mut waits = Waits::new(limits, ticket, Rc::clone(&watch));
    let handshake = builder(&limits).handshake(Watched::new(io, watch, limits.write_time));
    let mut handshake = pin!(handshake);
    let begun = poll_fn(|cx| match handshake.as_mut().poll(cx) {
        Poll::Ready(begun) => Poll::Ready(begun.ok()),
        Poll::Pending if waits.overdue(cx, false).is_some() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    let Some(mut connection) = begun.await else { return };
    let mut streams = FuturesUnordered::new();
    poll_fn(|cx| {
        loop {
            match connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => {
                    let answer =
                        stream::answer(Rc::clone(&worker), Rc::clone(&on), request, respond);
                    streams.push(answer);
                    continue;
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%peer, %error, "a connection ends for what came in");
                    return Poll::Ready(());
                }
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            let mut some = false;
            while let Poll::Ready(Some(ended)) = streams.poll_next_unpin(cx) {
                some = true;
                waits.has_ended(ended);
            }
            // What they have left is to be sent.
            if some {
                continue;
            }
            if waits.are_flooded() {
                tracing::debug!(%peer, "a client takes back all that it asks for");
                streams.clear();
                waits.cut(&mut connection, Reason::ENHANCE_YOUR_CALM);
                continue;
            }
            let busy = !streams.is_empty() || connection.has_streams();
            match waits.overdue(cx, busy) {
                None => {}
                Some(Wait::First | Wait::Next) => {
                    waits.end(&mut connection);
                    continue;
                }
                Some(Wait::Head) => {
                    tracing::debug!(%peer, "a head takes too long");
                    streams.clear();
                    waits.cut(&mut connection, Reason::ENHANCE_YOUR_CALM);
                    continue;
                }
                Some(Wait::Body | Wait::Rest | Wait::End) => return Poll::Ready(()),
            }
            if waits.is_at_end() {
                waits.end(&mut connection);
                continue;
            }
            return Poll::Pending;
        }
    })
    .await;
}

fn builder(limits: &EdgeLimits) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOWS)
        .max_send_buffer_size(SEND_BUFFER)
        // Somewhat more than is taken, so that who sends too much is told why by an answer.
        .max_header_list_size(u32::try_from(limits.head.saturating_mul(2)).unwrap_or(u32::MAX))
        .max_local_error_reset_streams(Some(STREAMS as usize));
    builder
}

/// What a connection waits for, and how it ends.
struct Waits {
    limits: EdgeLimits,
    ticket: Ticket,
    watch: Rc<Watch>,
    timer: Option<Timer>,
    /// Known to whoever ends the edge.
    waker: Option<Waker>,
    /// How many requests may be taken back now, and how many have been so far.
    resets: (u64, u64),
    /// An answer was the last one.
    last: bool,
    /// Its end was announced: requests that are on their way are answered still.
    ending: bool,
    /// Nothing more is answered.
    cut: bool,
}

impl Waits {
    fn new(limits: EdgeLimits, ticket: Ticket, watch: Rc<Watch>) -> Self {
        let (timer, waker) = (None, None);
        let resets = (RESETS, 0);
        let (last, ending, cut) = (false, false, false);
        Self { limits, ticket, watch, timer, waker, resets, last, ending, cut }
    }

    /// A stream has come to its end.
    fn has_ended(&mut self, Ended { is_sent, is_last }: Ended) {
        if is_sent {
            self.resets.0 = (self.resets.0 + 1).min(RESETS);
        }
        self.last |= is_last;
    }

    /// Whether the client has taken back more than it may.
    fn are_flooded(&mut self) -> bool {
        let (left, before) = self.resets;
        let now = self.watch.resets();
        self.resets = (left.saturating_sub(now - before), now);
        now - before > left && !self.cut
    }

    /// Whether the connection or the edge ends, and nothing was said of that yet.
    fn is_at_end(&self) -> bool {
        let ends = self.last || self.ticket.phase() == Phase::Closing;
        ends && !self.ending && !self.cut
    }

    /// Lets the connection end once all is answered that is on its way.
    fn end(&mut self, connection: &mut Connection<Watched, Bytes>) {
        if !self.ending {
            self.ending = true;
            connection.graceful_shutdown();
        }
    }

    /// Ends the connection as it is.
    fn cut(&mut self, connection: &mut Connection<Watched, Bytes>, why: Reason) {
        self.cut = true;
        connection.abrupt_shutdown(why);
    }

    fn wait(&self, busy: bool) -> Option<(Wait, Duration)> {
        Some(match self.watch.heads() {
            _ if self.cut => (Wait::End, LINGER),
            _ if self.watch.in_head() => (Wait::Head, self.limits.head_time),
            _ if busy => return None,
            _ if self.ending => (Wait::End, LINGER),
            0 => (Wait::First, first_time(self.ticket.phase(), &self.limits)),
            _ => (Wait::Next, self.limits.idle_time),
        })
    }

    /// What has taken too long, if anything; wakes the connection when something will have, and when
    /// the edge ends.
    fn overdue(&mut self, cx: &mut Context<'_>, busy: bool) -> Option<Wait> {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
            self.ticket.wake(cx.waker().clone());
        }
        let Some((wait, time)) = self.wait(busy) else {
            self.timer = None;
            return None;
        };
        let timer = Timer::of(self.timer.take(), wait, self.watch.heads(), time);
        self.timer.insert(timer).is_over(time, cx).then_some(wait)
    }
}
