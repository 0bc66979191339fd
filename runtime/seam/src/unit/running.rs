//! A unit that runs inside this process: what it offers to the program around it.

use std::sync::Arc;
use std::time::Duration;

use seam_core::call::{AnyClient, ClientOf};
use seam_core::context::TraceContext;
use seam_core::contract::Contract;
use seam_core::name::ServiceId;
use seam_core::remote::Caller;
use seam_gateway::Own;
use seam_store::{OpenError, Store};
use seam_telemetry::otlp::Export;
use serde_json::value::RawValue;

use super::StartFailure;
use super::additions::Additions;
use super::api;
use super::clients::Routes;
use super::edge::Edge;
use super::edge_sockets::EdgeSockets;
use super::exporting::DroppedLines;
use super::failure::Taker;
use super::parts::Parts;
use super::plug::Plug;
use super::plugins;
use super::seen::{SeenAnswer, SeenAsk};
use super::starting::Starting;
use super::status::UnitStatus;
use super::taking::Taken;
use super::tickets;
use crate::config::{Config, UnitLayout};
use crate::services::{BusAnswer, BusAsk, BusRefusal, Registry};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How often `until_ready` looks.
const PERIOD: Duration = Duration::from_millis(10);

/// A unit inside this process: its clients, its addresses, and its end.
pub struct Running {
    parts: Arc<Parts>,
}

/// No client can be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this app has no service `{name}` with the contract `{contract}`")]
pub struct NoSuchClient {
    /// The service that was asked for.
    pub name: String,
    /// The contract of the client.
    pub contract: &'static str,
}

/// A unit isn't ready in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the unit isn't ready after {patience:?}: {}", reason(waits_for))]
pub struct NotReady {
    /// How long it was waited for.
    pub patience: Duration,
    /// Services that don't run and units that haven't answered, each with the reason; none if its
    /// services didn't even say how they are.
    pub waits_for: Vec<String>,
}

fn reason(waits_for: &[String]) -> String {
    match waits_for {
        [] => "its services don't say how they are".into(),
        waits_for => waits_for.join("; "),
    }
}

fn taker(layout: &UnitLayout) -> Taker {
    if layout.is_one_of_several() { Taker::OneOfSeveral } else { Taker::Unit }
}

impl Running {
    /// Starts the unit of `layout`. `shared` are the sockets on which it serves HTTP, if it shares them
    /// with others; otherwise it takes the addresses for itself.
    pub(crate) async fn start(
        registry: &Registry,
        additions: &Additions,
        config: &Config,
        layout: &UnitLayout,
        shared: EdgeSockets,
    ) -> Result<Self, StartFailure> {
        if let Some((service, contract)) = registry.graph().missing().first().copied() {
            return Err(StartFailure::Missing { service, contract });
        }
        let missing = |(_, needed): &(ServiceId, ServiceId)| !config.is_remote(needed.name());
        if let Some((service, needed)) = registry.elsewhere().into_iter().find(missing) {
            return Err(StartFailure::Missing { service, contract: needed.name() });
        }
        let mut starting = Starting::new(registry, config, layout)?;
        let started = starting.run().await;
        let parts = match started {
            Ok(parts) => {
                let parts = Arc::new(parts);
                parts.exporting.of(&parts);
                parts.recording.tapping().of(&parts);
                parts
            }
            Err(failure) => {
                starting.undo().await;
                return Err(failure);
            }
        };
        if layout.has_edge() {
            let routes = &parts.hosting.routes;
            let (tickets, pushes) = (tickets::of(&parts), parts.hears());
            let together = match &parts.hosting.edges {
                Some(edges) => Some(edges.join(parts.homes[0].runtime()).await),
                None => None,
            };
            let about = api::about(registry, config);
            let own = additions.own(routes, tickets, &parts.hosting.brokers, about);
            let instance = Some(format!("{}.{}", layout.unit, layout.instance).into());
            let recorder = Some(Arc::clone(&parts.hosting.recorder));
            let own = Own { pushes, instance, together, recorder, ..own };
            let sockets = shared.or_taken(layout, taker(layout));
            let unit = Arc::downgrade(&parts);
            let plugins = plugins::start(registry, config, routes, &parts.hosting.clock).await;
            let started = plugins.and_then(|plugins| {
                let own = Own { plugins, ..own };
                Edge::start(config, sockets?, routes, unit, own)
            });
            match started {
                Ok(edge) => *parts.edge.lock() = Some(edge),
                Err(failure) => {
                    parts.stop(Duration::ZERO).await;
                    return Err(failure);
                }
            }
        }
        Plug::start(&parts);
        Ok(Self { parts })
    }

