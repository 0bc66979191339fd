//! The shop as real processes, in any of the modes whose answers must agree.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Request, Response};
use crate::process::{Process, example, signal};

/// How long the shop may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The services, as settings name them; each has a unit of its name.
const SERVICES: [&str; 8] =
    ["USER", "ORDER", "PAYMENT", "QUOTE", "MAIL", "SHIPPING", "HISTORY", "OVERVIEW"];

/// How the shop runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One process, arguments moved.
    Direct,
    /// One process, every call encoded and decoded.
    Encoded,
    /// One process, every service on a thread of its own.
    Arbiter,
    /// Three processes: `front`, `pay` and `quote`.
    Split,
    /// Nine processes: the edge and a service each.
    Micro,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Direct, Self::Encoded, Self::Arbiter, Self::Split, Self::Micro];

    fn topology(self) -> &'static str {
        match self {
            Self::Direct | Self::Encoded | Self::Arbiter => "monolith",
            Self::Split => "split",
            Self::Micro => "micro",
        }
    }

    fn units(self) -> usize {
        match self {
            Self::Direct | Self::Encoded | Self::Arbiter => 1,
            Self::Split => 3,
            Self::Micro => 9,
        }
    }

    fn settings(self) -> Vec<(String, String)> {
        let lane = |service: &str| (format!("SEAM__SERVICES__{service}__LANE"), "arbiter".into());
        match self {
            Self::Encoded => vec![("SEAM__CALLS__RESOLUTION".into(), "encoded".into())],
            Self::Arbiter => SERVICES.map(lane).into(),
            Self::Direct | Self::Split | Self::Micro => Vec::new(),
        }
    }
}

/// A folder with a shop's data and sockets, and the settings to start it there.
#[derive(Debug)]
pub struct Premises {
    folder: TempDir,
    program: PathBuf,
    config: PathBuf,
    environment: Vec<(String, String)>,
}

impl Premises {
    /// An empty one. The shop's own `app.toml` holds, but for addresses and the data folder.
    ///
    /// # Errors
    /// No folder can be made, or the example `shop` isn't built.
    pub fn new(settings: Vec<(String, String)>) -> io::Result<Self> {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app.toml");
        let folder = tempfile::tempdir()?;
        let mut environment = addresses(folder.path());
        environment.extend(settings);
        Ok(Self { folder, program: example("shop")?, config, environment })
    }

