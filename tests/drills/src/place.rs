//! The apps that a drill lets run: this binary, started again as one of them.

use std::env;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;
use seam_tests::http::post;
use seam_tests::process::{Process, signal};
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Says which app this process is, in place of one that runs drills.
const ROLE: &str = "SEAM_DRILL_APP";

/// An app that this binary can be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum App {
    /// The shop.
    Shop,
    /// Services that call one another, and one that naps.
    Chain,
    /// Services that publish, subscribe and enqueue.
    Market,
    /// One who publishes numbers, and one who hears them.
    Feed,
}

impl App {
    fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Chain => "chain",
            Self::Market => "market",
            Self::Feed => "feed",
        }
    }
}

/// Which app this process is to be, if any.
pub(crate) fn app() -> Option<App> {
    let role = env::var(ROLE).ok()?;
    [App::Shop, App::Chain, App::Market, App::Feed].into_iter().find(|app| app.name() == role)
}

/// The environment in which this binary is that app.
pub(crate) fn role(app: App) -> (String, String) {
    (ROLE.into(), app.name().into())
}

/// The shop's own `app.toml`.
fn shop_toml() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../app.toml"))
}

/// A shop that runs under `up split`, and has a user.
#[derive(Debug)]
pub(crate) struct Shop {
    // Before the folder that it works in.
    up: Process,
    premises: Premises,
    pub(crate) edge: SocketAddr,
}

impl Shop {
    /// Starts it, with the settings of an environment, and waits until all its units are ready.
    pub(crate) async fn open(
        settings: Vec<(String, String)>,
        units: usize,
    ) -> anyhow::Result<Self> {
        Self::open_after(settings, units, &[]).await
    }

    /// As [`Shop::open`], after one of its commands, if there is one.
    pub(crate) async fn open_after(
        settings: Vec<(String, String)>,
        units: usize,
        first: &[&str],
    ) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(shop_toml()).context("reading the shop's app.toml")?;
        let mut settings = settings;
        settings.push(role(App::Shop));
        // Each drill may edit the file: it is the drill's own.
        let premises = Premises::with(env::current_exe()?, &text, settings)?;
        if !first.is_empty() {
            succeed(&premises, first).await?;
        }
        let up = premises.start(&["up", "split"])?;
        let edge = premises.edge(units, false).await?;
        let shop = Self { up, premises, edge };
        until("all units are ready", Duration::from_secs(30), async || {
            let status = shop.status().await;
            status.len() == units && status.iter().all(|unit| unit["running"] == true)
        })
        .await?;
        let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
        let made = user.send(shop.edge).await.context("signing up")?;
        match made.status {
            201 => Ok(shop),
            status => bail!("signing up: {status} {}", made.text()),
        }
    }

    /// What `status --json` says; nothing if it fails.
    pub(crate) async fn status(&self) -> Vec<Value> {
        self.premises.status().await.unwrap_or_default()
    }

    /// The file that it runs by.
    pub(crate) fn config(&self) -> &Path {
        self.premises.config()
    }

    /// Runs one of its commands, and fails if that does.
    pub(crate) async fn command(&self, arguments: &[&str]) -> anyhow::Result<()> {
        succeed(&self.premises, arguments).await
    }

    /// The exit code of one of its commands.
    pub(crate) async fn code(&self, arguments: &[&str]) -> anyhow::Result<Option<i32>> {
        Ok(self.premises.command(arguments).await?.status.code())
    }

    /// The processes that run as a unit, by instance.
    pub(crate) async fn pids(&self, unit: &str) -> Vec<(u64, u32)> {
        let status = self.status().await;
        let units = status.iter().filter(|own| own["unit"] == unit && own["running"] == true);
        let pid = |own: &Value| own["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        units.filter_map(|own| Some((own["instance"].as_u64()?, pid(own)?))).collect()
    }

    /// The processes in which a service is in a state, as `status` says.
    pub(crate) async fn in_state(&self, service: &str, state: &str) -> Vec<u32> {
        let is = |own: &Value| {
            let services = own["services"].as_array()?;
            let service = services.iter().find(|other| other["service"] == service)?;
            let pid = own["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
            pid.filter(|_| service["state"] == state && own["running"] == true)
        };
        self.status().await.iter().filter_map(is).collect()
    }

    /// Ends it; it is to end well.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        let status = self.up.stop().await?;
        match status.success() {
            true => Ok(()),
            false => bail!("the shop ended with {status}"),
        }
    }
}

async fn succeed(premises: &Premises, arguments: &[&str]) -> anyhow::Result<()> {
    let output = premises.command(arguments).await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("{arguments:?}: {}: {said}", output.status)
}

/// Kills a process.
pub(crate) fn kill(pid: u32) -> anyhow::Result<()> {
    Ok(signal(pid, Signal::KILL)?)
}

/// Freezes a process, or thaws it.
pub(crate) fn freeze(pid: u32, frozen: bool) {
    // It may be gone by then: whoever is silent for long is killed.
    let _ = signal(pid, if frozen { Signal::STOP } else { Signal::CONT });
}

/// Waits until something holds, and says how long that took.
pub(crate) async fn until<F: Future<Output = bool>>(
    what: &str,
    patience: Duration,
    mut holds: impl FnMut() -> F,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    while !holds().await {
        if began.elapsed() > patience {
            bail!("not within {patience:?}: {what}");
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(began.elapsed())
}
