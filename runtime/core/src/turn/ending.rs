//! How a host's actor comes to its end, for good or until it is wanted again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;

use super::host::Inner;
use super::line::Phase;
use super::poll::{drop_quietly, panic_message};
use super::seat::{HostBox, Seat};
use crate::outcome::NotExecuted;

/// What becomes of a host once its actor has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It ends, too.
    Ends,
    /// It stays, without an actor, until one is wanted again.
    Rests,
}

/// Takes no new calls, waits up to `grace` for those that are in, and stops the actor.
pub(super) async fn stop<A: Send + Sync + 'static>(
    inner: Arc<HostBox<A>>,
    grace: Duration,
    then: Then,
) {
    let clock = inner.settings.clock.clone();
    {
        let mut line = inner.line.lock();
        match line.phase {
            Phase::Stopped => return,
            Phase::Resting if then == Then::Rests => return,
            _ => line.phase = Phase::Draining,
        }
        inner.cell.gate().form_line();
    }
    if then == Then::Rests && inner.cell.gate().is_deserted() {
        // There is no actor: they may still be answered elsewhere.
        turn_away(&inner);
    }
    inner.signals.pump.notify_one();
    let end_of_grace = clock.now().after(grace);
    let idle = async {
        loop {
            // Registered before the look, so that no change is missed.
            let changed = inner.signals.idle.notified();
            match alone(&inner) {
                Some(Last::Turn(seat)) => return Some(seat),
                Some(Last::Nobody) => return None,
                None => changed.await,
            }
        }
    };
    let seat = tokio::select! {
        biased;
        seat = idle => seat,
        () = clock.wait_until(end_of_grace) => {
            tracing::warn!(service = %inner.settings.service, ?grace, "turns still run at the end");
            None
        }
    };
    if let Some(mut seat) = seat {
        let stopping = AssertUnwindSafe(async {
            inner.kept.factory.stop(seat.exclusive()).await;
        });
        note_panic(&inner, stopping.catch_unwind().await);
        // It isn't said goodbye to a second time.
        inner.broken.store(true, Ordering::Relaxed);
        seat.leave_unused();
    }
    match then {
        Then::Ends => inner.line.lock().phase = Phase::Stopped,
        Then::Rests => {
            {
                let mut line = inner.line.lock();
                line.phase = Phase::Resting;
                inner.cell.gate().shut_down();
            }
            turn_away(&inner);
        }
    }
    inner.signals.keeper.notify_one();
}

/// Says goodbye to an actor that nobody can enter any more.
pub(super) async fn say_goodbye<A: Send + Sync>(inner: &Inner<A>, mut actor: A) {
    let stopping = AssertUnwindSafe(async { inner.kept.factory.stop(&mut actor).await });
    note_panic(inner, stopping.catch_unwind().await);
    drop_quietly(actor);
}

fn note_panic<A: Send + Sync>(inner: &Inner<A>, stopped: std::thread::Result<()>) {
    if let Err(panic) = stopped {
        let message = panic_message(&*panic);
        tracing::error!(service = %inner.settings.service, message, "`stop` panicked");
    }
}

/// Nobody is left waiting here: those in line are refused, and those that run are given up.
pub(super) fn turn_away<A: Send + Sync>(inner: &Inner<A>) {
    let (why, queue, outstanding) = {
        let mut line = inner.line.lock();
        let why = line.closed();
        (why, std::mem::take(&mut line.queue), std::mem::take(&mut line.outstanding))
    };
    let why = why.unwrap_or_else(|| NotExecuted::unavailable("the service has stopped"));
    for call in queue {
        call.refuse(why.clone());
    }
    for (_, call) in outstanding {
        call.abandon();
        drop_quietly(call);
    }
}

/// What is left to do once nobody waits and nobody is in.
enum Last<A: Send + Sync + 'static> {
    /// A turn alone, the last.
    Turn(Seat<A>),
    /// There is no actor to say goodbye to.
    Nobody,
}

fn alone<A: Send + Sync>(inner: &Arc<HostBox<A>>) -> Option<Last<A>> {
    let line = inner.line.lock();
    if !line.queue.is_empty() {
        return None;
    }
    if inner.cell.gate().is_deserted() {
        return Some(Last::Nobody);
    }
    Seat::enter_from_line(inner, true).map(Last::Turn)
}
