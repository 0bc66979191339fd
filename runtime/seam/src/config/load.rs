//! From a file, the environment and the app's catalogue to a config, or to all its problems.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use seam_core::{
    call::{CallPolicy, Deadlines, Faults},
    name::bare,
    policy::Balance,
    turn::Limits,
};
use seam_gateway::EdgeSettings;
use tracing_subscriber::EnvFilter;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Address, AdminConfig, Config,
    bus::{read_bus, read_on},
    catalogue::{Catalogue, KnownService},
    check,
    edge::read_edge,
    effective::Effective,
    env::{self, Env},
    https,
    live::lay_live,
    origin::Origin,
    otlp::{add_standard, read_otlp},
    policies::{read_breaker, read_policy},
    problem::{Problems, nearest},
    profile::{Profile, lay_over},
    reader::{Findings, Reader},
    registry::read_registry,
    settings::Settings,
    source::{DEFAULT_FILE, Files, Source},
    store::{StoreConfig, read_store},
    trace::read_trace,
    tree::{self, Entry, Kind, Node, Table},
    types::{
        AllowRule, AllowedCaller, AppConfig, CallsConfig, HealthConfig, Lane, LogConfig, LogFormat,
        RehearsalConfig, Resolution, ServiceConfig, TlsConfig, TopologyConfig, UnitConfig, Via,
    },
    value::{Bytes, FromNode},
};

/// The longest name of a unit or topology: it becomes part of a file name.
const LONGEST_NAME: usize = 64;

/// How many processes a unit may be: their numbers are below this.
pub(crate) const MAX_INSTANCES: u16 = 64;

impl Config {
    /// Reads `file`, or `app.toml` in the working directory, and lays `env` over it. Without an
    /// `app.toml` the defaults hold: one unit `all` with every service, at 127.0.0.1:8080. Where `env`
    /// has a `SEAM_PROFILE`, its file lies between them: `app.prod.toml`.
    ///
    /// `env` is usually [`environment()`](super::environment()).
    ///
    /// # Errors
    /// Everything that is wrong, found in one go; also a named file that can't be read, or is longer
    /// than 1 MiB.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        catalogue: &Catalogue,
    ) -> Result<Self, Problems> {
        let env: Vec<_> = env.into_iter().collect();
        let profile = Profile::chosen(None, &env)?;
        let source = Files { file: file.map(Path::to_owned), profile }.read()?;
        Self::of(&source, None, env, catalogue)
    }

    /// Reads the text of a file that messages call `name`.
    ///
    /// # Errors
    /// Everything that is wrong, found in one go.
    pub fn parse(
        name: &str,
        text: impl Into<String>,
        env: impl IntoIterator<Item = (String, String)>,
        catalogue: &Catalogue,
    ) -> Result<Self, Problems> {
        Self::of(&Source::of(name, text), None, env, catalogue)
    }

    /// Reads all that a source has, as it holds in a unit, or in no unit in particular.
    ///
    /// # Errors
    /// Everything that is wrong, found in one go.
    pub(crate) fn of(
        source: &Source,
        unit: Option<&str>,
        env: impl IntoIterator<Item = (String, String)>,
        catalogue: &Catalogue,
    ) -> Result<Self, Problems> {
        let env: Env = env.into_iter().collect();
        let mut problems = Vec::new();
        let file = Arc::new(Source::of(&*source.name, &*source.text));
        let mut root = tree::parse(&file).map_err(Problems::from_iter)?;
        if let Some(over) = &source.over {
            let over = Arc::new(Source::of(&*over.name, &*over.text));
            lay_over(&mut root, tree::parse(&over).map_err(Problems::from_iter)?);
        }
        env::fill(&mut root, &env, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into_iter().collect());
        }
        add_defaults(&mut root);
        let services: Vec<&str> = catalogue.tables().collect();
        env::override_keys(&mut root, &env, &services, &mut problems);
        add_standard(&mut root, &env, &mut problems);
        lay_live(&mut root, &source.set, unit, catalogue, &mut problems);

        let findings = Findings::default();
        let mut config = read(&root, catalogue, &findings);
        config.version = version(source, &env);
        config.profile = source.over.as_ref().map(|over| over.profile.clone());
        let source = file;
        check::check(&mut config, &root, &source, catalogue, &findings);
        problems.append(&mut findings.problems.take());
        config.effective = findings.effective.take();
        if problems.is_empty() { Ok(config) } else { Err(problems.into_iter().collect()) }
    }
}

