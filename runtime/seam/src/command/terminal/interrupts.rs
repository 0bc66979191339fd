//! Ctrl-C while something is being done, and the end of a process that has changed its terminal.

use std::{io, thread};

use rustix::{
    stdio,
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
    low_level,
};
use tokio::sync::watch;

/// SIGINT, caught from the moment this is made.
#[derive(Debug)]
pub(in crate::command) struct Interrupts(watch::Receiver<u64>);

impl Interrupts {
    /// Catches them. A process that is told to end, by SIGTERM or because its terminal goes, gives that
    /// back as it is now, after `last` was written to it.
    ///
    /// # Errors
    /// The system refuses a handler or a thread.
    pub(in crate::command) fn catch(last: &'static [u8]) -> io::Result<Self> {
        let before = tcgetattr(stdio::stdin()).ok();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (tell, times) = watch::channel(0);
        let wait = move || {
            for signal in signals.forever() {
                if signal == SIGINT {
                    tell.send_modify(|times| *times += 1);
                    continue;
                }
                give_back(before.as_ref(), last);
                // It ends the process, as it would have without us.
                let _ = low_level::emulate_default_handler(signal);
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait)?;
        Ok(Self(times))
    }

    /// Takes no notice of those that came until now.
    pub(in crate::command) fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Done when one has come.
    pub(in crate::command) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The thread has gone, which it doesn't.
            std::future::pending().await
        }
    }
}

/// Gives the terminal back; whoever else writes to it may hang.
fn give_back(before: Option<&Termios>, last: &[u8]) {
    let _ = rustix::io::write(stdio::stdout(), last);
    if let Some(before) = before {
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Now, before);
    }
}
