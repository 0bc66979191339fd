//! A full log on its way to a broker, beside the broker's bare client: 64 tasks that hand it the same
//! messages, each with one on its way.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow, bail};
use futures_util::future::BoxFuture;
use quanta::Instant;
use seam_bus::broker::{Broker, Forward, Latest, Outflow};
use seam_bus::intake::Position;
use seam_bus::subscription::SourceError;
use seam_bus::{EventLog, Feed, Record};
use seam_log::{Log, LogOptions};
use seam_store::Store;
use seam_tests::brokers::{Broker as Server, Kind};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::{bare, labels};
use crate::cli::Options;
use crate::measure::{Child, Entry, Group, Sample, Timing, Window, runtime, while_open};

/// Messages on their way at once, of the bare client.
const WRITERS: usize = 64;
const THREADS: usize = 2;
/// So many events a log has; whoever comes to its end begins anew.
const EVENTS: u64 = 200_000;
/// So many are written at once.
const AT_ONCE: u64 = 1_000;

/// Which broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Which {
    Nats,
    RabbitMq,
}

/// A broker, by name: whether its client is bare.
const CONTENDERS: [(&str, Which, bool); 4] = [
    ("nats bare", Which::Nats, true),
    ("seam nats", Which::Nats, false),
    ("rabbitmq bare", Which::RabbitMq, true),
    ("seam rabbitmq", Which::RabbitMq, false),
];

/// What a measuring process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CarryJob {
    which: Which,
    bare: bool,
    url: String,
    timing: Timing,
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.into_iter().map(|(name, _, _)| name)
}

/// The cells of both brokers, each a group of its own: what is compared runs on one server.
pub(super) fn groups(options: &Options) -> Vec<Group> {
    let installed = [Which::Nats, Which::RabbitMq].into_iter().filter(|w| w.kind().is_installed());
    installed.map(|which| options.group(entries(options, which))).collect()
}

impl Which {
    const fn kind(self) -> Kind {
        match self {
            Self::Nats => Kind::Nats,
            Self::RabbitMq => Kind::RabbitMq,
        }
    }
}

fn entries(options: &Options, which: Which) -> Vec<Entry> {
    // It is started by whoever is measured first, and ends with the bench.
    let server: Arc<Mutex<Option<Server>>> = Arc::default();
    let of = CONTENDERS.into_iter().filter(|(_, of, _)| *of == which);
    let wanted = of.filter(|(name, _, _)| options.wants(name));
    let entry = |(name, which, bare): (&str, Which, bool)| {
        let (server, timing) = (Arc::clone(&server), options.timing());
        let labels = labels(name, WRITERS, THREADS);
        let work = timing.warm_up() + timing.measured();
        Entry::new(labels, move || {
            let url = started(&server, which)?;
            let job = CarryJob { which, bare, url, timing };
            Child::start("measure-carry", &job)?.sample(work, |_| Ok(()))
        })
    };
    wanted.map(entry).collect()
}

fn started(server: &Mutex<Option<Server>>, which: Which) -> anyhow::Result<String> {
    let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
    if server.is_none() {
        *server = runtime(1)?.block_on(Server::start(which.kind()))?;
    }
    Ok(server.as_ref().context("the broker isn't installed")?.url())
}

/// The measuring child's side.
pub(crate) fn run(job: &CarryJob) -> anyhow::Result<Sample> {
    runtime(THREADS)?.block_on(async {
        let CarryJob { which, bare, ref url, timing } = *job;
        if bare {
            return while_open(
                timing,
                |_| {},
                async |window| bare::publish(which, url, WRITERS as u64, window).await,
            )
            .await;
        }
        let folder = tempfile::tempdir()?;
        let log = Log::open(folder.path(), LogOptions::default())?;
        for first in (1..=EVENTS).step_by(AT_ONCE as usize) {
            log.append((first..first + AT_ONCE).map(kept).collect()).await?;
        }
        let feed = Feed::default();
        feed.set(Some(EventLog::Own(log)));
        let broker = broker(which, url)?;
        while_open(timing, |_| {}, async |window| forward(&feed, &*broker, window).await).await
    })
}

fn broker(which: Which, url: &str) -> anyhow::Result<Box<dyn Broker>> {
    let home = Handle::current();
    Ok(match which {
        Which::Nats => {
            let keep = LogOptions::default().keep;
            Box::new(seam_nats::Events::new(url, "bench", keep, home))
        }
        Which::RabbitMq => {
            let rabbit =
                seam_rabbitmq::Rabbit::new(url, "bench", home).map_err(|why| anyhow!(why))?;
            Box::new(seam_rabbitmq::Events::new(rabbit))
        }
    })
}

/// An event as the desk publishes it.
pub(super) fn body(order: u64) -> String {
    format!(
        "{{\"order\":{order},\"customer\":{},\"totalCents\":{}}}",
        order % 1_000,
        order % 10_000
    )
}

fn kept(position: u64) -> seam_log::Record {
    seam_log::Record {
        position,
        at: position,
        topic: "desk.placed".to_owned(),
        version: 1,
        key: position.to_string().into_bytes(),
        headers: Vec::new(),
        body: body(position).into_bytes(),
    }
}

/// Hands the log over, from its beginning each time.
async fn forward(feed: &Feed, broker: &dyn Broker, window: &Arc<Window>) -> anyhow::Result<()> {
    for pass in 0.. {
        if window.is_closed() {
            break;
        }
        // Under names of their own: a broker passes over what it has.
        let inner = broker.outflow(&format!("desk{pass}-{}", fastrand::u32(..)));
        let mut counting = Counting { inner, window: Arc::clone(window), calls: 0 };
        let store = Store::in_memory();
        let forward = Forward::new(feed.clone(), &store, broker.name())?;
        let Err(error) = forward.run(&mut counting).await;
        window.count(counting.calls);
        if !window.is_closed() && error.to_string() != ENDED {
            bail!("{error}");
        }
    }
    Ok(())
}

/// Counts what the broker has taken, and ends with the log, or with the window.
struct Counting {
    inner: Box<dyn Outflow>,
    window: Arc<Window>,
    calls: u64,
}

/// Why a pass ends that hasn't failed.
const ENDED: &str = "the log is at its end";

impl Outflow for Counting {
    fn send<'a>(
        &'a mut self,
        events: &'a [(Position, Record)],
        latest: &'a Latest,
    ) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let over = || SourceError::new(ENDED);
            if self.window.is_closed() || events.is_empty() {
                return Err(over());
            }
            let (open, start) = (self.window.is_open(), Instant::now());
            self.inner.send(events, latest).await?;
            if open {
                self.window.record(start.elapsed());
                self.calls += events.len() as u64;
            }
            match events.last() {
                Some((last, _)) if *last >= EVENTS => Err(over()),
                _ => Ok(()),
            }
        })
    }
}
