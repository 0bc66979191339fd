//! When requests are due: evenly spaced, to some tens of microseconds. A thread tells the moments:
//! tokio's timers go by milliseconds, and would have all requests of one begin together.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::measure::sleep_until;

/// So many requests of one visitor may be late at once.
const LATE: usize = 10_000;

/// Tells one visitor when its requests are due.
#[derive(Debug)]
pub(super) struct Due(Receiver<Instant>);

impl Due {
    /// Waits for the next request to be due; from when on its answer is waited for.
    pub(super) async fn next(&mut self) -> anyhow::Result<Instant> {
        match self.0.try_recv() {
            // Waiting for the answer to the last request took longer.
            Ok(due) => Some(due),
            // A late wake-up is the driver's fault, and doesn't count.
            Err(TryRecvError::Empty) => self.0.recv().await.map(|_| Instant::now()),
            Err(TryRecvError::Disconnected) => None,
        }
        .context("the thread that keeps the pace has ended")
    }
}

/// So many visitors take turns at `rate` requests per second. A thread of its own keeps the pace, until
/// all of them have left.
pub(super) fn in_turn(visitors: usize, rate: f64) -> Vec<Due> {
    let (told, dues): (Vec<_>, Vec<_>) = (0..visitors).map(|_| channel(LATE)).unzip();
    thread::spawn(move || {
        let start = Instant::now();
        for (n, visitor) in (0_u32..).zip(told.iter().cycle()) {
            if told.iter().all(Sender::is_closed) {
                break;
            }
            let due = start + Duration::from_secs_f64(f64::from(n) / rate);
            sleep_until(due);
            // One visitor may leave before the others; and who is so late has shown it.
            let _ = visitor.try_send(due);
        }
    });
    dues.into_iter().map(Due).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn visitors_take_turns_and_what_is_late_was_due_earlier() {
        let mut dues = in_turn(2, 1_000.0);
        let mut second = dues.pop().unwrap();
        let mut first = dues.pop().unwrap();
        for _ in 0..20 {
            second.next().await.unwrap();
        }
        // Meanwhile as many of the first's were due.
        let end = Instant::now();
        let mut before = first.next().await.unwrap();
        for _ in 1..20 {
            let due = first.next().await.unwrap();
            assert_eq!((due - before).as_millis(), 2, "the other visitor's turn lies between");
            before = due;
        }
        assert!(before < end);
    }
}
