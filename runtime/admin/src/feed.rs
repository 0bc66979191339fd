//! What is told to somebody who listens, and may be slow.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;

/// What a thing that waits takes beside its text, in bytes.
const EACH: usize = 64;

/// One thing that is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// JSON, in one line.
    Json(Arc<str>),
    /// So many things weren't told, for there was no room.
    Dropped(u64),
}

/// What somebody listens to. It ends when all of its feeders are dropped.
#[derive(Debug)]
pub struct Feed {
    told: mpsc::UnboundedReceiver<Arc<str>>,
    state: Arc<State>,
}

/// Who tells it. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Feeder {
    tell: mpsc::UnboundedSender<Arc<str>>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// So many bytes may wait.
    room: usize,
    waiting: AtomicUsize,
    /// Not said yet.
    dropped: AtomicU64,
    /// By this feed and others.
    all: Arc<AtomicU64>,
}

/// A feed with room for so many bytes that nobody has read yet; there is always room for one thing. What
/// it drops itself is counted in `all`, too.
#[expect(clippy::disallowed_methods, reason = "bounded by its room, in bytes")]
pub fn feed(room: usize, all: &Arc<AtomicU64>) -> (Feeder, Feed) {
    let (tell, told) = mpsc::unbounded_channel();
    let (waiting, dropped) = (AtomicUsize::new(0), AtomicU64::new(0));
    let state = Arc::new(State { room, waiting, dropped, all: Arc::clone(all) });
    (Feeder { tell, state: Arc::clone(&state) }, Feed { told, state })
}

impl Feeder {
    /// Tells something, JSON in one line, or drops and counts it if there is no room: who tells never
    /// waits. `false` once nobody listens any more.
    pub fn tell(&self, json: impl Into<Arc<str>>) -> bool {
        let json = json.into();
        let size = json.len() + EACH;
        let waiting = self.state.waiting.fetch_add(size, Ordering::Relaxed);
        if waiting > 0 && waiting + size > self.state.room {
            self.state.waiting.fetch_sub(size, Ordering::Relaxed);
            self.dropped(1);
            self.state.all.fetch_add(1, Ordering::Relaxed);
            return !self.is_closed();
        }
        self.tell.send(json).is_ok()
    }

    /// Whether there is room for so many bytes.
    pub fn has_room(&self, size: usize) -> bool {
        let waiting = self.state.waiting.load(Ordering::Relaxed);
        waiting == 0 || waiting + size + EACH <= self.state.room
    }

    /// Something was dropped on the way here.
    pub fn dropped(&self, count: u64) {
        self.state.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Whether nobody listens any more.
    pub fn is_closed(&self) -> bool {
        self.tell.is_closed()
    }

    /// Until nobody listens any more.
    pub async fn closed(&self) {
        self.tell.closed().await;
    }
}

impl Stream for Feed {
    type Item = Told;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Told>> {
        let told = self.told.poll_recv(cx);
        if let Poll::Ready(Some(json)) = told {
            self.state.waiting.fetch_sub(json.len() + EACH, Ordering::Relaxed);
            return Poll::Ready(Some(Told::Json(json)));
        }
        // Said once what was kept has been read: that is where the gap is.
        match self.state.dropped.swap(0, Ordering::Relaxed) {
            0 => told.map(|_| None),
            dropped => Poll::Ready(Some(Told::Dropped(dropped))),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    async fn next(feed: &mut Feed) -> Option<String> {
        match feed.next().await? {
            Told::Json(json) => Some(json.to_string()),
            Told::Dropped(count) => Some(format!("{count} dropped")),
        }
    }

    #[tokio::test]
    async fn what_has_no_room_is_counted_and_who_tells_never_waits() {
        let all = Arc::default();
        let (feeder, mut feed) = feed(2 * (EACH + 1), &all);
        assert!((0..5).all(|number| feeder.tell(number.to_string())));
        assert_eq!(next(&mut feed).await.unwrap(), "0");
        assert_eq!(next(&mut feed).await.unwrap(), "1");
        assert_eq!(next(&mut feed).await.unwrap(), "3 dropped");
        let long = "5".repeat(1_000);
        assert!(feeder.tell(&*long) && feeder.tell("6"));
        assert_eq!(next(&mut feed).await.unwrap(), long, "alone, it has room");
        let other = feeder.clone();
        drop(feeder);
        other.dropped(7);
        drop(other);
        assert_eq!(next(&mut feed).await.unwrap(), "8 dropped");
        assert_eq!(next(&mut feed).await, None);
        assert_eq!(all.load(Ordering::Relaxed), 4, "who dropped it on the way has counted it");
    }

    #[tokio::test]
    async fn who_tells_hears_that_nobody_listens() {
        let (feeder, feed) = feed(1, &Arc::default());
        assert!(feeder.tell("1") && feeder.tell("2"));
        drop(feed);
        assert!(!feeder.tell("3"));
        feeder.closed().await;
    }
}
