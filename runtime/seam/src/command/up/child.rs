//! One unit's process, started again whenever it dies.

use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use futures_util::future::LocalBoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::Command,
    sync::watch,
    task::spawn_local,
    time::{Instant, sleep_until, timeout},
};

use super::{
    super::colour,
    life::{Life, State},
    lines::{self, Streams},
    prefix::Prefix,
    restart::Restart,
};

/// A unit to keep running.
pub(super) struct Child {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
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
}

impl Told {
    const fn is_to_stop(&self) -> bool {
        self.stop.is_some()
    }

    const fn is_to_end(&self) -> bool {
        self.stop.is_some() || self.away.is_some()
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
        let mut first = true;
        loop {
            if told.borrow().away.is_some() {
                life.send_modify(|life| life.state = State::Away);
                self.say("ended, as it was told");
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
                    self.say(&format!("can't be started: {error}"));
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
            self.say(&format!("ended{how}: starting it again in {wait:?}"));
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
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(colour::mark());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: a Ctrl-C on the terminal reaches `up` alone, which stops units in
        // their time.
        command.process_group(0).kill_on_drop(true);
        let mut process = command.spawn()?;
        // Held and never written to: when this process ends, however, the child reads its end.
        let held = process.stdin.take();
        let Streams { stdout, stderr } = self.streams.clone();
        let output = lines::copy(process.stdout.take(), self.prefix.clone(), stdout);
        let errors = lines::copy(process.stderr.take(), self.prefix.clone(), stderr);
        let copying = spawn_local(async move { tokio::join!(output, errors) });
        let id = process.id();
        let group = id.and_then(|id| Pid::from_raw(id.cast_signed()));
        let ready = async {
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
                self.say("doesn't answer any more: killing it");
                signal(group, Signal::KILL);
                process.wait().await?
            }
            kill = to_end(told) => {
                life.send_modify(|life| life.state = State::Ending);
                // Not yet waited for, so the id is still its own.
                signal(group, Signal::TERM);
                tokio::select! {
                    status = process.wait() => status?,
                    () = killed(told, kill) => {
                        self.say("doesn't stop: killing it");
                        life.send_modify(|life| life.killed = true);
                        signal(group, Signal::KILL);
                        process.wait().await?
                    }
                }
            }
        };
        drop(held);
        // Its last lines; a grandchild that keeps the pipe open isn't waited for.
        let _ = timeout(Duration::from_millis(500), copying).await;
        Ok(Some(status))
    }

    fn say(&self, text: &str) {
        self.streams.stderr.line(&self.prefix.line(text.as_bytes()));
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
