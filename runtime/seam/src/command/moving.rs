//! `move`: a service lives in another unit from now on, while its callers go on.

use std::{io, path::Path, process::ExitCode, time::Duration};

use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};

use super::{
    Failure,
    centre::{Act, Centre, Lock, Note, written},
    control::{UnitStatus, connect, socket_of},
    print,
    reload::{self, Outcome, What},
    status,
};
use crate::config::{self, Config, Kept, Over, Problems, Source, nearest, now};

/// How long it may take until the service runs at its new place.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked.
const PERIOD: Duration = Duration::from_millis(50);

/// What is to be moved, and where to.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) service: String,
    pub(super) unit: String,
    pub(super) json: bool,
}

/// What is to be written.
struct Plan {
    from: String,
    /// Nothing if it is there already.
    next: Option<Source>,
}

/// What was moved.
#[derive(Debug)]
pub(super) struct Moved {
    /// The unit that hosted the service before.
    pub(super) from: String,
    version: String,
    took: Duration,
}

impl Moved {
    /// Prints it.
    pub(super) fn show(&self, asked: &Asked) -> Result<ExitCode, Failure> {
        let (Asked { service, unit, json }, from) = (asked, &self.from);
        print(match (json, from == unit) {
            (true, _) => format!("{:#}", self.as_json(asked)),
            (false, true) => format!("{service}: in unit {unit} already"),
            (false, false) => {
                let took = self.took.as_secs_f64();
                format!("{service}: moved from unit {from} to {unit} in {took:.1} s")
            }
        })
    }

    pub(super) fn as_json(&self, asked: &Asked) -> Json {
        let (Asked { service, unit, .. }, Self { from, version, .. }) = (asked, self);
        json!({
            "ok": true, "service": service, "from": from, "unit": unit, "configVersion": version,
        })
    }
}

/// Rewrites the config file, has the running app take it, and waits until the service runs at its new
/// place. If it is refused, the file is as it was.
pub(super) async fn moved(centre: &Centre, by: &str, asked: &Asked) -> Result<Moved, Failure> {
    let Centre { files, data, parse, .. } = centre;
    let _lock = Lock::take(data).await?;
    let set = Kept::new(data).holding(now()).map_err(unchanged)?;
    let source = Source { set, ..files.read().map_err(unchanged)? };
    let config = parse(&source).map_err(unchanged)?;
    let began = Instant::now();
    let topology = running(&config).await?;
    let plan = plan(&source, &config, &topology, asked)?;
    let version = match plan.next {
        None => config.version().to_owned(),
        Some(next) => {
            let next_config = parse(&next).map_err(unchanged)?;
            if place(&next_config, &topology, &asked.service).as_deref() != Some(&*asked.unit) {
                return Err(Failure::usage(format!(
                    "a variable says what [units.{}] or [units.{}] hosts, over the file\n  \
                     fix: unset SEAM__UNITS__…__SERVICES",
                    plan.from, asked.unit
                )));
            }
            let how = format!("move {} to {}", asked.service, asked.unit);
            let act = Act { by: by.to_owned(), how };
            let note = Note::leave(data, next_config.version(), &act);
            let _note = note.map_err(|error| unwritten(data, &error))?;
            written(files, &source, &next)?;
            let outcome = reload::of_all(data, What::Files).await?;
            if !outcome.invalid.is_empty() {
                written(files, &next, &source)?;
                return Err(outcome.refused(asked.json));
            }
            failed(outcome)?;
            next_config.version().to_owned()
        }
    };
    settled(&config, asked, began + PATIENCE).await?;
    Ok(Moved { from: plan.from, version, took: began.elapsed() })
}

fn unchanged(problems: Problems) -> Failure {
    Failure::usage(format!("{problems}\n\nnothing has changed"))
}

fn failed(outcome: Outcome) -> Result<(), Failure> {
    match outcome.failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::other(outcome.failed.join("\n"))),
    }
}