    /// An empty one with an `app.toml` of its own, in which `{premises}` stands for the folder.
    ///
    /// # Errors
    /// As [`Premises::new`].
    pub fn with_config(text: &str) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("app.toml");
        std::fs::write(&config, text.replace("{premises}", &folder.path().display().to_string()))?;
        Ok(Self { folder, program: example("shop")?, config, environment: Vec::new() })
    }

    /// An empty one for another app than the shop: its program, its `app.toml`, and settings beside
    /// the data folder.
    ///
    /// # Errors
    /// No folder can be made.
    pub fn of(
        program: PathBuf,
        config: PathBuf,
        settings: Vec<(String, String)>,
    ) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data").display().to_string();
        let mut environment = vec![("SEAM__APP__DATA".to_owned(), data)];
        environment.extend(settings);
        Ok(Self { folder, program, config, environment })
    }

    /// An empty one for another program that is the shop, with an `app.toml` of its own.
    ///
    /// # Errors
    /// No folder can be made.
    pub fn with(program: PathBuf, text: &str, settings: Vec<(String, String)>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("app.toml");
        std::fs::write(&config, text)?;
        let mut environment = addresses(folder.path());
        environment.extend(settings);
        Ok(Self { folder, program, config, environment })
    }

    /// The `app.toml` that it runs by.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Starts the program with these arguments.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(&self, arguments: &[&str]) -> io::Result<Process> {
        self.start_to(arguments, &self.log())
    }

    /// Starts the program with these arguments; what it prints is added to that file.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start_to(&self, arguments: &[&str], file: &Path) -> io::Result<Process> {
        let config = [OsStr::new("--config"), self.config.as_os_str()];
        let arguments = config.into_iter().chain(arguments.iter().map(OsStr::new));
        Process::start(&self.program, arguments, &self.environment, file)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where everything is printed.
    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What `status --json` says; nothing if nobody runs.
    ///
    /// # Errors
    /// The command can't be started.
    pub async fn status(&self) -> io::Result<Vec<Value>> {
        let output = self.command(&["status", "--json"]).await?;
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// Runs the program with these arguments to its end, beside what runs.
    ///
    /// # Errors
    /// It can't be started.
    pub async fn command(&self, arguments: &[&str]) -> io::Result<Output> {
        self.prepared(arguments).output().await
    }

    /// The program with these arguments, to be run by whoever has more to say of it.
    pub fn prepared(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command.arg("--config").arg(&self.config).args(arguments);
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Waits until so many units are ready, or until one of them serves HTTP if `ready` doesn't
    /// matter; gives the edge's address.
    ///
    /// # Errors
    /// It takes longer than a minute.
    pub async fn edge(&self, units: usize, ready: bool) -> io::Result<SocketAddr> {
        let began = Instant::now();
        loop {
            let status = self.status().await?;
            let up = status.iter().filter(|unit| unit["running"] == true);
            let up = up.filter(|unit| !ready || unit["ready"] == true).count();
            let address = status.iter().find_map(|unit| unit["http"].as_str()?.parse().ok());
            if let Some(address) = address.filter(|_| up == units) {
                return Ok(address);
            }
            if began.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("not up after {PATIENCE:?}: {status:?}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Settings of the shop by which everything is in the folder, and the edge at any port.
fn addresses(folder: &Path) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut environment = vec![("SEAM__APP__DATA".to_owned(), path("data"))];
    for unit in ["ALL", "FRONT", "EDGE", "GATE_A", "GATE_B"] {
        environment.push((format!("SEAM__UNITS__{unit}__HTTP"), "127.0.0.1:0".into()));
    }
    for unit in SERVICES.into_iter().chain(["PAY", "CORE"]) {
        environment.push((format!("SEAM__UNITS__{unit}__LISTEN"), format!("unix:{}", path(unit))));
    }
    environment
}

/// A running shop.
#[derive(Debug)]
pub struct Shop {
    mode: Mode,
    // Before the folder that it works in.
    process: Process,
    premises: Premises,
    edge: SocketAddr,
}

impl Shop {
    /// A new, empty shop, once it is ready.
    ///
    /// # Errors
    /// It doesn't come up.
    pub async fn open(mode: Mode) -> io::Result<Self> {
        Self::open_with(mode, Vec::new()).await
    }

    /// The same with more settings.
    ///
    /// # Errors
    /// It doesn't come up.
    pub async fn open_with(mode: Mode, settings: Vec<(String, String)>) -> io::Result<Self> {
        let premises = Premises::new([mode.settings(), settings].concat())?;
        let process = premises.start(&["up", mode.topology()])?;
        let edge = premises.edge(mode.units(), true).await?;
        Ok(Self { mode, process, premises, edge })
    }

    /// Stops it and starts it again on what it has written.
    ///
    /// # Errors
    /// It doesn't end with exit code 0, or doesn't come up again.
    pub async fn reopen(&mut self) -> io::Result<()> {
        let status = self.process.stop().await?;
        if !status.success() {
            return Err(io::Error::other(format!("it ended with {status}")));
        }
        self.process = self.premises.start(&["up", self.mode.topology()])?;
        self.edge = self.premises.edge(self.mode.units(), true).await?;
        Ok(())
    }

    /// Stops it.
    ///
    /// # Errors
    /// It doesn't end with exit code 0.
    pub async fn close(mut self) -> io::Result<()> {
        let status = self.process.stop().await?;
        if !status.success() {
            return Err(io::Error::other(format!("it ended with {status}")));
        }
        Ok(())
    }

    /// Kills a unit's process with SIGKILL, if it runs just now.
    ///
    /// # Errors
    /// The status can't be had.
    pub async fn kill(&self, unit: &str) -> io::Result<bool> {
        let status = self.premises.status().await?;
        let Some(unit) = status.iter().find(|status| status["unit"] == unit) else {
            return Ok(false);
        };
        let id = unit["pid"].as_u64().and_then(|id| u32::try_from(id).ok());
        Ok(id.is_some_and(|id| signal(id, Signal::KILL).is_ok()))
    }

    /// Waits until all of it is ready, and finds the edge again.
    ///
    /// # Errors
    /// It takes longer than a minute.
    pub async fn recover(&mut self) -> io::Result<()> {
        self.edge = self.premises.edge(self.mode.units(), true).await?;
        Ok(())
    }

    /// Sends a request to the edge.
    ///
    /// # Errors
    /// There is no whole answer.
    pub async fn send(&self, request: &Request) -> io::Result<Response> {
        request.send(self.edge).await
    }

    /// Where the edge serves.
    pub fn edge(&self) -> SocketAddr {
        self.edge
    }

    /// Where it lives.
    pub fn premises(&self) -> &Premises {
        &self.premises
    }

    /// How it runs.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}
