//! `status`: what is running, by the control sockets of this config and data folder.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use comfy_table::{CellAlignment, Table, presets};
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::{
    Failure,
    admin::{ADMIN, posts},
    control::{
        Away, Request, UnitStatus, ask, away, connect, holder, instances, is_of_up, names,
        socket_of,
    },
};
use crate::{
    config::{Config, UnitConfig, process},
    unit::EndpointState,
};

/// How long a process may take to say how it is. One that is stopped in its tracks never does. All are
/// asked at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of a unit that runs and doesn't answer.
const SILENT: &str =
    "it runs and doesn't say how it is: it is still starting, or its process is stopped";

/// What to say when nobody answers.
pub(super) fn nothing_runs(config: &Config) -> String {
    let (app, data) = (&config.app.name, config.app.data.display());
    format!(
        "nothing is running with this config and the data folder {data}\n  \
         fix: start it with `{app} run` or `{app} up`, or name its data folder: SEAM__APP__DATA=…"
    )
}

/// A process of the app: its unit, and which instance of that it is.
pub(super) type Process<'c> = (&'c str, u16);

/// What a process says of itself.
pub(super) enum Said {
    /// How it is.
    Status(Box<UnitStatus>),
    /// It isn't running.
    Gone,
    /// It is running, and says nothing.
    Nothing,
}

/// The processes that a unit may have: those of the config, and those that were started by hand.
pub(super) fn processes<'c>(data: &Path, unit: &'c UnitConfig) -> Vec<Process<'c>> {
    let further = instances(data, &unit.name).into_iter();
    let further = further.filter(|instance| *instance >= unit.instances);
    (0..unit.instances).chain(further).map(|instance| (unit.name.as_str(), instance)).collect()
}

/// The processes that answer, in the order of the config.
pub(super) async fn running(config: &Config) -> Result<Vec<UnitStatus>, Failure> {
    Ok(ask_all(config).await?.0)
}

/// The processes that answer, and those that run and don't.
pub(super) async fn ask_all(
    config: &Config,
) -> Result<(Vec<UnitStatus>, Vec<Process<'_>>), Failure> {
    let data = &config.app.data;
    let all: Vec<_> = config.units.iter().flat_map(|unit| processes(data, unit)).collect();
    let asked = all.iter().map(|(unit, instance)| ask_process(data, process(unit, *instance)));
    let (mut units, mut silent) = (Vec::new(), Vec::new());
    for (said, process) in try_join_all(asked).await?.into_iter().zip(&all) {
        match said {
            Said::Status(status) => units.push(*status),
            Said::Nothing => silent.push(*process),
            Said::Gone => {}
        }
    }
    Ok((units, silent))
}

