//! The config, typed. Every field says what it means, its unit, its default and how it is written.

use std::{path::PathBuf, time::Duration};

use ipnet::IpNet;
use seam_core::{
    call::{CallPolicy, Faults},
    contract::Rule,
    policy::{Balance, BreakerSettings, Quota},
};
pub use seam_gateway::{UnknownQuery, Versions};

use super::{
    Address, AuthConfig, EdgeTlsConfig, Origin, StoreConfig, settings::Settings, value::Choice,
    web::CorsConfig,
};

/// `[app]`: the app as a whole.
///
/// ```toml
/// [app]
/// name = "shop"
/// data = "data"
/// threads = 4
/// drain = "30s"
/// insecure = false
/// ```
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// `name`: what units tell each other at the handshake. Default: the name in the code.
    pub name: String,
    /// `data`: the folder of embedded stores and control sockets, relative to the working
    /// directory. Default: `data`.
    pub data: PathBuf,
    /// `threads`: how many homes a unit has, i.e. threads that drive turns; 1 to 1024.
    /// Default: the number of cores.
    pub threads: usize,
    /// `drain`: how long calls in flight may take to end when the unit stops. Default: `30s`.
    pub drain: Duration,
    /// `insecure`: whether units may `listen` where other machines reach them without `[tls]`, so that
    /// whoever reaches them is believed to be any unit. Default: `false`.
    pub insecure: bool,
}

/// `[tls]`: units prove to each other who they are, by certificates, on every connection over TCP.
/// Without this table they don't.
///
/// ```toml
/// [tls]
/// dir = "certs"
/// ```
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// `dir`: the folder with `ca.pem`, `UNIT.pem` and `UNIT.key`, relative to the working directory.
    /// They are looked at every second. Default: `certs`.
    pub dir: PathBuf,
    /// Where it was written.
    pub origin: Origin,
}

/// `[log]`: what is logged: to standard error, and to files in the data folder.
///
/// ```toml
/// [log]
/// level = "info,seam=debug"
/// format = "json"
/// keep = "256MiB"
/// ```
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// `level`: a filter in the syntax of `tracing-subscriber`'s `EnvFilter`. What other people's
    /// crates say below `info` is left out unless they are named. Default: `info`.
    pub level: String,
    /// `format`: what standard error gets: `text` for people, `json` for machines. Default: `text`.
    pub format: LogFormat,
    /// `keep`: how much of a process's lines is kept in `logs` of the data folder, in bytes or as
    /// `256MiB`; 1 MiB at least, or `0` for no files. The oldest go first. Default: `256MiB`.
    pub keep: u64,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Choice for LogFormat {
    const ALL: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

/// `[calls]`: how calls behave unless a service or a method says otherwise.
///
/// ```toml
/// [calls]
/// deadline = "5s"
/// resolution = "direct"
/// attempts = 3
/// retry_budget = 0.2
/// retry_floor = 10
/// in_flight = 1024
/// rate = 0
/// wait = "1s"
/// slow = "500ms"
/// ```
#[derive(Clone, Debug)]
pub struct CallsConfig {
    /// `deadline`: after which a call's answer is worthless. Default: `5s`.
    pub deadline: Duration,
    /// `resolution`: how calls within a unit travel. Default: `direct`.
    pub resolution: Resolution,
    /// `attempts`, `retry_budget`, `retry_floor`, `in_flight`, `rate`, `wait`, `slow`: what guards the
    /// calls to each service, and from when on they are slow. Defaults: `3`, `0.2`, `10`, `1024`, `0`
    /// (no limit), `1s`, `500ms`.
    pub policy: CallPolicy,
}

/// How calls within a unit travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Arguments are moved.
    Direct,
    /// Arguments and results are encoded and decoded as if they crossed the wire: the rehearsal
    /// of a split.
    Encoded,
}

