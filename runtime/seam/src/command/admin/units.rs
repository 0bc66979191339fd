//! The units of an app, asked through their control sockets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use seam_admin::{
    Act, Ask, BreakerAct, BreakerAction, Call, Done, Feed, Listen, LogQuery, Move, Refusal, Replay,
    Restart, ServiceQuery, Set, TraceQuery, Units,
};
use seam_core::name::bare;
use seam_telemetry::{Gauge, SecretNames, prometheus::Exposition};
use serde_json::{Value as Json, json, value::to_raw_value};
use tokio::time::sleep;

use super::{
    super::{
        Program, bus, call,
        centre::{self, Breaker, Centre, Change},
        moving, reload, replace,
        seen::{self, Rates, Trace},
        status, unknown as ledger, whereabouts,
    },
    answers::{Called, invalid, undone, unknown},
    audited::ended,
    lines,
    live::Live,
    taps::Taps,
    topology::topology,
};
use crate::{
    command::args::parse_target,
    config::{Catalogue, Config, Problems, Secrets, Source, environment, parse_duration, process},
    services::BusAsk,
    unit::TracesAsk,
};

/// Whom the config's history names: who it was is in the audit.
const WHO: &str = "admin";
/// How often it is looked how much units have counted.
const LOOK: Duration = Duration::from_secs(2);
/// How many traces are listed where nobody says it.
const TRACES: usize = 100;

/// An app that runs, as far as a listener sees it. Clones are the same.
pub(in crate::command) struct App<P>(Arc<Seen<P>>);

/// Which processes a listener shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) enum Scope {
    /// One instance of a unit.
    Instance(String, u16),
    /// All of a topology, and what is plugged into it.
    Topology(String),
    /// All on the data folder.
    All,
}

struct Seen<P> {
    program: P,
    catalogue: Catalogue,
    centre: Centre,
    scope: Scope,
    live: Arc<Live>,
    taps: Arc<Taps>,
    /// How much was told to those who listen, and not read in time.
    missed: Arc<AtomicU64>,
    rates: Rates,
}

impl<P: Program> App<P> {
    /// What runs by the config of a centre.
    pub(in crate::command) fn new(program: P, centre: Centre, scope: Scope) -> Self {
        Self(Arc::new(Seen {
            catalogue: program.catalogue(),
            program,
            centre,
            scope,
            live: Arc::default(),
            taps: Arc::default(),
            missed: Arc::default(),
            rates: Rates::default(),
        }))
    }

    /// Looks at what is counted every now and then, so that rates are known when they are asked for; for as
    /// long as anybody has this.
    pub(super) fn watch(&self) {
        let seen = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(seen) = seen.upgrade() {
                seen.count().await;
                drop(seen);
                sleep(LOOK).await;
            }
        });
    }
}

impl Scope {
    /// The process that listens, as its log calls it.
    fn listener(&self) -> String {
        match self {
            Self::Instance(unit, number) => process(unit, *number),
            Self::Topology(topology) => format!("up+{topology}"),
            Self::All => "admin".into(),
        }
    }

    /// Whether a unit is shown; a `stranger` is none of the config's, and was plugged in.
    fn shows(&self, unit: &Json, stranger: bool) -> bool {
        match self {
            Self::Instance(name, number) => unit["unit"] == **name && unit["instance"] == *number,
            Self::Topology(topology) => stranger || unit["topology"] == **topology,
            Self::All => true,
        }
    }
}

impl Scope {
    /// Whether a process is shown that may not run any more, by its name.
    fn has(&self, config: &Config, name: &str) -> bool {
        let is_of = |unit: &str| {
            name == unit || name.strip_prefix(unit).is_some_and(|rest| rest.starts_with('.'))
        };
        match self {
            Self::Instance(unit, number) => name == process(unit, *number),
            Self::Topology(topology) => {
                let named = config.topologies.iter().find(|known| known.name == *topology);
                let here = named.is_some_and(|known| known.units.iter().any(|unit| is_of(unit)));
                here || !config.units.iter().any(|unit| is_of(&unit.name))
            }
            Self::All => true,
        }
    }
}

