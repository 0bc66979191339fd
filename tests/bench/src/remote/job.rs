//! One remote measurement: a server, a driver, and the CPU time of both.

use std::iter::repeat_n;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::measure::{
    Ask, Caller, Child, Event, Load, Sample, Timing, announce, call_from_tasks, obey, pin, runtime,
    under_load,
};
use crate::messages::Message;

/// What a serving process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServeJob {
    pub(crate) contender: String,
    /// The cores that it may use; none: all.
    pub(crate) cores: Vec<usize>,
}

impl ServeJob {
    pub(crate) fn pin(&self) -> anyhow::Result<()> {
        pin(&self.cores)
    }

    /// Threads for servers that have several: one per core that they may use.
    pub(crate) fn workers(&self) -> usize {
        crate::measure::cores().len()
    }
}

/// What a driving process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DriveJob {
    pub(crate) contender: String,
    pub(crate) address: String,
    pub(crate) cores: Vec<usize>,
    pub(crate) message: Message,
    pub(crate) in_flight: usize,
    /// Beside those in flight, one call at a time that is answered so much later.
    pub(crate) nap_ms: Option<u64>,
    pub(crate) timing: Timing,
}

impl DriveJob {
    pub(crate) fn pin(&self) -> anyhow::Result<()> {
        pin(&self.cores)
    }

    /// Has the callers call, each on a task that `spawn` starts.
    pub(crate) async fn call<A: Ask + Clone>(
        &self,
        target: A,
        spawn: impl FnMut(Caller<A>) -> JoinHandle<()>,
    ) -> anyhow::Result<Sample> {
        let Self { message, nap_ms, timing, .. } = *self;
        let load = Load { message, timed: TIMED, nap_ms, timing };
        let targets = repeat_n(target, self.in_flight + usize::from(nap_ms.is_some()));
        call_from_tasks(load, targets, spawn, |open| announce(&Event::Window(open))).await
    }
}

/// The bench's side: starts both; the CPU time and the memory are those of both.
pub(crate) fn measure(serve: &ServeJob, mut drive: DriveJob) -> anyhow::Result<Sample> {
    let mut server = Child::start("serve", serve).context("the server")?;
    drive.address = server.address().context("the server")?;
    let mut driver = Child::start("drive", &drive)?;
    let work = drive.timing.warm_up() + drive.timing.measured();
    let (mut sample, used) = under_load(std::slice::from_mut(&mut server), &mut driver, work)?;
    for server in used {
        sample.cpu_us += server.cpu_us;
        sample.rss_kib += server.rss_kib;
    }
    Ok(sample)
}

/// One call in so many is timed.
const TIMED: u64 = 8;

/// The driver: callers on tasks of a current-thread runtime, over whatever `connect` makes. One
/// thread per process costs least for all of the contenders, and carries as many calls.
pub(crate) fn drive<A: Ask + Clone>(
    job: &DriveJob,
    connect: impl AsyncFnOnce(&str) -> anyhow::Result<A>,
) -> anyhow::Result<Sample> {
    runtime(1)?.block_on(async {
        let target = connect(&job.address).await.context("connecting")?;
        job.call(target, |caller: Caller<A>| tokio::spawn(caller.run())).await
    })
}

/// Runs a server on a current-thread runtime, in a task, until the bench lets go.
pub(crate) fn on_one_thread(
    server: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> anyhow::Result<()> {
    let stop = obey();
    runtime(1)?.block_on(async {
        tokio::select! {
            ended = tokio::spawn(server) => ended?,
            _ = stop => Ok(()),
        }
    })
}

/// A listener on a free port of loopback, announced to the bench.
pub(crate) async fn listening() -> anyhow::Result<tokio::net::TcpListener> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    announce(&Event::Listening(listener.local_addr()?.to_string()));
    Ok(listener)
}