impl Choice for Resolution {
    const ALL: &'static [(&'static str, Self)] =
        &[("direct", Self::Direct), ("encoded", Self::Encoded)];
}

/// `[rehearsal]`: what a network would add, for `resolution = "encoded"`.
///
/// ```toml
/// [rehearsal]
/// seed = 7
/// delay = "2ms"
/// lost = 0.01
/// refused = 0.01
/// ```
#[derive(Clone, Debug)]
pub struct RehearsalConfig {
    /// `seed`: from which it follows which calls a fault befalls: the nth call to a service meets the
    /// same each time. Default: none, and others each time.
    pub seed: Option<u64>,
    /// `delay`: added to every call. Default: `0ms`.
    /// `lost`: the share of calls, 0 to 1, whose answer gets lost: `Unknown`. Default: `0.0`.
    /// `refused`: the share of calls, 0 to 1, that never get there: `NotExecuted`. Default: `0.0`.
    ///
    /// What `[services.NAME.rehearsal]` says stands before it.
    pub faults: Faults,
}

/// `[health]`: how services are asked how they are.
///
/// ```toml
/// [health]
/// interval = "1s"
/// timeout = "2s"
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HealthConfig {
    /// `interval`: how long after an answer a service is asked again. Default: `1s`.
    pub interval: Duration,
    /// `timeout`: how long it may take to answer; then it isn't well. Default: `2s`.
    pub timeout: Duration,
}

