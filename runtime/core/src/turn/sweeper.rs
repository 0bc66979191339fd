//! One watch for all deadlines and turn limits of a service, instead of a timer per call.

use std::sync::Arc;
use std::time::Duration;

use super::line::Phase;
use super::poll::drop_quietly;
use super::seat::HostBox;
use super::slot::Look;
use crate::time::Moment;

/// The calls are looked at no more often than this.
const STEP: Duration = Duration::from_millis(1);

/// Runs until the host ends.
pub(super) async fn sweep<A: Send + Sync + 'static>(inner: Arc<HostBox<A>>) {
    let clock = inner.settings.clock.clone();
    loop {
        let (next, stopped) = {
            let line = inner.line.lock();
            (line.next_sweep, matches!(line.phase, Phase::Stopped))
        };
        if stopped {
            return;
        }
        if next == Moment::NEVER {
            inner.signals.sweep.notified().await;
            continue;
        }
        // In a box: nearly all services have nothing to wait for, and a timer takes room.
        let due = Box::pin(clock.wait_until(next));
        tokio::select! {
            biased;
            () = due => sweep_once(&inner, clock.now()),
            () = inner.signals.sweep.notified() => {}
        }
    }
}

fn sweep_once<A: Send + Sync + 'static>(inner: &Arc<HostBox<A>>, now: Moment) {
    // The calls are looked at without the line's lock: looking may wake strangers.
    let calls: Vec<_> = {
        let mut line = inner.line.lock();
        line.next_sweep = Moment::NEVER;
        line.outstanding.iter().map(|(_, call)| Arc::clone(call)).collect()
    };
    let mut next = Moment::NEVER;
    let mut taken_back = false;
    for call in calls {
        match call.sweep(now, inner.limits.turn()) {
            Look::Later(moment) => next = next.min(moment),
            Look::TakenBack => taken_back = true,
        }
        // It may be the last to hold an answer that nobody fetched.
        drop_quietly(call);
    }
    let mut line = inner.line.lock();
    let soonest = now.after(STEP);
    line.next_sweep = line.next_sweep.min(next.max(soonest));
    if taken_back {
        drop(line);
        // The pump clears them out, and hears whether the head has changed.
        inner.signals.pump.notify_one();
    }
}
