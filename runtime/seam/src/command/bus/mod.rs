//! `topics`, `dead`, `tickets`, `schedules`, `replay`: events and commands of a running app, by its
//! control sockets.

mod print;

use std::io::Write as _;
use std::time::Duration;

use futures_util::future::try_join_all;
use seam_bus::{millis, unix_millis};
use seam_core::contract::EventDescriptor;
use serde_json::{Value as Json, json};

use super::Failure;
use super::args::{DeadCommand, ReplayArgs};
use super::control::Request;
use super::status::{self, Heard, nothing_runs};
use crate::config::{Catalogue, Config, KnownService, process};
use crate::services::{BusAnswer, BusAsk, From, Subscription};

/// How long a process may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same where it has to empty a service's store first.
const REBUILD: Duration = Duration::from_secs(300);

/// Asks all processes that run, and puts their answers together. One that says nothing is named, and
/// left out.
async fn ask_all(config: &Config, asked: &BusAsk) -> Result<BusAnswer, Failure> {
    let (whole, silent) = heard(config, asked).await?;
    for name in silent {
        tell(&format!("unit `{name}` runs and doesn't answer: what it knows is missing here"));
    }
    Ok(whole)
}

/// The same, with the names of those that say nothing.
pub(super) async fn heard(
    config: &Config,
    asked: &BusAsk,
) -> Result<(BusAnswer, Vec<String>), Failure> {
    let data = &config.app.data;
    let patience = if matches!(asked, BusAsk::Rebuild { .. }) { REBUILD } else { PATIENCE };
    let all = config.units.iter().flat_map(|unit| status::processes(data, unit));
    let names: Vec<String> = all.map(|(unit, instance)| process(unit, instance)).collect();
    let request = Request::Bus(asked.clone());
    let heard = names.iter().map(|name| status::ask_for(data, name, &request, patience));
    let (mut whole, mut any, mut silent) = (BusAnswer::default(), false, Vec::new());
    for (heard, name) in try_join_all(heard).await?.into_iter().zip(&names) {
        match heard {
            Heard::Answer(answer) => {
                any = true;
                whole.add(*answer);
            }
            Heard::Refusal(problem) => {
                let why = problem["detail"].as_str().unwrap_or("it says no");
                return Err(Failure::other(format!("unit `{name}`: {why}")));
            }
            Heard::Silence => {
                any = true;
                silent.push(name.clone());
            }
            Heard::Nobody => {}
        }
    }
    if any { Ok((whole, silent)) } else { Err(Failure::other(nothing_runs(config))) }
}