/// `[edge]`: the limits of the HTTP side.
///
/// ```toml
/// [edge]
/// deadline = "12s"
/// body = "1MiB"
/// body_time = "30s"
/// head_time = "5s"
/// write_time = "10s"
/// notice = "1s"
/// connections = 10000
/// connections_per_address = 100
/// rate = 0
/// failures = "1000/60s"
/// in_flight = 0
/// trusted = []
/// unknown_query = "refuse"
/// errors = "/errors/"
/// plug = ["*"]
/// forget = "60s"
/// open = false
/// [edge.versions]
/// loyalty = "1"
/// [edge.grey]
/// "loyalty@2" = 10
/// [edge.allow]
/// "order.list" = "self:user_id or role:support"
/// [edge.rates]
/// "user.create" = "20/4s"
///
/// [edge.cache]
/// "user.get" = "3s"
///
/// [edge.files]
/// "/" = "web"
/// ```
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// `deadline`: of a request, then 504. Default: `12s`, as clients of the form gateway expect.
    pub deadline: Duration,
    /// `body`: the largest body, in bytes or as `1MiB`; beyond it: 413. Default: `1MiB`.
    pub body: u64,
    /// `body_time`: how long a body may take to arrive. Default: `30s`.
    pub body_time: Duration,
    /// `head_time`: how long a request's head may take to arrive; then 408. Default: `5s`.
    pub head_time: Duration,
    /// `write_time`: how long a client may take nothing of what it is sent; then it is left.
    /// Default: `10s`.
    pub write_time: Duration,
    /// `notice`: for how long a unit that is told to stop still answers everything while `/readyz`
    /// says no, within `[app] drain`. Default: `1s`.
    pub notice: Duration,
    /// `connections`: open at once, as far as the system has descriptors for them. Default: 10000.
    pub connections: usize,
    /// `connections_per_address`: open at once from one address. Default: 100.
    pub connections_per_address: usize,
    /// `rate`: how many requests one credential may make, or one address (for IPv6, one /64) without one,
    /// over all edges: `"100/60s"`, or a number, so many a second; beyond it: 429. Default: `0`, no
    /// limit.
    pub rate: Option<Quota>,
    /// `rates."SERVICE.METHOD"`: the same for one method beside that, in place of what its contract says.
    /// Default: none.
    pub rates: Vec<EdgeRate>,
    /// `failures`: how many wrong credentials one address may send to an edge; beyond it none of it is
    /// looked at: 429. Default: `"1000/60s"`; `0`: no limit.
    pub failures: Option<Quota>,
    /// `in_flight`: how many requests an edge answers at once; beyond it: 503. Default: `0`, no limit.
    pub in_flight: u32,
    /// `trusted`: the networks and addresses of proxies, which are believed what they say of their
    /// clients, by `X-Forwarded-For`, `X-Forwarded-Proto` and the PROXY protocol, version 2. Default:
    /// `[]`.
    pub trusted: Vec<IpNet>,
    /// `unknown_query`: what becomes of keys of a query that nothing is read from. Default:
    /// `refuse`, by 400.
    pub unknown_query: UnknownQuery,
    /// `errors`: what stands before a code in a problem's `type`, where the code is explained; a URL
    /// or a path that ends with `/`. Default: `/errors/`, where every edge has pages for all codes.
    pub errors: String,
    /// `plug`: which services may be plugged in that the app doesn't know: patterns of names, in which
    /// `*` stands for any text; `[]` for none. Default: `["*"]`.
    pub plug: Vec<String>,
    /// `forget`: how long the routes of a service that was plugged in stay once no process hosts it any
    /// more. Default: `60s`.
    pub forget: Duration,
    /// `versions.SERVICE`: which major of a service is asked for by who doesn't say. Default: the lowest
    /// that is known.
    /// `grey."SERVICE@MAJOR"`: the percentage of those requests that goes to that major, by clients: who
    /// gets it once gets it always. Default: none.
    pub versions: Versions,
    /// `open`: whether a unit may serve `http` where other machines reach it although nothing says who
    /// its clients are. Default: `false`.
    pub open: bool,
    /// `[edge.tls]`: the certificate of `https`. Default: none.
    pub tls: Option<EdgeTlsConfig>,
    /// `allow."SERVICE.METHOD"`: who may ask for that method, in place of what its contract says:
    /// `anyone`, `signed_in`, `role:NAME`, `self:ARGUMENT`, joined by ` or `. Default: none.
    pub allow: Vec<EdgeRule>,
    /// `jwt`, `keys`, `session`, `signing`: how clients show who they are. Default: they can't, and
    /// whoever reaches the edge may ask for everything.
    pub auth: AuthConfig,
    /// `plugins.NAME`: the tables of the plug-ins that the program adds.
    pub plugins: Vec<PluginConfig>,
    /// `[edge.cors]`.
    pub cors: CorsConfig,
    /// `[edge.cache]`: for how long answers of a method's GET are kept, by `"service.method"`, in
    /// place of what its contract says; `"0s"` keeps none. Default: as contracts say.
    pub cache: Vec<(String, Duration)>,
    /// `[edge.files]`: folders that are shown to everybody where nothing else has a path, by what the
    /// paths of their files begin with. Default: none.
    pub files: Vec<(String, PathBuf)>,
}

impl EdgeConfig {
    /// Whether clients can say who they are.
    pub fn knows_clients(&self) -> bool {
        self.auth.is_any() || self.plugins.iter().any(|plugin| plugin.knows_clients)
    }

    /// The rule that stands in place of what the contract of a method says.
    pub fn rule(&self, service: &str, method: &str) -> Option<&Rule> {
        let is = |own: &&EdgeRule| own.method.split_once('.') == Some((service, method));
        self.allow.iter().find(is).map(|own| &own.rule)
    }
}

/// `[edge.rates]`: how often one method may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeRate {
    /// `service.method`.
    pub method: String,
    /// How often; without a limit if that is none.
    pub quota: Option<Quota>,
}

/// `[edge.plugins.NAME]`: a plug-in that the program adds to its edges.
#[derive(Clone, Debug)]
pub struct PluginConfig {
    /// `NAME`.
    pub name: String,
    /// Whether it knows clients, as its code says.
    pub knows_clients: bool,
    /// Its own table.
    pub settings: Settings,
}

/// `[edge.allow]`: who may ask for one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeRule {
    /// `service.method`.
    pub method: String,
    /// Who.
    pub rule: Rule,
}

