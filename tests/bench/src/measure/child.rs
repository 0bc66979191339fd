//! The bench's side: this same binary started again, with a hidden subcommand.

use std::io::{BufRead, BufReader, Write};
use std::process::{self, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::Serialize;

use super::sample::{Event, Sample};
use super::usage::Usage;

/// How long a child may be silent beyond the time that its work takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that measures or serves.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    /// Dropped first at the end: its end of file is the order to stop.
    orders: Option<ChildStdin>,
    events: Receiver<Event>,
}

impl Child {
    /// Starts `seam-bench SUBCOMMAND JOB`.
    pub(crate) fn start(subcommand: &str, job: &impl Serialize) -> anyhow::Result<Self> {
        let binary = std::env::current_exe().context("finding the bench's own binary")?;
        let mut process = Command::new(binary)
            .arg(subcommand)
            .arg(serde_json::to_string(job)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting a process for `{subcommand}`"))?;
        let orders = process.stdin.take();
        let output = process.stdout.take().context("the child has no stdout")?;
        let (tell, events) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line)
                    .unwrap_or_else(|_| Event::Failed(format!("unexpected output: {line}")));
                if tell.send(event).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, orders, events })
    }

    /// Where a server listens.
    pub(crate) fn address(&mut self) -> anyhow::Result<String> {
        match self.next(Duration::ZERO)? {
            Event::Listening(address) => Ok(address),
            other => Err(unexpected(&other)),
        }
    }

    /// Waits until a server reaches whom it needs.
    pub(crate) fn ready(&mut self) -> anyhow::Result<()> {
        match self.next(Duration::ZERO)? {
            Event::Ready => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// What a server has used so far.
    pub(crate) fn usage(&mut self) -> anyhow::Result<Usage> {
        let orders = self.orders.as_mut().context("the child takes no more orders")?;
        orders.write_all(b"usage\n").and_then(|()| orders.flush())?;
        match self.next(Duration::ZERO)? {
            Event::Usage(usage) => Ok(usage),
            other => Err(unexpected(&other)),
        }
    }

    /// The measurement of a child that works for at most `work`; `edge` is called when its window
    /// opens and when it closes.
    pub(crate) fn sample(
        &mut self,
        work: Duration,
        mut edge: impl FnMut(bool) -> anyhow::Result<()>,
    ) -> anyhow::Result<Sample> {
        loop {
            match self.next(work)? {
                Event::Window(open) => edge(open)?,
                Event::Sample(sample) => return Ok(sample),
                other => return Err(unexpected(&other)),
            }
        }
    }

    fn next(&mut self, work: Duration) -> anyhow::Result<Event> {
        match self.events.recv_timeout(work + PATIENCE) {
            Ok(Event::Failed(why)) => bail!(why),
            Ok(event) => Ok(event),
            Err(RecvTimeoutError::Timeout) => bail!("the child is silent for too long"),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.process.wait()?;
                bail!("the child ended without an answer: {status}")
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It has said what it had to say; waiting for a graceful end would only cost time.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn unexpected(event: &Event) -> anyhow::Error {
    anyhow!("the child spoke out of turn: {event:?}")
}