impl Config {
    /// The data folder, as far as texts say it that may be broken, and the variables over them.
    pub(crate) fn data_of(
        source: &Source,
        env: impl IntoIterator<Item = (String, String)>,
        catalogue: &Catalogue,
    ) -> PathBuf {
        let part = |text: &str| tree::parse_what_can_be(&Arc::new(Source::of(DEFAULT_FILE, text)));
        let (env, mut ignored): (Env, _) = (env.into_iter().collect(), Vec::new());
        let mut root = part(&source.text);
        if let Some(over) = &source.over {
            lay_over(&mut root, part(&over.text));
        }
        env::fill(&mut root, &env, &mut ignored);
        let services: Vec<&str> = catalogue.tables().collect();
        env::override_keys(&mut root, &env, &services, &mut ignored);
        let findings = Findings::default();
        read_app(Reader::root(&findings, &root).table("app"), catalogue).data
    }
}

/// What tells this config from another: the same for the same texts and the same overrides, in every
/// process and build. What is set while the app runs has no part in it.
fn version(source: &Source, env: &Env) -> String {
    let mut all = source.text.clone();
    if let Some(over) = &source.over {
        all += &format!("\0{}\0{}", over.profile, over.text);
    }
    for (name, value) in env::overrides(env) {
        all += &format!("\0{name}={value}");
    }
    format!("{:016x}", xxh3_64(all.as_bytes()))
}

/// Without `[units]` there is `all`; without `[topologies]`, `monolith` is the first unit.
fn add_defaults(root: &mut Table) {
    let table = |entries| Node { origin: Origin::Default, kind: Kind::Table(Table { entries }) };
    let list = |name: &str| Node {
        origin: Origin::Default,
        kind: Kind::List(vec![Node::default_text(name)]),
    };
    let entry =
        |key: &str, node: Node| Entry { key: key.into(), origin: node.origin.clone(), node };
    let lacks = |root: &Table, key: &str| {
        root.get(key).is_none_or(|node| node.table().is_some_and(|table| table.entries.is_empty()))
    };
    if lacks(root, "units") {
        let http = Node::default_text(&EdgeSettings::default().listen.to_string());
        let all = table(vec![entry("services", list("*")), entry("http", http)]);
        root.entries.retain(|entry| entry.key != "units");
        root.entries.push(entry("units", table(vec![entry("all", all)])));
    }
    let first = root.get("units").and_then(Node::table).and_then(|units| units.entries.first());
    let first = first.map(|entry| (entry.key.clone(), entry.origin.clone()));
    if let (true, Some((name, origin))) = (lacks(root, "topologies"), first) {
        let mut monolith = entry("monolith", list(&name));
        // Its problems are best mended at the unit that it is made of.
        monolith.origin = origin;
        root.entries.retain(|entry| entry.key != "topologies");
        root.entries.push(entry("topologies", table(vec![monolith])));
    }
}

fn read(root: &Table, catalogue: &Catalogue, findings: &Findings) -> Config {
    let mut reader = Reader::root(findings, root);
    let app = read_app(reader.table("app"), catalogue);
    let admin = AdminConfig::read(&mut reader, root);
    let tls = read_tls(&mut reader, root);
    let log = read_log(reader.table("log"));
    let calls = read_calls(reader.table("calls"));
    let health = read_health(reader.table("health"));
    let rehearsal = read_rehearsal(reader.table("rehearsal"));
    let edge = read_edge(reader.table("edge"), (root, catalogue, findings));
    let registry = read_registry(reader.table("registry"));
    let bus = read_bus(reader.table("bus"));
    let trace = read_trace(reader.table("trace"));
    let otlp = read_otlp(reader.table("otlp"));
    let mut table = reader.table("store");
    let store = read_store(&mut table, &StoreConfig::default());
    table.finish();
    let units = reader.table("units");
    let read = |name| findings.of_unit(name, || read_unit(name, units.named(name)));
    let units = units.names().into_iter().map(read).collect();
    let topologies = reader.table("topologies").lists().into_iter();
    let topologies = topologies.map(|(name, units)| TopologyConfig { name, units }).collect();
    let defaults = (&calls, &rehearsal, &store);
    let services = read_services(&reader.table("services"), root, catalogue, findings, defaults);
    reader.finish();
    Config {
        app,
        admin,
        tls,
        log,
        calls,
        health,
        rehearsal,
        edge,
        registry,
        bus,
        trace,
        otlp,
        store,
        units,
        foreign: Vec::new(),
        topologies,
        services,
        start_order: Vec::new(),
        version: String::new(),
        profile: None,
        effective: Vec::new(),
    }
}

