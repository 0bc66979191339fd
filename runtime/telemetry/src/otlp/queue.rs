//! What waits to be sent: bounded, and never waited for by who adds to it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

/// What a queue holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// As much of it as waits at most.
    pub(super) all: usize,
    /// As much of it as is sent at once.
    pub(super) batch: usize,
    /// How long the first of a batch waits for others.
    pub(super) linger: Duration,
}

/// What waits to be sent. One thread takes it out.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    limits: Limits,
    /// How much of the queue one takes up.
    size: fn(&T) -> usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    size: usize,
    /// When everything must have been sent; none while nobody has ended it.
    end: Option<Instant>,
}

impl<T> Queue<T> {
    pub(super) fn new(limits: Limits, size: fn(&T) -> usize) -> Self {
        let state = State { waiting: VecDeque::new(), size: 0, end: None };
        Self { state: Mutex::new(state), changed: Condvar::new(), limits, size }
    }

    /// Adds what there is room for; how many there was none for.
    pub(super) fn add(&self, items: Vec<T>) -> usize {
        let mut state = self.state.lock();
        let before = state.size;
        let mut refused = 0;
        for item in items {
            let size = state.size + (self.size)(&item);
            if size > self.limits.all || state.end.is_some() {
                refused += 1;
                continue;
            }
            state.size = size;
            state.waiting.push_back(item);
        }
        let batch = self.limits.batch;
        if (before == 0 && state.size > 0) || (before < batch && state.size >= batch) {
            self.changed.notify_one();
        }
        refused
    }

    /// Waits for as much as is sent at once, or for what there is once the first has waited long enough.
    /// None once it was ended and is empty.
    pub(super) fn take(&self) -> Option<Vec<T>> {
        let mut state = self.state.lock();
        while state.waiting.is_empty() {
            if state.end.is_some() {
                return None;
            }
            self.changed.wait(&mut state);
        }
        let due = Instant::now() + self.limits.linger;
        while state.size < self.limits.batch && state.end.is_none() {
            if self.changed.wait_until(&mut state, due).timed_out() {
                break;
            }
        }
        let (mut batch, mut taken) = (Vec::new(), 0);
        while let Some(item) = state.waiting.front() {
            let size = (self.size)(item);
            if !batch.is_empty() && taken + size > self.limits.batch {
                break;
            }
            taken += size;
            batch.extend(state.waiting.pop_front());
        }
        state.size -= taken;
        Some(batch)
    }

    /// Waits for as long, or until it is ended.
    pub(super) fn pause(&self, wait: Duration) {
        let due = Instant::now() + wait;
        let mut state = self.state.lock();
        while state.end.is_none() && !self.changed.wait_until(&mut state, due).timed_out() {}
    }

    /// Takes nothing more; what waits is to be sent until then.
    pub(super) fn end(&self, by: Instant) {
        let mut state = self.state.lock();
        state.end.get_or_insert(by);
        self.changed.notify_one();
    }

    /// When everything must have been sent; none while nobody has ended it.
    pub(super) fn ends(&self) -> Option<Instant> {
        self.state.lock().end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(all: usize, batch: usize) -> Queue<usize> {
        Queue::new(Limits { all, batch, linger: Duration::ZERO }, |size| *size)
    }

    #[test]
    fn what_there_is_no_room_for_is_refused() {
        let queue = queue(10, 10);
        assert_eq!(queue.add(vec![4, 4, 4, 2]), 1);
        assert_eq!(queue.take(), Some(vec![4, 4, 2]));
        assert_eq!(queue.add(vec![10]), 0);
        assert_eq!(queue.add(vec![0, 1]), 1);
    }

    #[test]
    fn a_batch_is_as_large_as_it_may_be_and_has_one_at_least() {
        let queue = queue(100, 5);
        queue.add(vec![2, 3, 1, 9, 1]);
        let batches: Vec<_> = (0..4).map(|_| queue.take().unwrap()).collect();
        assert_eq!(batches, [vec![2, 3], vec![1], vec![9], vec![1]]);
    }

    #[test]
    fn once_ended_it_hands_out_what_is_left() {
        let queue = queue(10, 1);
        queue.add(vec![1, 1]);
        queue.end(Instant::now());
        assert_eq!(queue.add(vec![1]), 1);
        queue.pause(Duration::from_secs(3600));
        assert_eq!(
            (queue.take(), queue.take(), queue.take()),
            (Some(vec![1]), Some(vec![1]), None)
        );
        assert!(queue.ends().is_some());
    }
}