impl Choice for UnknownQuery {
    const ALL: &'static [(&'static str, Self)] =
        &[("refuse", Self::Refuse), ("ignore", Self::Ignore)];
}

/// `[units.NAME]`: one process.
///
/// ```toml
/// [units.pay]
/// services = ["payment"]
/// http = "127.0.0.1:8081"
/// https = "0.0.0.0:8443"
/// listen = "127.0.0.1:7102"
/// address = "pay.internal:7102"
/// instances = 3
/// program = true
/// ```
#[derive(Clone, Debug)]
pub struct UnitConfig {
    /// `NAME`.
    pub name: String,
    /// `services`: those that it hosts; `"*"` stands for all, and is resolved here.
    /// Default: `["*"]`.
    pub services: Vec<String>,
    /// `http`: where its edge serves; none without. Default: none.
    pub http: Option<Address>,
    /// `https`: where its edge serves by TLS, with the certificate of `[edge.tls]`; beside `http` or
    /// in its place. Default: none.
    pub https: Option<Address>,
    /// `listen`: where other units reach it, `HOST:PORT` or `unix:PATH`; beyond loopback only with
    /// `[tls]` or `[app] insecure`. Default: a Unix socket in the data folder,
    /// `unix:DATA/links/NAME.sock`, if another unit calls a service of this one, or its program may;
    /// else none.
    pub listen: Option<Address>,
    /// `address`: what other units connect to, where that differs from `listen`.
    /// Default: `listen`.
    pub address: Option<Address>,
    /// `instances`: how many processes of it `up` runs side by side, 1 to 64. Instance n, from 0,
    /// listens and is reached at the port plus n; a Unix socket has the number in its name. A service
    /// with tables in a folder is at work in one of them, and the others stand by. Default: 1.
    pub instances: u16,
    /// `program`: whether the program around it calls services of other units, by
    /// `Running::client()`; others refuse such calls of a unit that doesn't say so. A unit with neither services nor an edge is there for that anyhow.
    /// Default: `false`.
    pub program: bool,
}

impl UnitConfig {
    /// Whether it has an edge.
    pub const fn has_edge(&self) -> bool {
        self.http.is_some() || self.https.is_some()
    }
}

/// `[topologies]`: a named set of units.
///
/// ```toml
/// [topologies]
/// monolith = ["all"]
/// split = ["front", "pay"]
/// ```
#[derive(Clone, Debug)]
pub struct TopologyConfig {
    /// Its name.
    pub name: String,
    /// Its units, in the order of the file.
    pub units: Vec<String>,
}

