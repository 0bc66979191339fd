//! A stream of server-sent events, as it is written to a client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use super::board::{Board, Listening};

/// After so long a client that lost its stream comes back, in milliseconds.
const RETRY: u32 = 1_000;
/// So often something is written, that both sides know of each other.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is pushed to a subject, from behind the event of the id `last` on, for so long: then its client
/// has to show again who it is.
pub(crate) fn events(
    board: &Arc<Board>,
    subject: &str,
    last: Option<&str>,
    time: Duration,
) -> impl Stream<Item = Result<Bytes, io::Error>> + use<> {
    let listening = board.listen(subject, last);
    let (heartbeat, end) = (Box::pin(sleep(HEARTBEAT)), Box::pin(sleep(time)));
    Events { listening, greeted: false, heartbeat, end, over: false }
}

struct Events {
    listening: Listening,
    /// The client has been told when to come back, and from where on.
    greeted: bool,
    heartbeat: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
    /// It was told for the last time from where on to come back.
    over: bool,
}

impl Events {
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        if !self.greeted {
            self.greeted = true;
            let greeting = format!("retry: {RETRY}\nid: {}\n\n", self.listening.cursor());
            return Poll::Ready(Some(Ok(greeting.into())));
        }
        if self.end.as_mut().poll(cx).is_ready() {
            let was_told = std::mem::replace(&mut self.over, true);
            let last = if was_told { None } else { self.listening.last_cursor() };
            return Poll::Ready(last.map(|last| Ok(format!("id: {last}\n\n").into())));
        }
        match self.listening.poll(cx) {
            Poll::Ready(next) => Poll::Ready(next.map(|piece| piece.map_err(io::Error::other))),
            Poll::Pending => {
                self.heartbeat.as_mut().poll(cx).map(|()| Some(Ok(Bytes::from_static(b":\n\n"))))
            }
        }
    }
}

impl Stream for Events {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.next(cx);
        if next.is_ready() {
            self.heartbeat.set(sleep(HEARTBEAT));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;
    use crate::push::{Pushed, Said};

    #[tokio::test(start_paused = true)]
    async fn a_stream_greets_tells_and_lives() {
        let board = Arc::new(Board::default());
        let mut events = events(&board, "ada", None, 3 * HEARTBEAT);
        let mut next = async || {
            let piece = events.next().await.map(Result::unwrap);
            piece.map(|piece| String::from_utf8(piece.to_vec()).unwrap())
        };
        assert_eq!(next().await.as_deref(), Some("retry: 1000\nid: 0\n\n"));
        let began = tokio::time::Instant::now();
        assert_eq!((next().await.as_deref(), began.elapsed()), (Some(":\n\n"), HEARTBEAT));
        let data = Bytes::from_static(br#"{"a":1}"#);
        let pushed = Pushed { number: 7, subject: "ada".into(), event: "order.paid".into(), data };
        let (age, events) = (HEARTBEAT, vec![pushed]);
        board.put_up(Said { process: 10, age, head: 7, old: 6, events });
        let told = "id: a-7\nevent: order.paid\ndata: {\"a\":1}\n\n";
        assert_eq!(next().now_or_never().unwrap().as_deref(), Some(told));
        assert_eq!(next().await.as_deref(), Some(":\n\n"));
        assert_eq!(began.elapsed(), 2 * HEARTBEAT);
        board.end();
        assert_eq!(next().now_or_never(), Some(None));
    }

    #[tokio::test(start_paused = true)]
    async fn at_its_time_a_stream_ends_whatever_there_is() {
        let board = Arc::new(Board::default());
        let mut events = Box::pin(events(&board, "ada", None, HEARTBEAT / 2));
        assert!(events.next().await.is_some());
        let began = tokio::time::Instant::now();
        assert!(events.next().await.is_none());
        assert_eq!(began.elapsed(), HEARTBEAT / 2);
        let data = Bytes::from_static(b"{}");
        let pushed = Pushed { number: 1, subject: "ada".into(), event: "told".into(), data };
        let (age, told) = (HEARTBEAT, vec![pushed]);
        board.put_up(Said { process: 10, age, head: 1, old: 0, events: told });
        assert!(events.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_a_client_knows_that_it_has_heard_all() {
        let board = Arc::new(Board::default());
        let mut events = Box::pin(events(&board, "eve", None, HEARTBEAT / 2));
        assert!(events.next().await.is_some());
        let pushed = |number| {
            let data = Bytes::from_static(b"{}");
            let pushed = Pushed { number, subject: "ada".into(), event: "told".into(), data };
            let (age, events) = (HEARTBEAT, vec![pushed]);
            board.put_up(Said { process: 10, age, head: number, old: 0, events });
        };
        assert!(events.next().now_or_never().is_none());
        pushed(1);
        let last = events.next().await.unwrap().unwrap();
        assert_eq!(last, "id: a-1\n\n");
        pushed(2);
        assert!(events.next().await.is_none());
    }
}