    /// A client on the service of its contract, wherever that is; calls are made by the program.
    /// Services of other units are reached from a unit with `program = true`, with an edge, or with
    /// nothing else in it; from others only those that a service of this unit needs.
    ///
    /// # Errors
    /// If the app has no such service.
    pub fn client<K: ClientOf>(&self) -> Result<K, NoSuchClient> {
        let contract = K::Contract::NAME;
        Routes::typed(contract, self.parts.hosting.routes.contract(contract), Caller::Program)
    }

    /// A client on the service of that name.
    ///
    /// # Errors
    /// If the app has no service of that name and contract.
    pub fn client_of<K: ClientOf>(&self, name: &str) -> Result<K, NoSuchClient> {
        Routes::typed(name, self.parts.hosting.routes.service(name), Caller::Program)
    }

    /// A client on the service of that name that speaks JSON, whether it is the app's or was plugged in.
    pub fn any_client(&self, name: &str) -> Option<Arc<dyn AnyClient>> {
        self.parts.hosting.routes.any(name)
    }

    /// Calls a method of a service by their names, wherever the service is, with a JSON object of
    /// arguments.
    ///
    /// # Errors
    /// The problem that the edge would answer with.
    pub async fn call_json(
        &self,
        service: &str,
        method: &str,
        arguments: serde_json::Value,
        deadline: Option<Duration>,
    ) -> Result<serde_json::Value, serde_json::Value> {
        let arguments = if arguments.is_null() { String::new() } else { arguments.to_string() };
        let answer = self.call_text(service, method, &arguments, deadline).await?;
        // It is JSON; only what is nested deeper than any message is refused here.
        Ok(serde_json::from_str(answer.get()).unwrap_or_default())
    }

    /// The same with the text of the arguments, and of the answer.
    pub(crate) async fn call_text(
        &self,
        service: &str,
        method: &str,
        arguments: &str,
        deadline: Option<Duration>,
    ) -> Result<Box<RawValue>, serde_json::Value> {
        let routes = &self.parts.hosting.routes;
        let (call, who) = ((service, method, arguments), (Caller::Program, None));
        super::call::call_json(routes, call, deadline, who).await
    }

    /// What is known of events and commands here, and what is to be done with them.
    pub(crate) async fn ask_bus(&self, ask: BusAsk) -> Result<BusAnswer, BusRefusal> {
        let parts = Arc::clone(&self.parts);
        let asked = self.spawn(async move { parts.bus(&ask).await });
        asked.await.unwrap_or_else(|gone| Err(BusRefusal(gone.to_string())))
    }

    /// What was seen here.
    ///
    /// # Errors
    /// The unit has ended.
    pub(crate) async fn ask_seen(&self, ask: SeenAsk) -> Result<SeenAnswer, String> {
        let parts = Arc::clone(&self.parts);
        let asked = self.spawn(async move { parts.seen(&ask).await });
        asked.await.map_err(|gone| gone.to_string())
    }

    /// What takes the lines of this process to its collector.
    pub(crate) fn export(&self) -> Arc<Export> {
        Arc::clone(self.parts.exporting.export())
    }

    /// Has what it counts say how many lines of the log were dropped.
    pub(crate) fn count_lines(&self, dropped: DroppedLines) {
        self.parts.exporting.count_lines(dropped);
    }