/// `[services.NAME]`: how a service runs, in whichever unit.
///
/// ```toml
/// [services.payment]
/// remote = false
/// lane = "arbiter"
/// mailbox = 1024
/// turn_limit = "30s"
/// balance = "p2c"
/// [services.payment.calls]
/// deadline = "2s"
/// attempts = 3
/// [services.payment.breaker]
/// failures = 5
/// refuse = []
/// [services.payment.rehearsal]
/// lost = 0.1
/// [services.payment.allow]
/// charge = ["order"]
/// [services.payment.store]
/// engine = "postgres"
/// url = "postgres://shop@127.0.0.1:5432/shop"
/// cache = "16MiB"
/// [services.payment.on]
/// attempts = 5
/// [services.payment.config]
/// max_charge_cents = 1_000_000
/// ```
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// `NAME`: of its contract.
    pub name: String,
    /// `remote`: whether another process of the app hosts it, which isn't of these units and is found
    /// by the data folder, the registry, or a unit that is named for it and says where it listens.
    /// Default: `false`.
    pub remote: bool,
    /// `lane`: where its turns run. Default: `inline`.
    pub lane: Lane,
    /// `via`: how calls get to it. Default: `wire`.
    pub via: Via,
    /// `mailbox`: how many calls may wait or run, 1 to 1,000,000; beyond it they are refused as
    /// overloaded. Default: 1024.
    pub mailbox: usize,
    /// `turn_limit`: after which a turn whose caller has gone away is given up, and the instance
    /// with it. Default: `30s`.
    pub turn_limit: Duration,
    /// `calls.deadline`: of calls to this service. `None`: nobody set it, and what the method
    /// or else `[calls] deadline` says holds.
    pub deadline: Option<Duration>,
    /// `calls.attempts` and the others: what guards the calls to this service. Default: `[calls]`.
    pub policy: CallPolicy,
    /// `breaker.failures`, `success`, `window`, `open`, `longest`: when an endpoint that fails gets no
    /// more calls. Defaults: `5` in a row, a share of `0.8` over `10s`, for `1s` up to `60s`.
    pub breaker: BreakerSettings,
    /// `breaker.refuse`: the callers whose calls find the breaker open until somebody shuts it: services,
    /// `edge`, `program`, `*` for all. The command `breaker` sets it. Default: `[]`.
    pub refuse: Vec<AllowedCaller>,
    /// `balance`: how calls are spread over the service's instances: `p2c`, `round_robin`, `random`,
    /// `least` or `hash`. Default: `p2c`.
    pub balance: Balance,
    /// `rehearsal.delay`, `lost`, `refused`: what a network would add to calls to this service, for
    /// `resolution = "encoded"`. Default: `[rehearsal]`.
    pub rehearsal: Faults,
    /// `allow.METHOD`: the only callers of that method, of those that might call it anyway: services that
    /// need this one, `edge`, `program`. Default: all of them, for each method.
    pub allow: Vec<AllowRule>,
    /// `store.engine`, `store.url`: where its rows are. Default: `[store]`.
    pub store: StoreConfig,
    /// `store.cache`: how much memory rows that were read or written of late may keep, in bytes or
    /// as `16MiB`; `0` keeps none, and so does `postgres`, whatever this says. Default: `16MiB`.
    pub cache: u64,
    /// `on.attempts`, `backoff`, `backoff_max`, `in_flight`: how events are handed to the service, and
    /// tried again where it fails. Defaults: `5`, `1s` and twice as long each time, up to `60s`; `64`.
    pub on: seam_bus::intake::Settings,
    /// `config`: the service's own table.
    pub settings: Settings,
}

/// How calls get to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// As calls within the unit, or to the unit that hosts it.
    Wire,
    /// By its queue at the broker of the bus, which workers in other languages may serve.
    Bus,
}

impl Choice for Via {
    const ALL: &'static [(&'static str, Self)] = &[("wire", Self::Wire), ("bus", Self::Bus)];
}

/// `[services.NAME.allow]`: who may call one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    /// The method.
    pub method: String,
    /// Its callers.
    pub callers: Vec<AllowedCaller>,
}

/// Who is let in by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedCaller {
    /// A service.
    Service(String),
    /// `edge`: requests from outside.
    Edge,
    /// `program`: the program around a unit, and the command line.
    Program,
}

impl AllowedCaller {
    /// The caller of that name.
    pub fn of(name: &str) -> Self {
        match name {
            "edge" => Self::Edge,
            "program" => Self::Program,
            service => Self::Service(service.to_owned()),
        }
    }

    /// Whether it stands for every caller, where that may be said.
    pub fn is_anybody(&self) -> bool {
        matches!(self, Self::Service(name) if name == "*")
    }

    /// As config names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Service(name) => name,
            Self::Edge => "edge",
            Self::Program => "program",
        }
    }
}

/// Where a service's turns run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// On the caller's task until they first wait.
    Inline,
    /// On a thread of the service's own, for what blocks or burns CPU.
    Arbiter,
}

impl Choice for Lane {
    const ALL: &'static [(&'static str, Self)] =
        &[("inline", Self::Inline), ("arbiter", Self::Arbiter)];
}
