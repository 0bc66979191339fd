//! Lets turns in from the head of the line while the service is busy.

use std::sync::Arc;

use super::host::Lane;
use super::line::{Gone, Phase, Queued};
use super::seat::{HostBox, Seat};

/// After this many turns the pump lets others on its thread have theirs.
const BURST: usize = 64;

/// Runs until the host ends.
pub(super) async fn pump<A: Send + Sync + 'static>(inner: Arc<HostBox<A>>) {
    loop {
        inner.signals.pump.notified().await;
        let mut burst = 0;
        let mut over = None;
        while let Some((call, seat)) = next(&inner, over) {
            let key = call.key();
            over = call.run(seat, &inner).then_some(key);
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

/// The call at the head of the line, if its turn may begin now. The call `over` is over.
fn next<A: Send + Sync + 'static>(
    inner: &Arc<HostBox<A>>,
    over: Option<usize>,
) -> Option<(Box<dyn Queued<A>>, Seat<A>)> {
    let mut gone = Gone::nothing();
    let mut line = inner.line.lock();
    gone.watched.extend(over.and_then(|key| line.unwatch(key)));
    loop {
        let Some(head) = line.queue.front() else {
            if inner.settings.lane == Lane::Inline && matches!(line.phase, Phase::Open) {
                inner.cell.gate().end_line();
            }
            return None;
        };
        if head.cancelled() {
            let call = line.queue.pop_front()?;
            line.take_out(call, &mut gone);
            continue;
        }
        let seat = Seat::enter_from_line(inner, head.exclusive())?;
        return Some((line.queue.pop_front()?, seat));
    }
}