fn read_app(mut reader: Reader<'_>, catalogue: &Catalogue) -> AppConfig {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let app = AppConfig {
        name: reader.checked("name", catalogue.app.clone(), |name| check_name("app", name)),
        data: reader.value("data", "data".into()),
        threads: reader.within("threads", cores as u64, 1..=1024) as usize,
        drain: reader.value("drain", Duration::from_secs(30)),
        insecure: reader.value("insecure", false),
    };
    reader.finish();
    app
}

fn read_tls(reader: &mut Reader<'_>, root: &Table) -> Option<TlsConfig> {
    let there = reader.has("tls");
    let mut reader = reader.table("tls");
    let tls = there.then(|| TlsConfig {
        dir: reader.value("dir", "certs".into()),
        origin: match root.origin(&["tls", "dir"]) {
            Origin::Default => root.origin(&["tls"]),
            origin => origin,
        },
    });
    reader.finish();
    tls
}

fn read_log(mut reader: Reader<'_>) -> LogConfig {
    let log = LogConfig {
        level: reader.checked("level", "info".to_owned(), |level| {
            let fix = "write e.g. \"info\" or \"warn,seam=debug\"";
            let wrong = |error| (format!("`level` is no filter: {error}"), fix.to_owned());
            EnvFilter::try_new(level).map(drop).map_err(wrong)
        }),
        format: reader.value("format", LogFormat::Text),
        keep: reader.checked("keep", Bytes(256 << 20), log_keeps).0,
    };
    reader.finish();
    log
}

fn log_keeps(bytes: &Bytes) -> Result<(), (String, String)> {
    if bytes.0 == 0 || bytes.0 >= 1 << 20 {
        return Ok(());
    }
    Err(("less than 1 MiB holds no log".into(), "use e.g. \"64MiB\", or 0 for no files".into()))
}

fn read_calls(mut reader: Reader<'_>) -> CallsConfig {
    let calls = CallsConfig {
        deadline: reader.checked("deadline", Deadlines::default().otherwise, positive),
        resolution: reader.value("resolution", Resolution::Direct),
        policy: read_policy(&mut reader, CallPolicy::default()),
    };
    reader.finish();
    calls
}

fn read_health(mut reader: Reader<'_>) -> HealthConfig {
    let health = HealthConfig {
        interval: reader.checked("interval", Duration::from_secs(1), positive),
        timeout: reader.checked("timeout", Duration::from_secs(2), positive),
    };
    reader.finish();
    health
}

fn read_rehearsal(mut reader: Reader<'_>) -> RehearsalConfig {
    let rehearsal = RehearsalConfig {
        seed: reader.value("seed", None),
        faults: read_faults(&mut reader, Faults::default()),
    };
    reader.finish();
    rehearsal
}

/// Reads what a network would add; what isn't said is as in `default`.
fn read_faults(reader: &mut Reader<'_>, default: Faults) -> Faults {
    Faults {
        delay: reader.value("delay", default.delay),
        lost: reader.within("lost", default.lost, 0.0..=1.0),
        refused: reader.within("refused", default.refused, 0.0..=1.0),
    }
}

fn read_unit(name: &str, mut reader: Reader<'_>) -> UnitConfig {
    let unit = UnitConfig {
        name: name.into(),
        services: reader.value("services", vec!["*".into()]),
        http: reader.checked("http", None, |http| https::check_address("http", http)),
        https: reader.checked("https", None, |https| https::check_address("https", https)),
        listen: reader.value("listen", None),
        address: reader.checked("address", None, check_address),
        instances: reader.within("instances", 1, 1..=u64::from(MAX_INSTANCES)) as u16,
        program: reader.value("program", false),
    };
    reader.finish();
    unit
}