    /// The same on one of the unit's threads.
    pub(crate) async fn call_on_home(
        &self,
        service: String,
        method: String,
        arguments: Box<RawValue>,
        deadline: Option<Duration>,
        trace: Option<TraceContext>,
    ) -> Result<Box<RawValue>, serde_json::Value> {
        let routes = Arc::clone(&self.parts.hosting.routes);
        let call = self.spawn(async move {
            let call = (&*service, &*method, arguments.get());
            super::call::call_json(&routes, call, deadline, (Caller::Operator, trace)).await
        });
        // The unit has ended, and its threads with it.
        call.await.unwrap_or_else(|gone| Err(serde_json::json!({ "detail": gone.to_string() })))
    }

    /// Spawns a task on one of the unit's threads, one after the other: where a program's own calls
    /// are cheapest, for on any other thread each must enter the unit's runtime first. The task ends
    /// with the unit.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.parts.next_home().runtime().spawn(future)
    }

    /// Where the edge serves, with the real port.
    pub fn http(&self) -> Option<std::net::SocketAddr> {
        self.parts.edge.lock().as_ref().and_then(|edge| edge.addresses().0)
    }

    /// Where the edge serves by TLS, with the real port.
    pub fn https(&self) -> Option<std::net::SocketAddr> {
        self.parts.edge.lock().as_ref().and_then(|edge| edge.addresses().1)
    }

    /// Where other units reach this one, with the real port.
    pub fn listen(&self) -> Option<String> {
        self.parts.listener.lock().as_ref().map(|listening| listening.address().to_string())
    }

    /// The unit's own database, `units/NAME` in the data folder, opened when it is first asked for:
    /// for what is the program's and no service's. Blocks for as long as opening takes.
    ///
    /// # Errors
    /// If it can't be opened: another process owns it, or it is damaged.
    pub fn store(&self) -> Result<Store, OpenError> {
        self.parts.database.open()
    }

    /// What the unit hosts and where the rest is, for now: another config may change that.
    pub fn layout(&self) -> Arc<UnitLayout> {
        self.parts.layout()
    }

    /// Goes by another config from now on, as far as a unit that runs can: what [`Taken::restart`] names
    /// needs a new start. Done once all of it is in force: services that move have ended here, or have
    /// started. Calls don't fail for it.
    pub async fn take(&self, config: &Config) -> Taken {
        let mut taken = self.take_first(config).await;
        taken.failed.extend(self.take_second().await);
        taken
    }

    /// The first step of that, which all units of an app take before any takes the second.
    pub(crate) async fn take_first(&self, config: &Config) -> Taken {
        self.parts.take(config).await
    }

    /// The second one: why services that move here don't start, if so.
    pub(crate) async fn take_second(&self) -> Vec<String> {
        self.parts.settle().await
    }

    /// Whether the unit can do its work: its services run, and every service that they need has
    /// answered once.
    ///
    /// # Errors
    /// What it waits for, for people.
    pub async fn ready(&self) -> Result<(), String> {
        self.parts.ready().await
    }

    /// Waits until the unit is ready: `running.until_ready(secs(5)).await?`.
    ///
    /// # Errors
    /// It isn't after `patience`; the error names the services and units that it waits for.
    pub async fn until_ready(&self, patience: Duration) -> Result<(), NotReady> {
        let until = Instant::now() + patience;
        let mut waits_for = Vec::new();
        while let Ok(waiting) = timeout_at(until, self.parts.waits_for()).await {
            if waiting.is_empty() {
                return Ok(());
            }
            waits_for = waiting;
            if Instant::now() >= until {
                break;
            }
            sleep_until(until.min(Instant::now() + PERIOD)).await;
        }
        Err(NotReady { patience, waits_for })
    }

    /// How the unit is.
    pub async fn status(&self) -> UnitStatus {
        self.parts.status().await
    }

    /// Stops taking calls, finishes those in flight within `[app] drain`, and ends the unit.
    pub async fn stop(&self) {
        let drain = self.parts.in_force.lock().config.app.drain;
        self.stop_within(drain).await;
    }

    /// As [`Running::stop`], with another time for what is in flight.
    pub async fn stop_within(&self, drain: Duration) {
        self.parts.stop(drain).await;
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("unit", &self.parts.layout().unit).finish_non_exhaustive()
    }
}
