//! One unit's process, started again whenever it dies.

use std::{
    cell::Cell,
    ffi::OsString,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as Blocking},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use futures_util::future::LocalBoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use seam_telemetry::logs::Level;
use tokio::{
    net::UnixStream,
    process::Command,
    sync::watch,
    task::spawn_local,
    time::{Instant, sleep_until, timeout},
};

use super::{
    super::{
        birth::{Birth, LAST},
        colour,
    },
    accepted::Accepted,
    edge::EdgeSocket,
    life::{Life, State},
    lines::{self, Streams},
    prefix::Prefix,
    restart::Restart,
};

/// A unit to keep running.
pub(super) struct Child {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    /// Which of the unit's processes it is.
    pub(super) instance: u16,
    /// Whether the others run already: that it can't be started is no reason for them to end.
    pub(super) later: bool,
    /// The config that it is started with.
    pub(super) accepted: Accepted,
    /// Where the unit serves HTTP, if it does.
    pub(super) edge: Option<EdgeSocket>,
    pub(super) prefix: Prefix,
    pub(super) streams: Streams,
    pub(super) watch: Watch,
}

/// How a unit's process is watched.
pub(in crate::command) struct Watch {
    /// Waits until the process of that id is ready.
    pub(in crate::command) ready: Box<dyn Fn(u32) -> LocalBoxFuture<'static, ()>>,
    /// Waits until the process, which has answered, doesn't any more: it hangs, or was stopped in its
    /// tracks.
    pub(in crate::command) silent: Box<dyn Fn() -> LocalBoxFuture<'static, ()>>,
}

#[cfg(test)]
impl Watch {
    /// Nobody is ever ready, or silent.
    pub(in crate::command) fn nothing() -> Self {
        let never = || -> LocalBoxFuture<'static, ()> { Box::pin(std::future::pending()) };
        Self { ready: Box::new(move |_| never()), silent: Box::new(never) }
    }
}

/// What a unit is told to do, if not to run; and when it will be killed if it hasn't ended by then.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// To end for good.
    pub(super) stop: Option<Instant>,
    /// To end, and to stay away for as long as this stands here.
    pub(super) away: Option<Instant>,
    /// Whether it is started again at once then.
    pub(super) returns: bool,
}

impl Told {
    const fn is_to_stop(&self) -> bool {
        self.stop.is_some()
    }

    const fn is_to_end(&self) -> bool {
        self.stop.is_some() || self.away.is_some()
    }

    /// Whether others have to do its work from now on.
    const fn is_to_leave(&self) -> bool {
        self.stop.is_some() || (self.away.is_some() && !self.returns)
    }

    fn kill(&self) -> Option<Instant> {
        self.stop.or(self.away)
    }
}

/// How it came to an end for good.
pub(super) enum Ended {
    /// It was asked to, or its work was done.
    Stopped,
    /// It ended with exit code 2 at its first start.
    BadConfig,
}

impl Child {
    /// Keeps the unit running for as long as it isn't told otherwise.
    pub(super) async fn keep(
        self,
        mut told: watch::Receiver<Told>,
        life: watch::Sender<Life>,
    ) -> io::Result<Ended> {
        let mut restart = Restart::new(Instant::now().into_std());
        let mut first = !self.later;
        loop {
            if told.borrow().away.is_some() {
                // It may have been between two processes when it was told so.
                self.leave(&told);
                self.close();
                life.send_modify(|life| life.state = State::Away);
                self.say(Level::Info, "ended, as it was told");
                // The sender is `up`'s, which waits for this.
                let _ = told.wait_for(|told| told.is_to_stop() || told.away.is_none()).await;
                restart = Restart::new(Instant::now().into_std());
            }
            if told.borrow().is_to_stop() {
                return Ok(Ended::Stopped);
            }
            life.send_modify(Life::begun);
            restart.started(Instant::now().into_std());
            let status = match self.run(&mut told, &life, &mut restart).await {
                Ok(status) => status,
                // The first start shows whether it can be started at all; later the system may
                // just be short of something.
                Err(error) if first => return Err(error),
                Err(error) => {
                    self.say(Level::Error, &format!("can't be started: {error}"));
                    life.send_modify(|life| life.ended(format!("it can't be started: {error}")));
                    None
                }
            };
            let begun = std::mem::replace(&mut first, false);
            let now = *told.borrow();
            if now.is_to_end() {
                continue;
            }
            if begun && status.and_then(|status| status.code()) == Some(2) {
                return Ok(Ended::BadConfig);
            }
            let wait = restart.died(Instant::now().into_std());
            let how = status.map(|status| format!(" ({status})")).unwrap_or_default();
            if let Some(status) = status {
                life.send_modify(|life| life.ended(status.to_string()));
            }
            self.say(Level::Warn, &format!("ended{how}: starting it again in {wait:?}"));
            // Whether it is told or not: the loop looks.
            let _ = timeout(wait, told.wait_for(Told::is_to_end)).await;
        }
    }

