//! The bench's app: started by a program, as docs and tests start theirs, with seam's defaults but
//! for what a cell is about.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, ensure};
use seam::{App, Running};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::naps::NapsService;
use super::prices::PricesClient;
use super::service::PricesService;

/// A unit that runs, and the folder that goes with it.
#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) unit: Running,
    _data: TempDir,
}

impl Ours {
    /// Starts the app's unit, with a folder of its own for data.
    pub(crate) async fn start(app: App) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let app = app.set("SEAM__APP__DATA", data.path().display().to_string());
        let unit = app.start().await.context("starting seam's unit")?;
        Ok(Self { unit, _data: data })
    }

    /// A client of the service, wherever it is.
    pub(crate) fn client(&self) -> anyhow::Result<PricesClient> {
        Ok(self.unit.client::<PricesClient>()?)
    }
}

/// The service in this process, with so many threads. `more` is appended to the config.
pub(crate) async fn all_in_one(threads: usize, more: &str) -> anyhow::Result<Ours> {
    Ours::start(prices(&format!("{ALL}{more}")).set(THREADS, threads.to_string())).await
}

/// The service in this process, called without policies.
pub(crate) async fn bare(threads: usize) -> anyhow::Result<Ours> {
    Ours::start(prices(ALL).set(THREADS, threads.to_string()).without_policies()).await
}

/// The service, with an edge on a free port; `more` are further lines of `[edge]`.
pub(crate) async fn edge(more: &str) -> anyhow::Result<Ours> {
    let more = format!("http = \"127.0.0.1:0\"\n[edge]\nconnections_per_address = 4096\n{more}");
    Ours::start(prices(&format!("{ALL}{more}"))).await
}

/// The service, reachable at `listen`, and one that naps.
pub(crate) async fn remote_server(listen: &str) -> anyhow::Result<Ours> {
    Ours::start(split(listen).unit("server")).await
}

/// A unit without services, for a program that calls the other at `address`: its link and its
/// callers share its only thread.
pub(crate) async fn remote_client(address: &str) -> anyhow::Result<Ours> {
    Ours::start(split(address).unit("client").set(THREADS, "1")).await
}

/// A unit without services, and so many instances of one that it calls at `listen`, all in this
/// process, with a thread each: the caller is the last one.
pub(crate) async fn both_ends(listen: &str, instances: u16) -> anyhow::Result<Vec<Ours>> {
    let app = || {
        let instances = instances.to_string();
        split(listen).set(THREADS, "1").set("SEAM__UNITS__SERVER__INSTANCES", instances)
    };
    let mut units = Vec::new();
    for instance in 0..instances {
        units.push(Ours::start(app().unit("server").instance(instance)).await?);
    }
    units.push(Ours::start(app().unit("client")).await?);
    Ok(units)
}

/// How many threads a unit has, in an app's settings.
pub(crate) const THREADS: &str = "SEAM__APP__THREADS";

const ALL: &str = "[units.all]\nservices = [\"prices\"]\n";

fn prices(config: &str) -> App {
    App::new("bench").service::<PricesService>().config_text(config)
}

/// Limits as high as everybody's.
fn split(address: &str) -> App {
    let config = format!(
        "[units.client]\nservices = []\n\
         [units.server]\nservices = [\"prices\", \"naps\"]\nlisten = \"{address}\"\n\
         [topologies]\nsplit = [\"client\", \"server\"]\n\
         [services.prices]\nmailbox = 4096\n"
    );
    prices(&config).service::<NapsService>()
}

/// Waits until a unit reaches those that it calls.
pub(crate) async fn ready(unit: &Running) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(10);
    while let Err(why) = unit.ready().await {
        ensure!(Instant::now() < patience, "the units don't find each other: {why}");
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Addresses on loopback that are free now, for units that must know each other's beforehand.
pub(crate) fn free_addresses(count: usize) -> std::io::Result<Vec<String>> {
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.to_string())).collect()
}
