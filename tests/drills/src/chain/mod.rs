//! An app of services that call one another, a unit each, for what the shop is too short for.

mod hops;
mod naps;

use std::env;
use std::time::Duration;

use anyhow::Context;
use seam::Running;
use seam_tests::process::Process;
use tempfile::TempDir;

pub(crate) use self::hops::FirstClient;
pub(crate) use self::naps::{AskerClient, NapperClient};
use crate::place::{App, role};

/// Its services, each in a unit of its name.
const SERVICES: [&str; 6] = ["first", "second", "third", "fourth", "asker", "napper"];

/// The app.
pub(crate) fn app() -> seam::App {
    seam::App::new("chain")
        .service::<hops::FirstService>()
        .service::<hops::SecondService>()
        .service::<hops::ThirdService>()
        .service::<hops::FourthService>()
        .service::<naps::AskerService>()
        .service::<naps::NapperService>()
}

/// The units of the chain that run, and this process as one that hosts nobody and calls them.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) caller: Running,
    units: Vec<(String, Process)>,
    file: std::path::PathBuf,
    folder: TempDir,
}

impl Chain {
    /// Starts a unit for each service, and the caller.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = folder.path().display();
        let mut text = format!("[app]\nname = \"chain\"\ndata = \"{place}/data\"\n");
        text += "[units.caller]\nservices = []\n";
        for service in SERVICES {
            text += &format!("[units.{service}]\nservices = [\"{service}\"]\n");
        }
        let units = SERVICES.map(|service| format!("\"{service}\""));
        text += &format!("[topologies]\nchain = [\"caller\", {}]\n", units.join(", "));
        let file = folder.path().join("app.toml");
        std::fs::write(&file, &text)?;
        let mut units = Vec::new();
        for service in SERVICES {
            units.push((service.to_owned(), start(service, &file, &folder)?));
        }
        let caller = app().config_text(text).unit("caller").start().await;
        let caller = caller.context("starting the caller")?;
        caller.until_ready(Duration::from_secs(30)).await.context("waiting for the units")?;
        Ok(Self { caller, units, file, folder })
    }

    /// Kills a unit.
    pub(crate) async fn kill(&mut self, service: &str) -> anyhow::Result<()> {
        for (_, unit) in self.units.iter_mut().filter(|(name, _)| name == service) {
            unit.kill().await?;
        }
        Ok(())
    }

    /// How many calls have come to the service's methods until now, as its own unit counts them.
    pub(crate) async fn calls(&self, service: &str) -> anyhow::Result<u64> {
        let arguments = ["--config", &self.file.display().to_string(), "status", "--json"];
        let mut command = tokio::process::Command::new(env::current_exe()?);
        let output = command.args(arguments).envs([role(App::Chain)]).output().await?;
        let units: serde_json::Value = serde_json::from_slice(&output.stdout).context("status")?;
        let own = units.as_array().into_iter().flatten().filter(|unit| unit["unit"] == service);
        let methods = own.flat_map(|unit| unit["methods"].as_array().into_iter().flatten());
        let methods = methods.filter(|method| method["service"] == service);
        Ok(methods.filter_map(|method| method["calls"].as_u64()).sum())
    }

    /// Ends them all.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        self.caller.stop().await;
        for (_, unit) in &mut self.units {
            // One that was killed is gone.
            let _ = unit.stop().await;
        }
        Ok(())
    }

    /// Starts a unit again that was killed.
    pub(crate) fn restart(&mut self, service: &str) -> anyhow::Result<()> {
        for (name, unit) in self.units.iter_mut().filter(|(name, _)| name == service) {
            *unit = start(name, &self.file, &self.folder)?;
        }
        Ok(())
    }
}

fn start(unit: &str, file: &std::path::Path, folder: &TempDir) -> anyhow::Result<Process> {
    let file = file.display().to_string();
    let arguments = ["--config", &file, "run", "--unit", unit];
    let log = folder.path().join(format!("{unit}.log"));
    Ok(Process::start(&env::current_exe()?, arguments, &[role(App::Chain)], &log)?)
}