    /// Runs it once, until it ends by itself or has been ended.
    async fn run(
        &self,
        told: &mut watch::Receiver<Told>,
        life: &watch::Sender<Life>,
        restart: &mut Restart,
    ) -> io::Result<Option<ExitStatus>> {
        let edge = self.edge.as_ref().map(|edge| edge.enter(self.instance)).transpose()?;
        let birth = Birth { config: self.accepted.source(), edge: edge.unwrap_or_default() };
        // Held until it has ended: when this process ends, however, the child reads the end of it.
        let (ours, theirs) = Blocking::pair()?;
        ours.set_nonblocking(true)?;
        let ours = UnixStream::from_std(ours)?;
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(colour::mark());
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: a Ctrl-C on the terminal reaches `up` alone, which stops units in
        // their time.
        command.process_group(0).kill_on_drop(true);
        let mut process = command.spawn()?;
        // It has the child's end of the stream.
        drop(command);
        let Streams { stdout, stderr, .. } = self.streams.clone();
        let output = lines::copy(process.stdout.take(), self.prefix.clone(), stdout);
        let errors = lines::copy(process.stderr.take(), self.prefix.clone(), stderr);
        let copying = spawn_local(async move { tokio::join!(output, errors) });
        let id = process.id();
        let group = id.and_then(|id| Pid::from_raw(id.cast_signed()));
        let born = Cell::new(false);
        let ready = async {
            // Who has ended by itself doesn't want it any more.
            born.set(birth.give(&ours).await.is_ok());
            drop(birth);
            if let Some(id) = id {
                (self.watch.ready)(id).await;
                restart.ready(Instant::now().into_std());
                life.send_modify(|life| life.state = State::Ready);
            }
            std::future::pending::<()>().await
        };
        let status = tokio::select! {
            status = process.wait() => status?,
            () = ready => unreachable!("it goes on until the process ends"),
            () = (self.watch.silent)() => {
                self.say(Level::Warn, "doesn't answer any more: killing it");
                signal(group, Signal::KILL);
                process.wait().await?
            }
            kill = to_end(told) => {
                life.send_modify(|life| life.state = State::Ending);
                if self.leave(told) && born.get() {
                    // There is room for a byte, or nobody who would read it.
                    let _ = ours.try_write(&[LAST]);
                }
                // Not yet waited for, so the id is still its own.
                signal(group, Signal::TERM);
                tokio::select! {
                    status = process.wait() => status?,
                    () = killed(told, kill) => {
                        self.say(Level::Warn, "doesn't stop: killing it");
                        life.send_modify(|life| life.killed = true);
                        signal(group, Signal::KILL);
                        process.wait().await?
                    }
                }
            }
        };
        drop(ours);
        self.close();
        // Its last lines; a grandchild that keeps the pipe open isn't waited for.
        let _ = timeout(Duration::from_millis(500), copying).await;
        Ok(Some(status))
    }

    /// Whether it leaves the unit's edge, if it is told to, and nobody else is there.
    fn leave(&self, told: &watch::Receiver<Told>) -> bool {
        let edge = self.edge.as_ref().filter(|_| told.borrow().is_to_leave());
        edge.is_some_and(|edge| edge.leave(self.instance))
    }

    /// It has ended.
    fn close(&self) {
        if let Some(edge) = &self.edge {
            edge.ended();
        }
    }

    fn say(&self, level: Level, text: &str) {
        self.streams.say(&self.prefix, level, text);
    }
}

/// Until the unit is told to end: until when it may take.
async fn to_end(told: &mut watch::Receiver<Told>) -> Instant {
    match told.wait_for(Told::is_to_end).await.map(|told| told.kill()) {
        Ok(Some(kill)) => kill,
        // `up` itself is gone, which can't be before its units are.
        _ => Instant::now(),
    }
}

/// Until the unit is to be killed, which may be moved to another time meanwhile.
async fn killed(told: &mut watch::Receiver<Told>, mut kill: Instant) {
    loop {
        tokio::select! {
            () = sleep_until(kill) => return,
            changed = told.changed() => match changed.ok().and_then(|()| told.borrow().kill()) {
                Some(another) => kill = another,
                None => return,
            }
        }
    }
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // It may have ended meanwhile: then there is nobody to signal.
        let _ = kill_process_group(group, signal);
    }
}
