//! An app that does little but publish, subscribe and enqueue, a unit per service: the shop answers
//! some tens of orders a second, and a soak takes a hundred thousand.
//!
//! ```text
//! desk     takes orders: a row, an event and a command each, in one transaction
//! till     charges those for which a command comes, and publishes that
//! post     subscribes to both: confirms what was placed, ships what was charged
//! orders   what is known of an order by its number
//! ```

mod desk;
mod orders;
mod post;
mod till;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use seam::Running;
use seam_tests::process::Process;
use tempfile::TempDir;

pub(crate) use self::desk::DeskClient;
pub(crate) use self::orders::{CUSTOMERS, cents, is_charged};
pub(crate) use self::post::{Deeds, PostClient};
pub(crate) use self::till::{Money, TillClient};
use crate::place::{App, role};

/// Its services, each in a unit of its name.
pub(crate) const SERVICES: [&str; 3] = ["desk", "till", "post"];

/// The app.
pub(crate) fn app() -> seam::App {
    seam::App::new("market")
        .service::<desk::DeskService>()
        .service::<till::TillService>()
        .service::<post::PostService>()
}

/// The market's units as processes, and this process as one that hosts nobody and calls them.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) caller: Running,
    units: Vec<(&'static str, Process)>,
    file: PathBuf,
    folder: TempDir,
}

impl Market {
    /// Starts a unit for each service, and the caller. `store` is the text of `[store]`.
    pub(crate) async fn open(store: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = folder.path().display();
        let mut text = format!("[app]\nname = \"market\"\ndata = \"{place}/data\"\n{store}");
        text += "[units.caller]\nservices = []\n";
        for service in SERVICES {
            text += &format!("[units.{service}]\nservices = [\"{service}\"]\n");
        }
        let units = SERVICES.map(|service| format!("\"{service}\""));
        text += &format!("[topologies]\nmarket = [\"caller\", {}]\n", units.join(", "));
        let file = folder.path().join("app.toml");
        std::fs::write(&file, &text)?;
        let caller = app().config_text(text).unit("caller").start().await;
        let caller = caller.context("starting the caller")?;
        let mut market = Self { caller, units: Vec::new(), file, folder };
        for service in SERVICES {
            let unit = market.start(service)?;
            market.units.push((service, unit));
        }
        market.ready(Duration::from_secs(30)).await?;
        Ok(market)
    }

    /// Waits until every unit is reached.
    pub(crate) async fn ready(&self, patience: Duration) -> anyhow::Result<()> {
        self.caller.until_ready(patience).await.context("waiting for the units")
    }

    /// Kills a unit with SIGKILL, and starts it again at once.
    pub(crate) async fn strike(&mut self, number: usize) -> anyhow::Result<()> {
        let at = number % self.units.len();
        let service = self.units[at].0;
        self.units[at].1.kill().await?;
        self.units[at].1 = self.start(service)?;
        Ok(())
    }

    /// Ends them all.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        self.caller.stop().await;
        for (_, unit) in &mut self.units {
            unit.stop().await?;
        }
        Ok(())
    }

    fn start(&self, unit: &str) -> anyhow::Result<Process> {
        let file = self.file.display().to_string();
        let arguments = ["--config", &file, "run", "--unit", unit];
        let log = self.folder.path().join(format!("{unit}.log"));
        Ok(Process::start(&env::current_exe()?, arguments, &[role(App::Market)], &log)?)
    }
}
