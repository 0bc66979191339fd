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

/// What a unit is told: to stop, and when it will be killed if it hasn't by then.
pub(super) type Told = Option<Instant>;

/// How it came to an end for good.
pub(super) enum Ended {
    /// It was asked to, or its work was done.
    Stopped,
    /// It ended with exit code 2 at its first start.
    BadConfig,
}

impl Child {
    /// Keeps the unit running until `stop` says otherwise.
    pub(super) async fn keep(self, mut stop: watch::Receiver<Told>) -> io::Result<Ended> {
        let mut restart = Restart::new(Instant::now().into_std());
        let mut first = true;
        loop {
            restart.started(Instant::now().into_std());
            let status = match self.run(&mut stop, &mut restart).await {
                Ok(status) => status,
                // The first start shows whether it can be started at all; later the system may
                // just be short of something.
                Err(error) if first => return Err(error),
                Err(error) => {
                    self.say(&format!("can't be started: {error}"));
                    None
                }
            };
            if stop.borrow().is_some() {
                return Ok(Ended::Stopped);
            }
            if first && status.and_then(|status| status.code()) == Some(2) {
                return Ok(Ended::BadConfig);
            }
            first = false;
            let wait = restart.died(Instant::now().into_std());
            let how = status.map(|status| format!(" ({status})")).unwrap_or_default();
            self.say(&format!("ended{how}: starting it again in {wait:?}"));
            if timeout(wait, stop.wait_for(Option::is_some)).await.is_ok() {
                return Ok(Ended::Stopped);
            }
        }
    }

    /// Runs it once, until it ends by itself or has been ended.
    async fn run(
        &self,
        stop: &mut watch::Receiver<Told>,
        restart: &mut Restart,
    ) -> io::Result<Option<ExitStatus>> {
        if stop.borrow().is_some() {
            return Ok(None);
        }
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
            told = told(stop) => {
                // Not yet waited for, so the id is still its own.
                signal(group, Signal::TERM);
                tokio::select! {
                    status = process.wait() => status?,
                    () = killed(stop, told) => {
                        self.say("doesn't stop: killing it");
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

/// Until the unit is told to stop: until when it may take.
async fn told(stop: &mut watch::Receiver<Told>) -> Instant {
    match stop.wait_for(Option::is_some).await.map(|told| *told) {
        Ok(Some(kill)) => kill,
        // `up` itself is gone, which can't be before its units are.
        _ => Instant::now(),
    }
}

/// Until the unit is to be killed, which may be moved to an earlier time meanwhile.
async fn killed(stop: &mut watch::Receiver<Told>, mut kill: Instant) {
    loop {
        tokio::select! {
            () = sleep_until(kill) => return,
            changed = stop.changed() => match changed.ok().and(*stop.borrow()) {
                Some(sooner) => kill = sooner,
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
