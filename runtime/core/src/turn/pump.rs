//! Lets turns in from the head of the line while the service is busy.

use std::sync::Arc;

use super::host::{Inner, Lane};
use super::line::{Phase, Queued};
use super::seat::Seat;

/// After this many turns the pump lets others on its thread have theirs.
const BURST: usize = 64;

/// Runs until the host ends.
pub(super) async fn pump<A: Send + Sync + 'static>(inner: Arc<Inner<A>>) {
    // Without room at first: an idle service shall cost little.
    let mut over = Vec::new();
    loop {
        inner.signals.pump.notified().await;
        let mut burst = 0;
        while let Some((call, seat)) = next(&inner, &mut over) {
            let key = call.key();
            if call.run(seat, &inner) {
                over.push(key);
            }
            burst += 1;
            if burst == BURST {
                burst = 0;
                tokio::task::yield_now().await;
            }
        }
        match inner.line.lock().phase {
            Phase::Stopped => return,
            Phase::Draining => inner.signals.idle.notify_waiters(),
            _ => {}
        }
    }
}

/// The call at the head of the line, if its turn may begin now.
fn next<A: Send + Sync + 'static>(
    inner: &Arc<Inner<A>>,
    over: &mut Vec<usize>,
) -> Option<(Box<dyn Queued<A>>, Seat<A>)> {
    let mut line = inner.line.lock();
    for key in over.drain(..) {
        line.unwatch(key);
    }
    loop {
        let Some(head) = line.queue.front() else {
            if inner.settings.lane == Lane::Inline && matches!(line.phase, Phase::Open) {
                inner.gate.end_line();
            }
            return None;
        };
        if head.cancelled() {
            let key = head.key();
            line.queue.pop_front();
            line.unwatch(key);
            continue;
        }
        let exclusive = head.exclusive();
        if !inner.gate.enter_from_line(exclusive) {
            return None;
        }
        let call = line.queue.pop_front()?;
        return Some((call, Seat::new(Arc::clone(inner), exclusive)));
    }
}
