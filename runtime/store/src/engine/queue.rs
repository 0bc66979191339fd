//! A bounded queue from async callers to a thread, which closes whoever still waits for room.
//!
//! A plain bounded channel stays open for as long as one caller waits to send, and a caller that
//! polled once and then never again would keep the store from closing.

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::StoreError;

/// Work, and its room in the queue.
type Waiting<T> = (T, OwnedSemaphorePermit);

/// The callers' end.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    room: Arc<Semaphore>,
    /// None once closed.
    sender: RwLock<Option<mpsc::UnboundedSender<Waiting<T>>>>,
}

/// The thread's end.
#[derive(Debug)]
pub(crate) struct Work<T>(mpsc::UnboundedReceiver<Waiting<T>>);

/// A queue with room for so many.
#[expect(
    clippy::disallowed_methods,
    reason = "bounded by the semaphore, whose room can be awaited"
)]
pub(crate) fn queue<T>(room: usize) -> (Queue<T>, Work<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let sender = RwLock::new(Some(sender));
    (Queue { room: Arc::new(Semaphore::new(room)), sender }, Work(receiver))
}

impl<T> Queue<T> {
    /// Hands work over, as soon as there is room.
    pub(crate) async fn push(&self, work: T) -> Result<(), StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| StoreError::Closed)?;
        let sender = self.sender.read();
        let sender = sender.as_ref().ok_or(StoreError::Closed)?;
        sender.send((work, room)).map_err(|_| StoreError::Closed)
    }

    /// Lets nothing more in. What is in stays.
    pub(crate) fn close(&self) {
        self.room.close();
        self.sender.write().take();
    }
}

impl<T> Work<T> {
    /// The next one; blocks until there is one. None when the queue is closed and empty.
    pub(crate) fn next(&mut self) -> Option<T> {
        self.0.blocking_recv().map(|(work, _room)| work)
    }

    /// The next one, if one waits.
    pub(crate) fn waiting(&mut self) -> Option<T> {
        self.0.try_recv().ok().map(|(work, _room)| work)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[test]
    fn room_is_bounded_and_closing_waits_for_nobody() {
        let (queue, mut work) = queue(2);
        let mut cx = Context::from_waker(Waker::noop());
        for number in 1..3 {
            assert_eq!(pin!(queue.push(number)).poll(&mut cx), Poll::Ready(Ok(())));
        }
        let mut third = pin!(queue.push(3));
        let mut stuck = pin!(queue.push(4));
        assert_eq!(third.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(stuck.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(work.next(), Some(1));
        assert_eq!(third.poll(&mut cx), Poll::Ready(Ok(())));
        queue.close();
        assert_eq!((work.waiting(), work.next(), work.next()), (Some(2), Some(3), None));
        assert_eq!(stuck.poll(&mut cx), Poll::Ready(Err(StoreError::Closed)));
        assert_eq!(pin!(queue.push(5)).poll(&mut cx), Poll::Ready(Err(StoreError::Closed)));
    }
}