/// The topology that runs: that of an `up`, or of units that were started by `run`.
async fn running(config: &Config) -> Result<String, Failure> {
    for topology in &config.topologies {
        if let Ok(Some(_)) = connect(&config.app.data, &socket_of(&topology.name)).await {
            return Ok(topology.name.clone());
        }
    }
    let units = status::running(config).await?;
    let first = units.first().map(|unit| unit.topology.clone());
    first.ok_or_else(|| Failure::other(status::nothing_runs(config)))
}

fn plan(source: &Source, config: &Config, topology: &str, asked: &Asked) -> Result<Plan, Failure> {
    let Asked { service, unit, .. } = asked;
    if config.service(service).is_none() {
        let fix = nearest(service, config.services.iter().map(|own| own.name.as_str()));
        return Err(Failure::usage(format!("there is no service `{service}`\n  fix: {fix}")));
    }
    let units = || config.units.iter().map(|own| own.name.as_str());
    if units().all(|known| known != unit) {
        let fix = nearest(unit, units());
        return Err(Failure::usage(format!("there is no unit `{unit}`\n  fix: {fix}")));
    }
    let layouts = config.layouts(Some(topology))?;
    if layouts.iter().all(|own| own.unit != *unit) {
        let units: Vec<_> = layouts.iter().map(|own| format!("`{}`", own.unit)).collect();
        return Err(Failure::usage(format!(
            "unit `{unit}` isn't in topology `{topology}`, which runs\n  fix: use one of {}",
            units.join(", ")
        )));
    }
    // The config has passed its check: somebody hosts it.
    let from = place(config, topology, service).unwrap_or_default();
    let next = match from == *unit {
        true => None,
        false => Some(moved_in(source, service, &from, unit)?),
    };
    Ok(Plan { from, next })
}

/// The unit that hosts a service in a topology.
fn place(config: &Config, topology: &str, service: &str) -> Option<String> {
    let layouts = config.layouts(Some(topology)).ok()?;
    let hosts = layouts.into_iter().find(|own| own.services.iter().any(|name| name == service));
    hosts.map(|own| own.unit)
}

/// The files with the service in its other unit: it is written where both units' lists stand.
fn moved_in(source: &Source, service: &str, from: &str, to: &str) -> Result<Source, Failure> {
    let lists = [from, to].map(|unit| source.is_said_over(&["units", unit, "services"]));
    match (lists, &source.over) {
        ([false, false], _) | (_, None) => {
            let text = config::moved(&source.text, service, from, to).map_err(Failure::usage)?;
            Ok(Source { text, ..source.clone() })
        }
        ([true, true], Some(over)) => {
            let text = config::moved(&over.text, service, from, to).map_err(Failure::usage)?;
            Ok(Source { over: Some(Over { text, ..(**over).clone() }.into()), ..source.clone() })
        }
        (_, Some(over)) => Err(Failure::usage(format!(
            "the lists of [units.{from}] and [units.{to}] stand in two files, {} and {}\n  \
             fix: write both into one of them",
            source.name, over.name
        ))),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::usage(format!("{path} can't be written: {error}\n  fix: it must be there, and yours"))
}

/// Until the service runs in its unit, and nowhere else.
async fn settled(config: &Config, asked: &Asked, until: Instant) -> Result<(), Failure> {
    let Asked { service, unit, .. } = asked;
    loop {
        let units = status::running(config).await?;
        let state = |own: &UnitStatus| {
            let found = own.services.iter().find(|known| known.service == *service)?;
            Some((own.unit == *unit, found.state.clone()))
        };
        let states: Vec<_> = units.iter().filter_map(state).collect();
        let runs = states.iter().any(|(there, state)| *there && state == "running");
        if runs && states.iter().all(|(there, _)| *there) {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Failure::other(format!(
                "`{service}` doesn't run in unit `{unit}` after {PATIENCE:?}: see `status`"
            )));
        }
        sleep(PERIOD).await;
    }
}