/// The processes that answer on the same data folder and are none of the config's units.
pub(super) async fn beside(config: &Config) -> Result<Vec<UnitStatus>, Failure> {
    let data = &config.app.data;
    let own = |name: &String| {
        config.units.iter().any(|unit| {
            let rest = name.strip_prefix(unit.name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let others = names(data).into_iter().filter(|name| !is_of_up(name) && !own(name));
    let said = try_join_all(others.map(|name| ask_process(data, name))).await?;
    let status = |said| match said {
        Said::Status(status) => Some(*status),
        Said::Gone | Said::Nothing => None,
    };
    Ok(said.into_iter().filter_map(status).collect())
}

/// A process by its name, if it answers.
pub(super) async fn of_process(data: &Path, name: &str) -> Result<Option<UnitStatus>, Failure> {
    Ok(match ask_process(data, name.to_owned()).await? {
        Said::Status(status) => Some(*status),
        Said::Gone | Said::Nothing => None,
    })
}

/// Asks a process by its name how it is.
pub(super) async fn ask_process(data: &Path, name: String) -> Result<Said, Failure> {
    Ok(match ask_for(data, &name, &Request::Status {}, PATIENCE).await? {
        Heard::Answer(status) => Said::Status(status),
        Heard::Silence => Said::Nothing,
        // A process that can't say how it is isn't running.
        Heard::Refusal(_) | Heard::Nobody => Said::Gone,
    })
}

/// What a process answers.
pub(super) enum Heard<T> {
    /// What was asked for.
    Answer(Box<T>),
    /// Its problem with that.
    Refusal(Json),
    /// It is running, and says nothing.
    Silence,
    /// It isn't running, or ended meanwhile.
    Nobody,
}

/// Asks a process by its name.
pub(super) async fn ask_for<T: DeserializeOwned>(
    data: &Path,
    name: &str,
    request: &Request,
    patience: Duration,
) -> Result<Heard<T>, Failure> {
    let stream = match connect(data, name).await {
        Ok(Some(stream)) => stream,
        Ok(None) => return Ok(Heard::Nobody),
        // So many have asked it in vain that nobody else gets into its queue.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Heard::Silence),
        Err(error) => return Err(closed(name, &error)),
    };
    let answer = match ask(stream, request, patience).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(problem)) => return Ok(Heard::Refusal(problem)),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(Heard::Silence),
        Err(_) => return Ok(Heard::Nobody),
    };
    serde_json::from_str(answer.get()).map(|answer| Heard::Answer(Box::new(answer))).map_err(
        |error| Failure::other(format!("unit `{name}` is of another version of the app: {error}")),
    )
}

/// Why a socket that is there can't be opened.
pub(super) fn closed(unit: &str, error: &io::Error) -> Failure {
    let fix = "only the user who started the app may ask it";
    Failure::other(format!(
        "the control socket of unit `{unit}` can't be opened: {error}\n  fix: {fix}"
    ))
}

/// Asks every process.
pub(super) async fn status(config: &Config, json: bool) -> Result<String, Failure> {
    let Some((units, missing)) = known(config).await? else {
        return Err(match json {
            true => Failure::answer("[]"),
            false => Failure::other(nothing_runs(config)),
        });
    };
    Ok(match json {
        true => {
            let listeners = posts(&config.app.data);
            format!("{:#}", Json::Array(as_json(&units, &missing, &listeners)))
        }
        false => as_text(&units, &missing),
    })
}

/// What `status` says of each process as JSON; nothing if none runs.
pub(super) async fn objects(config: &Config) -> Result<Vec<Json>, Failure> {
    let listeners = posts(&config.app.data);
    let known = known(config).await?;
    Ok(known.map_or_else(Vec::new, |(units, missing)| as_json(&units, &missing, &listeners)))
}

/// The processes that answer, and those that don't; `None` if nothing runs.
async fn known(config: &Config) -> Result<Option<(Vec<UnitStatus>, Vec<Missing>)>, Failure> {
    let topologies = config.topologies.iter().map(|topology| topology.name.as_str());
    let (all, away) = tokio::join!(ask_all(config), away(&config.app.data, topologies));
    let (units, silent) = all?;
    if units.is_empty() && silent.is_empty() && away.is_empty() {
        return Ok(None);
    }
    let missing = missing(config, &units, &silent, &away);
    let units = [units, beside(config).await?].concat();
    Ok(Some((units, missing)))
}

/// A process that says nothing of itself.
struct Missing {
    unit: String,
    instance: u16,
    topology: String,
    /// It is there, though, by this id, if that is known.
    running: Option<Option<u32>>,
    /// `up` keeps it away.
    drained: bool,
}

/// The processes that don't answer: of the running topologies, those that run and say nothing, and
/// those that are kept `away`.
fn missing(
    config: &Config,
    units: &[UnitStatus],
    silent: &[Process<'_>],
    away: &Away,
) -> Vec<Missing> {
    let answers = |name: &str, instance| {
        units.iter().any(|unit| unit.unit == name && unit.instance == instance)
    };
    let runs = |name: &str| {
        units.iter().any(|unit| unit.topology == name)
            || away.values().any(|topology| topology == name)
    };
    let mut missing: Vec<Missing> = Vec::new();
    for topology in &config.topologies {
        let hosts = config.units.iter().filter(|unit| topology.units.contains(&unit.name));
        for (unit, instance) in hosts.flat_map(|unit| processes(&config.app.data, unit)) {
            let running = silent.contains(&(unit, instance));
            let known = missing.iter().any(|other| {
                other.unit == unit && other.instance == instance && other.running.is_some()
            });
            let configured = config.units.iter().any(|u| u.name == unit && instance < u.instances);
            let expected = configured && runs(&topology.name);
            if (expected || (running && !known)) && !answers(unit, instance) {
                let holder = || holder(&config.app.data, &process(unit, instance));
                missing.push(Missing {
                    unit: unit.to_owned(),
                    instance,
                    topology: topology.name.clone(),
                    running: running.then(holder),
                    drained: !running
                        && away.get(&(unit.to_owned(), instance)) == Some(&topology.name),
                });
            }
        }
    }
    missing
}

/// `listeners` are those for who operates the app, by name.
fn as_json(
    units: &[UnitStatus],
    missing: &[Missing],
    listeners: &[(String, SocketAddr)],
) -> Vec<Json> {
    let mut all: Vec<Json> = Vec::new();
    for unit in units {
        let mut status = json!(unit);
        status["running"] = json!(true);
        all.push(status);
    }
    all.extend(missing.iter().map(|missing| {
        let Missing { unit, instance, topology, running, drained } = missing;
        let mut status = json!({
            "unit": unit, "instance": instance, "topology": topology, "pid": running.flatten(),
            "running": running.is_some(), "drained": drained, "ready": false,
            "configVersion": null, "registry": null, "services": [], "methods": [],
        });
        if running.is_some() {
            status["reason"] = json!(SILENT);
        }
        status
    }));
    for status in &mut all {
        if let Some(listener) = listener(status, listeners) {
            status["admin"] = json!(listener);
        }
    }
    all
}

/// The listener that serves a unit: its own, that of its `up`, or that of `shop admin`.
fn listener(status: &Json, listeners: &[(String, SocketAddr)]) -> Option<SocketAddr> {
    let instance = status["instance"].as_u64().and_then(|number| number.try_into().ok())?;
    let own = process(status["unit"].as_str()?, instance);
    let names = [own, socket_of(status["topology"].as_str()?), ADMIN.to_owned()];
    let find = |name: &String| listeners.iter().find(|(known, _)| known == name);
    names.iter().find_map(find).map(|(_, address)| *address)
}

/// What processes are called in tables: by their unit, and by their number where there are several.
struct Labels(Vec<(String, u16)>);

impl Labels {
    fn of(units: &[UnitStatus], missing: &[Missing]) -> Self {
        let answers = units.iter().map(|unit| (unit.unit.clone(), unit.instance));
        let missing = missing.iter().map(|unit| (unit.unit.clone(), unit.instance));
        Self(answers.chain(missing).collect())
    }

    fn of_process(&self, unit: &str, instance: u16) -> String {
        let another = |(name, number): &(String, u16)| name == unit && *number != instance;
        match instance > 0 || self.0.iter().any(another) {
            true => format!("{unit}.{instance}"),
            false => unit.to_owned(),
        }
    }
}

/// Where a unit's edge serves.
fn edge(unit: &UnitStatus) -> Option<String> {
    let https = unit.https.as_ref().map(|https| format!("https://{https}"));
    let both = [unit.http.clone(), https];
    both.into_iter().flatten().reduce(|http, https| format!("{http}, {https}"))
}

fn as_text(units: &[UnitStatus], missing: &[Missing]) -> String {
    let labels = Labels::of(units, missing);
    let label = |unit: &UnitStatus| labels.of_process(&unit.unit, unit.instance);
    let missing_label = |unit: &Missing| labels.of_process(&unit.unit, unit.instance);
    let none = || "-".to_owned();
    let mut table = table(&["UNIT", "TOPOLOGY", "STATE", "PID", "UP", "HTTP", "LISTEN"], &[3, 4]);
    for unit in units {
        let state = if unit.ready { "ready" } else { "not ready" };
        table.add_row([
            label(unit),
            unit.topology.clone(),
            state.into(),
            unit.pid.to_string(),
            uptime(unit.uptime_ms),
            edge(unit).unwrap_or_else(none),
            unit.listen.clone().unwrap_or_else(none),
        ]);
    }
    for unit in missing {
        let state = match (unit.running.is_some(), unit.drained) {
            (true, _) => "silent",
            (false, true) => "drained",
            (false, false) => "not running",
        };
        let pid = unit.running.flatten().map_or_else(none, |pid| pid.to_string());
        let row = [missing_label(unit), unit.topology.clone(), state.into(), pid];
        table.add_row(row.into_iter().chain([none(), none(), none()]));
    }
    let mut text = format!("{}\n", trimmed(&table));
    for unit in units {
        if let Some(reason) = &unit.reason {
            text += &format!("  {}: {reason}\n", label(unit));
        }
    }
    for unit in units.iter().filter(|unit| !unit.registry.fresh) {
        let engine = &unit.registry.engine;
        text += &format!(
            "  {}: its registry ({engine}) can't be reached: what it knew last holds\n",
            label(unit)
        );
    }
    for silent in missing.iter().filter(|unit| unit.running.is_some()) {
        text += &format!("  {}: {SILENT}\n", missing_label(silent));
    }

    let mut table =
        self::table(&["SERVICE", "UNIT", "LANE", "STATE", "IN FLIGHT", "RESTARTS"], &[4, 5]);
    for unit in units {
        for service in &unit.services {
            table.add_row([
                service.service.clone(),
                label(unit),
                service.lane.clone(),
                service.state.clone(),
                service.in_flight.to_string(),
                service.restarts.to_string(),
            ]);
        }
    }
    if !table.is_empty() {
        text += &format!("\n{}\n", trimmed(&table));
    }

    for unit in units {
        let label = label(unit);
        for service in &unit.services {
            if let Some(reason) = &service.reason {
                text += &format!("  {} in {label}: {reason}\n", service.service);
            }
            if let Some(store) = service.store.as_deref().filter(|store| *store != "ok") {
                text += &format!("  {} in {label}: its store is {store}\n", service.service);
            }
        }
    }

    let heads = [
        "METHOD",
        "IN UNIT",
        "WAY",
        "CALLS",
        "ANSWERED",
        "ERRORS",
        "NOT EXEC.",
        "UNKNOWN",
        "P50",
        "P99",
    ];
    let mut table = self::table(&heads, &[3, 4, 5, 6, 7, 8, 9]);
    for unit in units {
        for method in unit.methods.iter().filter(|method| method.metrics.calls > 0) {
            table.add_row([
                format!("{}.{}", method.service, method.method),
                label(unit),
                if method.remote { "wire" } else { "local" }.into(),
                method.metrics.calls.to_string(),
                method.metrics.answered.to_string(),
                method.metrics.service_errors.to_string(),
                method.metrics.not_executed.to_string(),
                method.metrics.unknown.to_string(),
                latency(method.metrics.p50_us),
                latency(method.metrics.p99_us),
            ]);
        }
    }
    if !table.is_empty() {
        text += &format!("\n{}\n", trimmed(&table));
    }

    for unit in units {
        for plugged in unit.plugged.iter().filter(|plugged| plugged.state != "served") {
            let (service, version) = (&plugged.service, &plugged.version);
            let reason = plugged.reason.as_deref().unwrap_or("no process hosts it");
            text +=
                &format!("  {service} {version} isn't plugged into {}: {reason}\n", label(unit));
        }
    }

    let heads = ["ENDPOINT", "OF", "CALLED FROM", "STATE", "CALLS", "IN FLIGHT", "LATENCY"];
    let mut table = self::table(&heads, &[4, 5, 6]);
    for unit in units {
        for endpoint in &unit.endpoints {
            table.add_row([
                format!("{}.{}", endpoint.unit, endpoint.instance),
                endpoint.service.clone(),
                label(unit),
                match (endpoint.state, endpoint.well) {
                    (EndpointState::Ready, false) => "unwell".into(),
                    (state, _) => state.to_string(),
                },
                endpoint.calls.to_string(),
                endpoint.in_flight.to_string(),
                latency(endpoint.latency_us as f64),
            ]);
        }
    }
    if !table.is_empty() {
        text += &format!("\n{}\n", trimmed(&table));
    }
    text
}

/// A table without lines, with some columns of numbers.
pub(super) fn table(heads: &[&str], numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(heads.iter().copied());
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

pub(super) fn trimmed(table: &Table) -> String {
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn uptime(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86400, seconds / 3600 % 24),
    }
}

pub(super) fn latency(us: f64) -> String {
    match us {
        ..1.0 => format!("{:.0}ns", us * 1e3),
        ..1e3 => format!("{us:.1}us"),
        ..1e6 => format!("{:.1}ms", us / 1e3),
        _ => format!("{:.1}s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use seam_core::metrics::MethodMetrics;

    use crate::unit::{
        EndpointState, EndpointStatus, MethodStatus, PluggedStatus, RegistryStatus, ServiceStatus,
    };

    use super::*;

    fn front() -> UnitStatus {
        UnitStatus {
            registry: RegistryStatus { engine: "nats".into(), fresh: false },
            unit: "front".into(),
            instance: 0,
            topology: "split".into(),
            pid: 4242,
            uptime_ms: 61_500,
            ready: false,
            reason: Some("unit `pay` hasn't answered yet".into()),
            config_version: "0123456789abcdef".into(),
            http: Some("127.0.0.1:8080".into()),
            https: None,
            listen: None,
            log_lines_dropped: 0,
            services: vec![ServiceStatus {
                service: "order".into(),
                version: "1.0".into(),
                lane: "inline".into(),
                health: Some("bad".into()),
                state: "running".into(),
                reason: Some("its table is locked".into()),
                store: Some("full".into()),
                restarts: 1,
                in_flight: 2,
            }],
            methods: vec![
                MethodStatus {
                    service: "payment".into(),
                    version: "1.0".into(),
                    method: "charge".into(),
                    remote: true,
                    metrics: MethodMetrics {
                        calls: 10,
                        answered: 7,
                        service_errors: 1,
                        not_executed: 1,
                        unknown: 1,
                        p50_us: 0.25,
                        p99_us: 1500.0,
                        ..MethodMetrics::default()
                    },
                },
                MethodStatus::default(),
            ],
            endpoints: vec![EndpointStatus {
                service: "payment".into(),
                unit: "pay".into(),
                instance: 1,
                state: EndpointState::Open,
                well: true,
                calls: 10,
                in_flight: 2,
                latency_us: 1_500,
            }],
            plugged: vec![PluggedStatus {
                service: "copycat".into(),
                version: "1.0".into(),
                state: "refused".into(),
                reason: Some("its route is taken".into()),
                instances: vec!["copycat.0".into()],
            }],
        }
    }

    fn pay(instance: u16, running: bool) -> Missing {
        let running = running.then_some(Some(4711));
        let (unit, topology) = ("pay".into(), "split".into());
        Missing { unit, instance, topology, running, drained: false }
    }

    #[test]
    fn tables_for_people() {
        let expected = "\
UNIT   TOPOLOGY  STATE         PID     UP  HTTP            LISTEN
front  split     not ready    4242  1m 1s  127.0.0.1:8080  -
pay    split     not running     -      -  -               -
  front: unit `pay` hasn't answered yet
  front: its registry (nats) can't be reached: what it knew last holds

SERVICE  UNIT   LANE    STATE    IN FLIGHT  RESTARTS
order    front  inline  running          2         1
  order in front: its table is locked
  order in front: its store is full

METHOD          IN UNIT  WAY   CALLS  ANSWERED  ERRORS  NOT EXEC.  UNKNOWN    P50    P99
payment.charge  front    wire     10         7       1          1        1  250ns  1.5ms
  copycat 1.0 isn't plugged into front: its route is taken

ENDPOINT  OF       CALLED FROM  STATE  CALLS  IN FLIGHT  LATENCY
pay.1     payment  front        open      10          2    1.5ms
";
        assert_eq!(as_text(&[front()], &[pay(0, false)]), expected);
    }

    #[test]
    fn instances_are_told_apart() {
        let drained = Missing { drained: true, ..pay(2, false) };
        let text = as_text(&[], &[pay(0, true), pay(1, false), drained]);
        let expected = "\
UNIT   TOPOLOGY  STATE         PID  UP  HTTP  LISTEN
pay.0  split     silent       4711   -  -     -
pay.1  split     not running     -   -  -     -
pay.2  split     drained         -   -  -     -
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains(&format!("  pay.0: {SILENT}\n")), "{text}");
    }

    #[test]
    fn json_for_scripts() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let listeners = [("front".to_owned(), at(7070)), ("up+micro".to_owned(), at(7171))];
        let units = as_json(&[front()], &[pay(0, false), pay(1, true)], &listeners);
        assert_eq!(units[0]["admin"], "127.0.0.1:7070");
        assert!(units[1].get("admin").is_none());
        let listeners = [("up+split".to_owned(), at(7171)), (ADMIN.to_owned(), at(7272))];
        let served = as_json(&[front()], &[pay(0, false)], &listeners);
        assert!(served.iter().all(|unit| unit["admin"] == "127.0.0.1:7171"), "{served:?}");
        let served = as_json(&[front()], &[pay(0, false)], &listeners[1..]);
        assert!(served.iter().all(|unit| unit["admin"] == "127.0.0.1:7272"), "{served:?}");
        assert_eq!(units[0]["running"], true);
        assert_eq!(units[0]["methods"][0]["notExecuted"], 1);
        assert_eq!(units[0]["services"][0]["store"], "full");
        assert_eq!(units[0]["instance"], 0);
        assert_eq!(units[0]["configVersion"], "0123456789abcdef");
        let expected = json!({
            "unit": "pay", "instance": 0, "topology": "split", "pid": null, "running": false,
            "drained": false, "ready": false, "configVersion": null, "registry": null,
            "services": [], "methods": [],
        });
        assert_eq!(units[1], expected);
        let silent = &units[2];
        assert_eq!((&silent["running"], &silent["ready"]), (&json!(true), &json!(false)));
        assert_eq!((&silent["instance"], &silent["pid"]), (&json!(1), &json!(4711)));
    }

    #[test]
    fn times() {
        assert_eq!(uptime(999), "0s");
        assert_eq!(uptime(3_600_000), "1h 0m");
        assert_eq!(uptime(90_000_000), "1d 1h");
        assert_eq!(latency(12.34), "12.3us");
        assert_eq!(latency(2e6), "2.0s");
    }

    #[tokio::test]
    async fn nothing_runs_says_what_to_do() {
        let data = tempfile::tempdir().unwrap();
        let text = format!("[app]\nname = \"shop\"\ndata = {:?}\n", data.path());
        let config = Config::parse("app.toml", text, [], &crate::config::Catalogue::default());
        let config = config.unwrap();
        let failure = status(&config, true).await.unwrap_err();
        assert_eq!((failure.code, failure.answer, failure.text.as_str()), (1, true, "[]"));
        let failure = status(&config, false).await.unwrap_err();
        assert_eq!((failure.code, failure.answer), (1, false));
        assert!(failure.text.contains(&data.path().display().to_string()), "{}", failure.text);
        assert!(failure.text.contains("start it with `shop run`"), "{}", failure.text);
    }
}