impl<P: Program> Seen<P> {
    /// What the file says; while it is wrong, what whoever runs has accepted last.
    async fn config(&self) -> Result<Config, Refusal> {
        let env = environment().map_err(|problems| invalid(&problems))?;
        let source = whereabouts::source(&self.centre.files, &env, &self.catalogue);
        match source.and_then(|source| self.read(source)) {
            Ok(config) => Ok(config),
            Err(problems) => {
                let accepted = self.accepted().await?;
                accepted.ok_or_else(|| invalid(&problems))
            }
        }
    }

    /// What whoever runs goes by, if they say so.
    async fn accepted(&self) -> Result<Option<Config>, Refusal> {
        let env = environment().map_err(|problems| invalid(&problems))?;
        let accepted = whereabouts::accepted(&self.centre.files, &env, &self.catalogue).await;
        accepted.map(|source| self.read(source)).transpose().map_err(|problems| invalid(&problems))
    }

    fn read(&self, source: Source) -> Result<Config, Problems> {
        Config::of(&source, None, environment()?, &self.catalogue)
    }

    /// What whoever runs goes by, or else what the file says.
    async fn in_force(&self) -> Result<Config, Refusal> {
        match self.accepted().await? {
            Some(config) => Ok(config),
            None => self.config().await,
        }
    }

    /// The own config of a service.
    async fn own(&self, asked: ServiceQuery) -> Result<Json, Refusal> {
        let ServiceQuery { service, profile, secrets } = asked;
        let secrets = if secrets { Secrets::Told } else { Secrets::Hidden };
        let own = self.in_force().await?.own_config(&service, &profile, secrets);
        let missing = || {
            let what =
                format!("there is no config of a service `{service}` in profile `{profile}`");
            Refusal::not_found(what)
        };
        let own = own.ok_or_else(missing)?;
        serde_json::from_str(&own.body).map_err(|error| Refusal::failed(error.to_string()))
    }

    /// Sets a key, or takes back what was set.
    async fn change(&self, change: Change) -> Result<Done, Refusal> {
        let changed = centre::change(&self.centre, WHO, change).await.map_err(undone)?;
        let answer = changed.to_json();
        Ok(Done::new(&answer).instead_of(answer["old"].clone()))
    }

    async fn breaker(&self, asked: BreakerAct) -> Result<Done, Refusal> {
        let BreakerAct { action, service, from, hold } = asked;
        let open = action == BreakerAction::Open;
        let asked = Breaker { open, service, from, lasting: lasting(hold)? };
        let done = centre::breaker(&self.centre, WHO, asked).await.map_err(undone)?;
        let answer = done.to_json();
        Ok(Done::new(&answer).instead_of(answer["old"].clone()))
    }

    /// The units, as `status` shows them.
    async fn units(&self) -> Result<Vec<Json>, Refusal> {
        let config = self.config().await?;
        let mut units = status::objects(&config).await.map_err(unknown)?;
        units.retain(|unit| {
            let stranger = config.units.iter().all(|known| unit["unit"] != *known.name);
            self.scope.shows(unit, stranger)
        });
        Ok(units)
    }

    /// The processes that are shown, by their control sockets; some may be gone.
    async fn names(&self) -> Result<Vec<String>, Refusal> {
        let mut names = seen::names(&self.centre.data);
        match &self.scope {
            Scope::All => {}
            Scope::Instance(unit, instance) => {
                let own = process(unit, *instance);
                names.retain(|name| *name == own);
            }
            Scope::Topology(topology) => {
                let config = self.config().await?;
                let mut others: Vec<_> = config.units.iter().map(|unit| &unit.name).collect();
                if let Ok(shown) = config.layouts(Some(topology)) {
                    others.retain(|name| shown.iter().all(|layout| layout.unit != **name));
                }
                names.retain(|name| !others.iter().any(|other| seen::is_of_unit(name, other)));
            }
        }
        Ok(names)
    }

