//! An app: its services, and the ways to start it.

mod edge;
mod program;

use std::path::PathBuf;
use std::sync::Arc;

use seam_core::actor::Actor;
use seam_core::contract::{Contract, ContractDescriptor};
use seam_core::name::ServiceId;
use seam_core::time::Clock;
use seam_wire::Transport;

use crate::config::{Catalogue, Config, UnitLayout};
use crate::services::{Graph, Registry, Simulation};
use crate::unit::{Additions, EdgeSockets, Running, StartFailure};

/// An app: a name and its services. What runs where is up to `app.toml`.
///
/// ```no_run
/// # use seam::prelude::*;
/// # async fn start() -> Result<(), seam::StartFailure> {
/// let running = App::new("shop").start().await?;
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct App {
    name: Arc<str>,
    registry: Registry,
    additions: Additions,
    source: Source,
    unit: Option<String>,
    instance: u16,
    topology: Option<String>,
}

/// Where an app that is started by a program takes its config from.
#[derive(Clone, Default)]
struct Source {
    file: Option<PathBuf>,
    text: Option<String>,
    overrides: Vec<(String, String)>,
}

impl App {
    /// An app without services.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            registry: Registry::new(),
            additions: Additions::default(),
            source: Source::default(),
            unit: None,
            instance: 0,
            topology: None,
        }
    }

    /// Adds a service under the name of its contract; of a major after the first, `NAME@MAJOR`.
    ///
    /// # Panics
    /// If the contract's name is no name of a service.
    #[must_use]
    pub fn service<A: Actor>(self) -> Self {
        self.service_as::<A>(&A::Contract::descriptor().service())
    }

    /// Adds a service under a name of its own, for several services of one contract.
    ///
    /// # Panics
    /// If `name` is no name: empty, over 64 bytes, or with more than ASCII letters, digits, `-`,
    /// `_` and `.`; or if the app has a service of that name.
    #[must_use]
    pub fn service_as<A: Actor>(mut self, name: &str) -> Self {
        self.registry.add::<A>(name);
        self
    }

    /// Names the build, for handshakes and rollouts. Default: `dev`.
    #[must_use]
    pub fn release(mut self, release: impl Into<Arc<str>>) -> Self {
        self.registry.release = release.into();
        self
    }

    /// Takes the config from this file when started by a program, in place of `app.toml`.
    #[must_use]
    pub fn config_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.source.file = Some(file.into());
        self
    }

    /// Takes the config from this text when started by a program.
    #[must_use]
    pub fn config_text(mut self, text: impl Into<String>) -> Self {
        self.source.text = Some(text.into());
        self
    }

    /// Sets a key over the config when started by a program, as an environment variable would:
    /// `.set("SEAM__APP__DATA", folder)`.
    #[must_use]
    pub fn set(mut self, variable: impl Into<String>, value: impl Into<String>) -> Self {
        self.source.overrides.push((variable.into(), value.into()));
        self
    }

    /// Which unit a program starts; by default the only one of the topology.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Which instance of the unit a program starts. Default: 0, the first.
    #[must_use]
    pub fn instance(mut self, instance: u16) -> Self {
        self.instance = instance;
        self
    }

    /// In which topology a program starts its unit; by default the first, or the unit's own.
    #[must_use]
    pub fn topology(mut self, topology: impl Into<String>) -> Self {
        self.topology = Some(topology.into());
        self
    }

    /// Leaves out what guards calls within the unit: deadlines, permission, context (and with it the
    /// recognition of cycles) and metrics. Mailboxes and the panic guard stay. For measuring what
    /// policies cost; a program that people rely on wants them.
    #[must_use]
    pub fn without_policies(mut self) -> Self {
        self.registry.policies = false;
        self
    }

    /// Keeps the rows of the service of that name in memory, in place of its folder, for tests that
    /// choose what becomes of its commits. A clone of `memory` has the rows of the former start.
    #[doc(hidden)]
    #[must_use]
    pub fn store_on(mut self, service: &str, memory: seam_store::Memory) -> Self {
        self.registry.remember(service, memory);
        self
    }

    /// Has a unit run in a simulation: by its clock, over its network, and on the thread that starts it,
    /// within a runtime and a [`LocalSet`](tokio::task::LocalSet) that drive all of it.
    #[doc(hidden)]
    #[must_use]
    pub fn simulated(mut self, clock: Clock, transport: Arc<dyn Transport>) -> Self {
        self.registry.simulation = Some(Simulation { clock, transport });
        self
    }

    /// Starts one unit inside this program, and returns once its services have started. Reads no
    /// command line, and of the environment only what [`App::set`] was given.
    ///
    /// # Errors
    /// Config problems, an address in use, a database that can't be opened.
    pub async fn start(self) -> Result<Running, StartFailure> {
        let overrides = self.source.overrides.clone();
        let catalogue = self.catalogue();
        let config = match &self.source.text {
            Some(text) => Config::parse("app.toml", text.clone(), overrides, &catalogue),
            None => Config::load(self.source.file.as_deref(), overrides, &catalogue),
        }?;
        let layout =
            config.layout_of(self.topology.as_deref(), self.unit.as_deref(), self.instance)?;
        self.start_unit(&config, &layout).await
    }

    /// Starts the unit of `layout` by a config that is loaded.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start_unit(
        &self,
        config: &Config,
        layout: &UnitLayout,
    ) -> Result<Running, StartFailure> {
        Running::start(&self.registry, &self.additions, config, layout, EdgeSockets::default())
            .await
    }

    /// The app's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the build.
    pub fn release_name(&self) -> &str {
        &self.registry.release
    }

    /// What the config has to know of the services.
    pub fn catalogue(&self) -> Catalogue {
        self.registry.catalogue(&self.name)
    }

    /// Who calls whom, as the services declare it.
    pub fn graph(&self) -> Graph {
        self.registry.graph()
    }

    /// The services and their contracts.
    pub fn contracts(&self) -> Vec<(ServiceId, &'static ContractDescriptor)> {
        self.registry.contracts()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let services: Vec<_> =
            self.registry.services().iter().map(|service| service.id()).collect();
        f.debug_struct("App").field("name", &self.name).field("services", &services).finish()
    }
}
