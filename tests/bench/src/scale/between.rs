//! Calls between two processes: one unit, and a driver with as many connections as the cell has.

use std::future::pending;
use std::iter::repeat_n;
use std::sync::Arc;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seam_core::call::{Client, Deadlines, Dispatch, Route, Target};
use seam_core::contract::Contract;
use seam_core::memory;
use seam_core::name::ServiceId;
use seam_core::time::Clock;
use seam_wire::{Address, Identity, Link, LinkConfig};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::blobs::{BlobsContract, Echo};
use super::inside::Actors;
use super::unit::{UnitJob, name};
use crate::measure::{
    Ask, Caller, Child, Event, Load, Sample, Timing, announce, call_from_tasks, obey, runtime,
    under_load,
};
use crate::messages::Message;
use crate::ours::{PricesContract, Shared};
use crate::remote::on_one_thread;

/// One measurement between processes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BetweenJob {
    pub(super) address: String,
    /// Connections that are open.
    pub(super) connections: usize,
    /// Connections that carry calls.
    pub(super) busy: usize,
    pub(super) in_flight: usize,
    /// Echoes of so many bytes, and whether as text; else `price`.
    pub(super) echo: Option<(usize, bool)>,
    /// None: connections are opened and left alone.
    pub(super) timing: Option<Timing>,
}

/// One call in so many is timed.
const TIMED: u64 = 8;
/// So many connections shake hands at a time: a listener holds few that haven't.
const AT_ONCE: usize = 16;

/// The bench's side; the CPU time and the memory are those of both.
pub(super) fn measure(unit: &UnitJob, mut job: BetweenJob) -> anyhow::Result<Sample> {
    let mut server = Child::start("serve-scale", unit).context("the server")?;
    job.address = server.address().context("the server")?;
    let timing = job.timing.context("a measurement takes time")?;
    let mut driver = Child::start("drive-scale", &job)?;
    let work = timing.warm_up() + timing.measured();
    let (mut sample, used) = under_load(std::slice::from_mut(&mut server), &mut driver, work)?;
    for server in used {
        sample.cpu_us += server.cpu_us;
        sample.rss_kib += server.rss_kib;
    }
    Ok(sample)
}

/// The serving child's side. A unit that doesn't listen says that it is there all the same.
pub(super) fn serve(job: UnitJob) -> anyhow::Result<()> {
    allow_files()?;
    on_one_thread(async move {
        let ours = job.start().await?;
        announce(&Event::Listening(ours.unit.listen().unwrap_or_default()));
        pending().await
    })
}

/// The driving child's side: one thread, as in the other benches between processes.
pub(super) fn drive(job: &BetweenJob) -> anyhow::Result<Option<Sample>> {
    allow_files()?;
    // There is no unit around these links.
    memory::keep_freed();
    let runtime = runtime(1)?;
    let links = runtime.block_on(connect(job))?;
    let Some(timing) = job.timing else {
        announce(&Event::Listening(String::new()));
        let _ = runtime.block_on(obey());
        return Ok(None);
    };
    let busy = &links[..job.busy];
    let sample = match job.echo {
        None => {
            let id = ServiceId::of(&name(0)).context("a name")?;
            let clients = busy.iter().map(|link| Shared(client::<PricesContract>(link, id)));
            let target = Actors(clients.collect());
            runtime.block_on(call(job, timing, Message::Price, TIMED, target))
        }
        Some((size, text)) => {
            let id = ServiceId::of(BlobsContract::NAME).context("a name")?;
            let echoes =
                busy.iter().map(|link| Echo::new(client::<BlobsContract>(link, id), text, size));
            let target = Actors(echoes.collect());
            runtime.block_on(call(job, timing, Message::Tiny, 1, target))
        }
    };
    sample.map(Some)
}

async fn call<A: Ask + Clone>(
    job: &BetweenJob,
    timing: Timing,
    message: Message,
    timed: u64,
    target: A,
) -> anyhow::Result<Sample> {
    let load = Load { message, timed, nap_ms: None, timing };
    let targets = repeat_n(target, job.in_flight);
    let spawn = |caller: Caller<A>| tokio::spawn(caller.run());
    call_from_tasks(load, targets, spawn, |open| announce(&Event::Window(open))).await
}

/// Opens the connections, and waits until all of them stand.
async fn connect(job: &BetweenJob) -> anyhow::Result<Vec<Link>> {
    let address: Address = job.address.parse()?;
    let config = LinkConfig::new(Identity::new("bench", "driver", "dev"));
    let mut links = Vec::with_capacity(job.connections);
    while links.len() < job.connections {
        let from = links.len();
        for _ in from..job.connections.min(from + AT_ONCE) {
            links.push(Link::open(config.clone(), address.clone(), &Handle::current()));
        }
        for link in &links[from..] {
            link.connected().await;
        }
    }
    Ok(links)
}

/// A client whose calls take this connection.
fn client<C: Dispatch>(link: &Link, service: ServiceId) -> C::Client {
    let route = Route::<C>::new(service, Deadlines::default(), Clock::fast());
    route.set(Target::Remote(Arc::new(link.service(service, C::descriptor()))));
    Client::new(Arc::new(route), seam_core::remote::Caller::Program).into()
}

/// As many open files as the system lets this process have.
fn allow_files() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .context("asking for more open files")
}