    async fn trace(&self, id: String) -> Result<Json, Refusal> {
        let id = id.to_ascii_lowercase();
        let none = || {
            Refusal::not_found(format!(
                "no unit has a trace `{id}`: it wasn't recorded, or made room for others"
            ))
        };
        let (data, names) = (&self.centre.data, self.names().await?);
        let trace = seen::spans_of(data, &names, &id).await.ok_or_else(none)?;
        let asked = LogQuery { trace: Some(id), ..LogQuery::default() };
        Ok(trace.to_json(&lines::query(data, asked).await?))
    }

    async fn topology(&self) -> Result<Json, Refusal> {
        let (units, config, ()) = tokio::join!(self.units(), self.in_force(), self.count());
        // What is in force says whose breakers somebody has opened.
        let services = config.map(|config| config.services).unwrap_or_default().into_iter();
        let refuse: Vec<_> = services.map(|own| (bare(&own.name).to_owned(), own.refuse)).collect();
        Ok(topology(&self.catalogue, units?, &self.rates.now(), &refuse))
    }

    /// Looks at what is counted now.
    async fn count(&self) {
        // Without a config, nobody knows whom to ask.
        let Ok(names) = self.names().await else { return };
        let counts = seen::counts(&self.centre.data, &names).await;
        self.rates.add(&counts, Instant::now());
    }

    async fn slow(&self) -> Result<Json, Refusal> {
        let (names, config) = (self.names().await?, self.in_force().await?);
        let contracts = self.program.contracts();
        let slow = seen::slow(&self.centre.data, &names, &config, &contracts).await;
        Ok(json!(slow))
    }

    fn contracts(&self) -> Json {
        let contracts = self.program.contracts();
        contracts
            .iter()
            .map(|(service, contract)| {
                let mut all = json!(contract);
                all["service"] = json!(service.name());
                all
            })
            .collect()
    }

    async fn bus(&self, ask: BusAsk) -> Result<crate::services::BusAnswer, Refusal> {
        let (answer, _) = bus::heard(&self.config().await?, &ask).await.map_err(unknown)?;
        Ok(answer)
    }

    async fn asked(&self, ask: Ask) -> Result<Json, Refusal> {
        match ask {
            Ask::Status => self.units().await.map(Json::Array),
            Ask::Topology => self.topology().await,
            Ask::Contracts => Ok(self.contracts()),
            Ask::Config => {
                let config = self.in_force().await?;
                Ok(json!({
                    "version": self.centre.history().number_of(config.version()),
                    "configVersion": config.version(),
                    "profile": config.profile().unwrap_or("default"),
                    "config": config.to_json_hidden(),
                }))
            }
            Ask::ServiceConfig(asked) => self.own(asked).await,
            Ask::ConfigHistory => centre::versions(&self.centre).map_err(unknown),
            Ask::Topics => {
                let answer = self.bus(BusAsk::Topics {}).await?;
                Ok(json!(bus::topics_of(&self.catalogue, &answer.subscriptions)))
            }
            Ask::Dead => Ok(json!(self.bus(BusAsk::Dead {}).await?.dead)),
            Ask::Tickets => Ok(json!(self.bus(BusAsk::Tickets {}).await?.tickets)),
            Ask::Unknown => {
                let (config, data) = (self.config().await?, self.centre.data.clone());
                let all = tokio::task::spawn_blocking(move || ledger::all(&data)).await;
                let mut all =
                    all.map_err(|gone| Refusal::failed(gone.to_string()))?.map_err(unknown)?;
                all.retain(|entry| {
                    self.scope.has(&config, entry["unit"].as_str().unwrap_or_default())
                });
                Ok(Json::Array(all))
            }
            Ask::Schedules => Ok(json!(self.bus(BusAsk::Schedules {}).await?.schedules)),
            Ask::Metrics { open_metrics } => {
                let form = match open_metrics {
                    true => Exposition::OpenMetrics,
                    false => Exposition::Text,
                };
                let counts = seen::counts(&self.centre.data, &self.names().await?).await;
                let missed = self.missed.load(Ordering::Relaxed);
                let missed = Gauge { what: "events".into(), value: missed };
                Ok(Json::String(form.write(&counts, &[(self.scope.listener(), missed)])))
            }
            Ask::Traces(asked) => {
                let names = self.names().await?;
                let TraceQuery { service, unit, min_ms, outcome, limit } = asked;
                let limit = limit.unwrap_or(TRACES);
                let asked = TracesAsk { service, min_ms, outcome, limit };
                let all = seen::traces(&self.centre.data, &names, unit.as_deref(), asked).await;
                Ok(all.iter().map(Trace::summary).collect())
            }
            Ask::Trace(id) => self.trace(id).await,
            Ask::Slow => self.slow().await,
            Ask::Logs(asked) => Ok(json!(lines::query(&self.centre.data, asked).await?)),
        }
    }

