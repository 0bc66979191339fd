//! What ties a unit's process to the `up` that started it: no unit outlives it, even if it is
//! killed with -9.
//!
//! `up` says so by an argument, `run --up PID`: unlike a variable, that doesn't reach what the unit
//! starts itself.
//!
//! Two ties, since either has a gap. The kernel signals the child when its parent's starting
//! thread ends ([`rustix::process::set_parent_process_death_signal`], Linux only, and racy while
//! the child starts, hence the check of the parent's id afterwards). And `up` holds the other end of
//! a socket pair that is the child's standard input: when it ends, however, the child reads the end
//! of the stream. Before that come what the child begins with, and words (see
//! [`birth`](super::birth)).

use std::{
    io::{self, Read},
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::mpsc,
    time::Duration,
};

use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use seam_gateway::LastOne;
use tokio::sync::oneshot;

use super::birth::{Birth, LAST};

/// How long an orphan may take to stop by itself.
pub(super) const ORPHAN_DRAIN: Duration = Duration::from_secs(2);
/// How long until it is killed.
const ORPHAN_KILL: Duration = Duration::from_secs(4);

/// What the arguments of a child of `up` end with.
pub(super) fn mark() -> [String; 2] {
    ["--up".into(), std::process::id().to_string()]
}

/// The `up` that started this process.
#[derive(Debug)]
pub(super) struct Parent {
    id: Pid,
    stream: UnixStream,
}

/// The tie to it.
#[derive(Debug)]
pub(super) struct Tie {
    orphaned: oneshot::Receiver<()>,
    /// Dropped when this process has stopped in time.
    _alive: mpsc::Sender<()>,
}

impl Parent {
    /// Takes what this process begins with from the `up` of that id, which has started it.
    ///
    /// # Errors
    /// It is no child of `up`, or `up` has gone.
    pub(super) fn birth(up: i32) -> io::Result<(Self, Birth)> {
        let nobody = || io::Error::new(io::ErrorKind::InvalidInput, "that is no process");
        let id = Pid::from_raw(up).ok_or_else(nobody)?;
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let birth = Birth::take(&stream)?;
        Ok((Self { id, stream }, birth))
    }

    /// Ties this process to it; it says by `last` that nobody else accepts connections for the edge
    /// once this process doesn't.
    pub(super) fn tie(self, last: LastOne) -> Option<Tie> {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        let (orphan, orphaned) = oneshot::channel();
        let (alive, stopped) = mpsc::channel();
        let gone = getppid() != Some(self.id);
        let watch = move || {
            if !gone {
                listen(self.stream, &last);
            }
            let _ = orphan.send(());
            // Nobody is left to end a unit that doesn't stop.
            if let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(ORPHAN_KILL) {
                let _ = kill_process(getpid(), Signal::KILL);
            }
        };
        // A thread of its own: nothing that blocks the unit keeps it alive.
        let thread = std::thread::Builder::new().name("parent".into()).spawn(watch);
        thread.is_ok().then_some(Tie { orphaned, _alive: alive })
    }
}

impl Tie {
    /// Done when the parent has gone.
    pub(super) async fn orphaned(&mut self) {
        let _ = (&mut self.orphaned).await;
    }
}

/// Hears words until the stream ends.
fn listen(mut from: impl Read, last: &LastOne) {
    let mut words = [0; 64];
    loop {
        match from.read(&mut words) {
            Ok(0) => return,
            Ok(some) if words[..some].contains(&LAST) => last.set(),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
