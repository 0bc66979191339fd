//! What ties a unit's process to the `up` that started it: no unit outlives it, even if it is
//! killed with -9.
//!
//! `up` says so by an argument, `run --up PID`: unlike a variable, that doesn't reach what the unit
//! starts itself.
//!
//! Two ties, since either has a gap. The kernel signals the child when its parent's starting
//! thread ends ([`rustix::process::set_parent_process_death_signal`], Linux only, and racy while
//! the child starts, hence the check of the parent's id afterwards). And `up` holds the writing
//! end of a pipe that is the child's standard input: when it ends, however, the child reads the
//! end of the stream.

use std::{
    io::{self, Read},
    sync::mpsc,
    time::Duration,
};

use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use tokio::sync::oneshot;

/// How long an orphan may take to stop by itself.
pub(super) const ORPHAN_DRAIN: Duration = Duration::from_secs(2);
/// How long until it is killed.
const ORPHAN_KILL: Duration = Duration::from_secs(4);

/// What the arguments of a child of `up` end with.
pub(super) fn mark() -> [String; 2] {
    ["--up".into(), std::process::id().to_string()]
}

/// The tie to the `up` that started this process, if one did.
#[derive(Debug)]
pub(super) struct Tie {
    orphaned: oneshot::Receiver<()>,
    /// Dropped when this process has stopped in time.
    _alive: mpsc::Sender<()>,
}

impl Tie {
    /// Ties this process to the `up` of that id; `None` if it isn't a child of one.
    pub(super) fn to_parent(up: Option<i32>) -> Option<Self> {
        let up = Pid::from_raw(up?)?;
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        let (orphan, orphaned) = oneshot::channel();
        let (alive, stopped) = mpsc::channel();
        let gone = getppid() != Some(up);
        let watch = move || {
            if !gone {
                read_to_end(io::stdin().lock());
            }
            let _ = orphan.send(());
            // Nobody is left to end a unit that doesn't stop.
            if let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(ORPHAN_KILL) {
                let _ = kill_process(getpid(), Signal::KILL);
            }
        };
        // A thread of its own: nothing that blocks the unit keeps it alive.
        let thread = std::thread::Builder::new().name("parent".into()).spawn(watch);
        thread.is_ok().then_some(Self { orphaned, _alive: alive })
    }

    /// Done when the parent has gone.
    pub(super) async fn orphaned(&mut self) {
        let _ = (&mut self.orphaned).await;
    }
}

fn read_to_end(mut from: impl Read) {
    let mut buffer = [0; 64];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