    async fn act(&self, act: Act) -> Result<Done, Refusal> {
        match act {
            Act::Call(call) => self.call(call).await,
            Act::Reload => {
                let outcome = reload::reloaded(&self.centre, WHO).await.map_err(undone)?;
                if !outcome.invalid.is_empty() {
                    let refusal = Refusal::new(
                        400,
                        "invalid_config",
                        "the config is wrong: nothing has changed",
                    );
                    return Err(refusal.with("problems", outcome.as_json()["problems"].take()));
                }
                Ok(Done::new(&outcome.as_json()).changing(outcome.change()))
            }
            Act::Set(Set { key, value, unit, hold }) => {
                let value = match value {
                    Json::String(text) => text,
                    value => value.to_string(),
                };
                let lasting = lasting(hold)?;
                self.change(Change { key, value: Some(value), unit, lasting }).await
            }
            Act::Unset { key, unit } => {
                self.change(Change { key, value: None, unit, lasting: None }).await
            }
            Act::Breaker(asked) => self.breaker(asked).await,
            Act::Rollback { version } => {
                let done = centre::rollback(&self.centre, WHO, version).await.map_err(undone)?;
                match done.failed.is_empty() {
                    true => Ok(Done::new(&done.to_json()).changing(done.change())),
                    false => Err(Refusal::conflict(done.failed.join("; "))),
                }
            }
            Act::Drain { unit } => {
                let config = self.config().await?;
                let target = parse_target(&unit).map_err(Refusal::bad_request)?;
                let asked = replace::Asked::drain(&config, &target).map_err(undone)?;
                self.replace(&config, &asked).await
            }
            Act::Restart(Restart { unit, rolling }) => {
                let config = self.config().await?;
                let target = parse_target(&unit).map_err(Refusal::bad_request)?;
                let asked = replace::Asked::restart(&config, &target, rolling).map_err(undone)?;
                self.replace(&config, &asked).await
            }
            Act::Move(Move { service, unit }) => {
                let asked = moving::Asked { service, unit, json: false };
                let moved = moving::moved(&self.centre, WHO, &asked).await;
                let moved = moved.map_err(undone)?;
                Ok(Done::new(&moved.as_json(&asked)).instead_of(moved.from.into()))
            }
            Act::Resolve { id, note } => {
                let resolved = ledger::resolved(&self.centre.data, &id, &note).await;
                let (answer, before) = resolved.map_err(|failure| match failure.code {
                    2 => Refusal::not_found(failure.text),
                    _ => Refusal::conflict(failure.text),
                })?;
                Ok(Done::new(&answer).instead_of(json!(before)))
            }
            Act::Retry { ids } => {
                let answer = self.bus(BusAsk::Retry { ids: ids.clone() }).await?;
                letters(ids.as_deref(), &answer.done)
            }
            Act::Drop { id } => {
                let ids = vec![id];
                let answer = self.bus(BusAsk::Drop { ids: ids.clone() }).await?;
                letters(Some(&ids), &answer.done)
            }
            Act::Replay(Replay { target, from, rebuild }) => {
                let config = self.config().await?;
                let replayed =
                    bus::replayed(&config, &self.catalogue, &target, from.as_deref(), rebuild);
                replayed.await.map(|answer| Done::new(&answer)).map_err(undone)
            }
        }
    }

    async fn replace(&self, config: &Config, asked: &replace::Asked) -> Result<Done, Refusal> {
        let (outcome, reason) = replace::ordered(config, asked, |_| {}).await.map_err(undone)?;
        let answer = outcome.as_json(reason.as_deref());
        match reason {
            None => Ok(Done::new(&answer)),
            Some(reason) => {
                let refusal = Refusal::conflict(reason);
                Err(refusal.with("instances", answer["instances"].clone()))
            }
        }
    }