/// To people, beside what is printed for scripts.
fn tell(text: &str) {
    // Whoever doesn't listen misses it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// `topics`.
pub(super) async fn topics(
    config: &Config,
    catalogue: &Catalogue,
    as_json: bool,
) -> Result<String, Failure> {
    let BusAnswer { subscriptions, .. } = ask_all(config, &BusAsk::Topics {}).await?;
    let all = topics_of(catalogue, &subscriptions);
    Ok(if as_json { pretty(&all) } else { print::topics(&all) })
}

/// The topics of an app, with their subscriptions.
pub(super) fn topics_of(catalogue: &Catalogue, subscriptions: &[Subscription]) -> Vec<Json> {
    let topic = |(service, event): (&KnownService, &'static EventDescriptor)| {
        let of = subscriptions.iter();
        let of = of.filter(|on| on.topic == event.topic && on.version == event.version);
        let of: Vec<Json> =
            of.map(|on| json!({ "name": on.name, "lag": on.lag, "dead": on.dead })).collect();
        let (topic, version, publisher) = (&event.topic, event.version, &service.name);
        json!({ "topic": topic, "version": version, "publisher": publisher, "subscriptions": of })
    };
    catalogue.published().map(topic).collect()
}

/// `dead list`, `dead show`, `dead retry`, `dead drop`.
pub(super) async fn dead(config: &Config, command: DeadCommand) -> Result<String, Failure> {
    match command {
        DeadCommand::List { json } => {
            let BusAnswer { dead, .. } = ask_all(config, &BusAsk::Dead {}).await?;
            Ok(if json { pretty(&dead) } else { print::dead(&dead) })
        }
        DeadCommand::Show { id, json } => {
            let BusAnswer { dead, .. } = ask_all(config, &BusAsk::Dead {}).await?;
            let letter = dead.iter().find(|letter| letter.id == id).ok_or_else(|| none_of(&id))?;
            Ok(if json { pretty(letter) } else { print::letter(letter) })
        }
        DeadCommand::Retry { id, all: _, json } => {
            let ids = id.as_ref().map(|id| vec![id.clone()]);
            let BusAnswer { done, .. } = ask_all(config, &BusAsk::Retry { ids }).await?;
            done_with(id.as_deref(), &done, json, "to be tried again")
        }
        DeadCommand::Drop { id, json } => {
            let ids = vec![id.clone()];
            let BusAnswer { done, .. } = ask_all(config, &BusAsk::Drop { ids }).await?;
            done_with(Some(&id), &done, json, "dropped")
        }
    }
}

fn done_with(
    id: Option<&str>,
    done: &[String],
    as_json: bool,
    what: &str,
) -> Result<String, Failure> {
    if let (Some(id), []) = (id, done) {
        return Err(none_of(id));
    }
    let count = done.len();
    let letters = if count == 1 { "dead letter" } else { "dead letters" };
    Ok(if as_json { pretty(done) } else { format!("{count} {letters} {what}") })
}

fn none_of(id: &str) -> Failure {
    Failure::other(format!("there is no dead letter `{id}`\n  fix: `dead list` shows them"))
}

/// `tickets`.
pub(super) async fn tickets(config: &Config, as_json: bool) -> Result<String, Failure> {
    let BusAnswer { tickets, .. } = ask_all(config, &BusAsk::Tickets {}).await?;
    Ok(if as_json { pretty(&tickets) } else { print::tickets(&tickets) })
}

/// `schedules`.
pub(super) async fn schedules(config: &Config, as_json: bool) -> Result<String, Failure> {
    let BusAnswer { schedules, .. } = ask_all(config, &BusAsk::Schedules {}).await?;
    Ok(if as_json { pretty(&schedules) } else { print::schedules(&schedules) })
}

/// `replay`.
pub(super) async fn replay(
    config: &Config,
    catalogue: &Catalogue,
    args: ReplayArgs,
) -> Result<String, Failure> {
    let ReplayArgs { target, from, rebuild, json } = args;
    let replayed = replayed(config, catalogue, &target, from.as_deref(), rebuild).await?;
    let service = replayed["service"].as_str().unwrap_or_default();
    Ok(match (json, rebuild) {
        (true, _) => pretty(&replayed),
        (false, true) => format!("`{service}` is empty, and is filled by all events that are kept"),
        (false, false) => {
            format!("{} positions are read once more for `{target}`", replayed["positions"])
        }
    })
}

/// Hands events over once more: `{"service", "method", "positions"}`.
pub(super) async fn replayed(
    config: &Config,
    catalogue: &Catalogue,
    target: &str,
    from: Option<&str>,
    rebuild: bool,
) -> Result<Json, Failure> {
    let (service, method) = match target.rsplit_once('.') {
        Some((service, method)) if catalogue.service(target).is_none() => (service, Some(method)),
        _ => (target, None),
    };
    if catalogue.service(service).is_none() {
        let fix = crate::config::nearest(service, catalogue.names());
        return Err(Failure::usage(format!("there is no service `{service}`\n  fix: {fix}")));
    }
    let asked = match (method, from, rebuild) {
        (None, None, true) => BusAsk::Rebuild { service: service.into() },
        (Some(method), Some(from), false) => {
            BusAsk::Replay { service: service.into(), method: method.into(), from: parse(from)? }
        }
        _ => {
            let fix = format!(
                "`replay {service}.METHOD --from POSITION|TIME` hands events over once more; \
                 `replay {service} --rebuild` empties the service's store first"
            );
            return Err(Failure::usage(format!("what is to be replayed?\n  fix: {fix}")));
        }
    };
    let (BusAnswer { replayed, .. }, _) = heard(config, &asked).await?;
    let nowhere = || Failure::other(format!("`{service}` is at work nowhere\n  fix: see `status`"));
    let positions = replayed.ok_or_else(nowhere)?;
    Ok(json!({ "service": service, "method": method, "positions": positions }))
}

/// A position, or a time: `2026-11-28T12:00:00Z`, or so long ago: `2h`.
fn parse(from: &str) -> Result<From, Failure> {
    if let Ok(position) = from.parse() {
        return Ok(From::Position(position));
    }
    if let Some(ago) = crate::config::parse_duration(from) {
        return Ok(From::Time(unix_millis().saturating_sub(millis(ago))));
    }
    match print::read_time(from) {
        Some(time) => Ok(From::Time(time)),
        None => Err(Failure::usage(format!(
            "`{from}` is neither a position nor a time\n  \
             fix: use e.g. 17, 2026-11-28T12:00:00Z, or 2h for two hours ago"
        ))),
    }
}

fn pretty<T: serde::Serialize + ?Sized>(value: &T) -> String {
    // Texts and numbers can always be written.
    serde_json::to_string_pretty(value).unwrap_or_default()
}
