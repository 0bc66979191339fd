//! Ctrl-C and SIGTERM, which are the same: stop, and finish what is in flight; a second time: at
//! once.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals closer together than this are one: a terminal, a shell and a supervisor may each send
/// theirs for the same wish.
const ONE: Duration = Duration::from_millis(500);

/// The signals that ask this process to stop, caught from the moment it is made.
#[derive(Debug)]
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    last: Option<Instant>,
}

impl StopSignals {
    /// Catches them.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(super) fn catch() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())?, last: None })
    }

    /// Done when one of them has come, or has come again.
    pub(super) async fn asked(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            let now = Instant::now();
            let before = self.last.replace(now);
            if before.is_none_or(|before| now.duration_since(before) >= ONE) {
                return;
            }
        }
    }
}
