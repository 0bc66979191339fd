//! A child's side of the talk with the bench: events on stdout, orders on stdin.

use std::io::{BufRead, Write, stdin, stdout};
use std::thread;

use tokio::sync::oneshot;

use super::sample::Event;
use super::usage::usage;

/// Tells the bench something.
pub(crate) fn announce(event: &Event) {
    let Ok(mut line) = serde_json::to_vec(event) else { return };
    line.push(b'\n');
    let mut out = stdout().lock();
    // The bench is gone if this fails: then nobody needs to know.
    let _ = out.write_all(&line).and_then(|()| out.flush());
}

/// Answers `usage` on a thread of its own; the receiver ends when the bench lets go of stdin, so
/// that no server outlives it.
pub(crate) fn obey() -> oneshot::Receiver<()> {
    let (stop, stopped) = oneshot::channel();
    thread::spawn(move || {
        for line in stdin().lock().lines() {
            match line {
                Ok(order) if order == "usage" => announce(&Event::Usage(usage())),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let _ = stop.send(());
    });
    stopped
}
