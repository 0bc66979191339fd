//! Ctrl-C and SIGTERM, which are the same: stop, and finish what is in flight; a second time: at
//! once. SIGHUP: read the config file anew.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
    low_level,
};
use tokio::sync::watch;

/// Signals closer together than this are one: a terminal, a shell and a supervisor may each send
/// theirs for the same wish.
const ONE: Duration = Duration::from_millis(500);
/// How long the process may take to end after a second signal, before it is ended.
const HURRY: Duration = Duration::from_secs(1);
/// The exit code of who was told twice.
const TWICE: i32 = 1;

/// The signals that ask this process to stop, caught from the moment it is made.
///
/// A thread of its own waits for them: it is there whatever else hangs.
#[derive(Debug)]
pub(super) struct StopSignals {
    times: watch::Receiver<u64>,
    heard: u64,
    hangups: watch::Receiver<u64>,
}

impl StopSignals {
    /// Catches them. With `twice_ends`, the second one ends the process if it hasn't ended by
    /// itself a second later.
    ///
    /// # Errors
    /// The system refuses a handler or a thread.
    pub(super) fn catch(twice_ends: bool) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (tell, times) = watch::channel(0);
        let (hung_up, hangups) = watch::channel(0);
        let wait = move || {
            let mut last: Option<Instant> = None;
            for signal in signals.forever() {
                if signal == SIGHUP {
                    hung_up.send_modify(|times| *times += 1);
                    continue;
                }
                let now = Instant::now();
                let before = last.replace(now);
                if before.is_some_and(|before| now.duration_since(before) < ONE) {
                    continue;
                }
                tell.send_modify(|times| *times += 1);
                if twice_ends && before.is_some() {
                    end_in(HURRY);
                }
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait)?;
        Ok(Self { times, heard: 0, hangups })
    }

    /// Tells of each SIGHUP, which asks for the config file to be read anew, and nothing else.
    pub(super) fn hangups(&self) -> watch::Receiver<u64> {
        self.hangups.clone()
    }

    /// Done when one of them has come, or has come again.
    pub(super) async fn asked(&mut self) {
        let heard = self.heard;
        if self.times.wait_for(|times| *times > heard).await.is_err() {
            // The thread has gone, which it doesn't.
            std::future::pending().await
        }
        self.heard += 1;
    }
}

/// Ends the process, without a word to anything that may hang: no destructor, no buffer.
fn end_in(patience: Duration) -> ! {
    let until = Instant::now() + patience;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
    low_level::exit(TWICE)
}