fn read_services(
    reader: &Reader<'_>,
    root: &Table,
    catalogue: &Catalogue,
    findings: &Findings,
    (calls, rehearsal, stores): (&CallsConfig, &RehearsalConfig, &StoreConfig),
) -> Vec<ServiceConfig> {
    let unknown = |name: &&str| catalogue.tables().all(|known| known != *name);
    let mut elsewhere = Vec::new();
    for name in reader.names().into_iter().filter(unknown) {
        if is_remote(root, name) {
            elsewhere.push(KnownService::new(name).elsewhere());
        } else {
            let reason = format!("unknown service `{name}`: this app has no such service");
            let fix = nearest(name, catalogue.tables());
            findings.problem(&root.origin(&["services", name]), reason, fix);
        }
    }
    let read = |known: &KnownService| {
        let name = bare(&known.name);
        let mut reader = reader.named(name);
        let remote = reader.value("remote", false);
        let lane = reader.value("lane", Lane::Inline);
        let via = reader.value("via", Via::Wire);
        let mailbox = reader.within("mailbox", Limits::MAILBOX.into(), 1..=1_000_000) as usize;
        let turn_limit = reader.checked("turn_limit", Limits::TURN_LIMIT, positive);
        let balance = reader.value("balance", Balance::default());
        let mut refined = reader.table("calls");
        let set = refined.has("deadline");
        let deadline = refined.checked("deadline", calls.deadline, positive);
        let policy = read_policy(&mut refined, calls.policy);
        refined.finish();
        let (breaker, refuse) = read_breaker(reader.table("breaker"));
        let mut refined = reader.table("rehearsal");
        let rehearsal = read_faults(&mut refined, rehearsal.faults);
        refined.finish();
        let allow = reader.table("allow").lists().into_iter();
        let allow = allow.map(|(method, callers)| AllowRule {
            method,
            callers: callers.iter().map(|name| AllowedCaller::of(name)).collect(),
        });
        let allow = allow.collect();
        let mut refined = reader.table("store");
        let store = read_store(&mut refined, stores);
        let cache = refined.checked("cache", Bytes(16 << 20), cache).0;
        refined.finish();
        let on = read_on(reader.table("on"));
        let mut settings = Settings {
            path: format!("services.{name}.config"),
            origin: root.origin(&["services", name, "config"]),
            table: reader.raw("config").clone(),
        };
        reader.finish();
        findings.problems.borrow_mut().extend(known.settle(&mut settings).err());
        list_settings(&settings.path, &settings.table, findings);
        let (name, deadline) = (known.name.clone(), set.then_some(deadline));
        ServiceConfig {
            name,
            remote,
            lane,
            via,
            mailbox,
            turn_limit,
            deadline,
            policy,
            breaker,
            refuse,
            balance,
            rehearsal,
            allow,
            store,
            cache,
            on,
            settings,
        }
    };
    catalogue.services.iter().chain(&elsewhere).map(read).collect()
}

/// Whether `[services.NAME] remote` is true.
fn is_remote(root: &Table, name: &str) -> bool {
    let node = root.node(&["services", name, "remote"]);
    node.is_some_and(|node| bool::from_node(node).is_ok_and(|remote| remote))
}

/// A service's own keys are in effect as they are written.
pub(super) fn list_settings(path: &str, table: &Table, findings: &Findings) {
    for entry in &table.entries {
        let value = entry.node.show();
        let (table, key, origin) = (path.into(), entry.key.clone(), entry.node.origin.clone());
        findings.effective.borrow_mut().push(Effective { table, key, value, origin });
    }
}

pub(super) fn positive(duration: &Duration) -> Result<(), (String, String)> {
    match duration.is_zero() {
        false => Ok(()),
        true => Err(("a time of zero leaves no time at all".into(), "use e.g. \"5s\"".into())),
    }
}

fn cache(bytes: &Bytes) -> Result<(), (String, String)> {
    match bytes.0 {
        0..=0x10_0000_0000 => Ok(()),
        _ => Err(("`cache` is out of its range".into(), "use a value from 0 to \"64GiB\"".into())),
    }
}

fn check_address(address: &Option<Address>) -> Result<(), (String, String)> {
    match address {
        Some(address) if address.is_any_port() => Err((
            format!("`address` is {address}, and nobody can connect to port 0"),
            "name the port that others reach".into(),
        )),
        _ => Ok(()),
    }
}

/// Whether a name can be part of file names, command lines and log lines.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), (String, String)> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    match starts && name.len() <= LONGEST_NAME && name.chars().all(letter) {
        true => Ok(()),
        false => Err((
            format!("{name:?} can't be the name of {what}"),
            format!("use letters, digits, `-` and `_`, at most {LONGEST_NAME} of them"),
        )),
    }
}