    async fn call(&self, call: Call) -> Result<Done, Refusal> {
        let config = self.config().await?;
        let contracts = self.program.contracts();
        let Call { call, arguments } = call;
        let Some((service, method)) = call.rsplit_once('.') else {
            return Err(Refusal::bad_request("`call` is SERVICE.METHOD, e.g. payment.receipt"));
        };
        let known = call::known(&config, &contracts, service, method).await.map_err(undone)?;
        let arguments = arguments.as_ref().map_or("{}", |own| own.get());
        let asked = call::Asked {
            service: service.to_owned(),
            method: method.to_owned(),
            arguments: call::object(arguments).map_err(Refusal::bad_request)?,
            deadline: None,
            traceparent: None,
        };
        // What is shown to people has no secrets; a program asks the edge, or the command line.
        let secrets = SecretNames::of(contracts.iter().map(|(_, contract)| *contract));
        let failed = |error: serde_json::Error| Refusal::failed(error.to_string());
        let told = call::told(&asked.arguments, &secrets);
        let done = call::by_hand(&config, known, asked).await.map_err(unknown)?;
        let done = done.shown(&secrets).map_err(failed)?;
        let answer = to_raw_value(&Called::new(&done)).map_err(failed)?;
        Ok(Done { answer, old: Json::Null, new: Some(told), result: ended(&done.called) })
    }
}

/// For how long something is set.
fn lasting(hold: Option<String>) -> Result<Option<Duration>, Refusal> {
    let wrong = || Refusal::bad_request("`for` is a number and a unit: 10m");
    let read = |hold: String| parse_duration(&hold).filter(|own| !own.is_zero()).ok_or_else(wrong);
    hold.map(read).transpose()
}

/// What came of dead letters.
fn letters(ids: Option<&[String]>, done: &[String]) -> Result<Done, Refusal> {
    match ids {
        Some(ids) if done.is_empty() => {
            Err(Refusal::not_found(format!("there is no dead letter `{}`", ids.join("`, `"))))
        }
        _ => Ok(Done::new(&json!({ "ids": done }))),
    }
}

impl<P: Program> Units for App<P> {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Result<Json, Refusal>> {
        Box::pin(self.0.asked(ask))
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<Done, Refusal>> {
        Box::pin(self.0.act(act))
    }

    fn listen(&self, listen: Listen) -> BoxFuture<'_, Result<Feed, Refusal>> {
        Box::pin(async move {
            match listen {
                Listen::Live => {
                    let seen = Arc::clone(&self.0);
                    Ok(self.0.live.add(&self.0.missed, move || {
                        let seen = Arc::clone(&seen);
                        Box::pin(async move { seen.topology().await.ok() })
                    }))
                }
                Listen::Logs(asked) => lines::follow(&self.0.centre.data, asked, &self.0.missed),
                Listen::Tap(asked) => {
                    let seen = Arc::clone(&self.0);
                    let names = move || {
                        let seen = Arc::clone(&seen);
                        async move { seen.names().await.unwrap_or_default() }
                    };
                    self.0.taps.add(asked, self.0.centre.data.clone(), &self.0.missed, names)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_shows_what_it_is_for() {
        let unit = |unit: &str, instance: u16, topology: &str| json!({ "unit": unit, "instance": instance, "topology": topology });
        let units = [
            (unit("pay", 0, "split"), false),
            (unit("pay", 1, "split"), false),
            (unit("all", 0, "monolith"), false),
            (unit("loyalty", 0, "monolith"), true),
        ];
        let shown = |scope: &Scope| units.each_ref().map(|(own, is)| scope.shows(own, *is));
        assert_eq!(shown(&Scope::Instance("pay".into(), 1)), [false, true, false, false]);
        assert_eq!(shown(&Scope::Topology("split".into())), [true, true, false, true]);
        assert_eq!(shown(&Scope::All), [true; 4]);
    }
}
