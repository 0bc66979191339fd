//! The command line, as clap sees it.

use std::{
    ffi::OsString,
    fmt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::RangedI64ValueParser, value_parser,
};
use seam_telemetry::{
    Outcome,
    logs::{Level, Query, since},
};

use seam_admin::{Act, Replay};

use super::{
    export::ExportCommand,
    logs,
    seen::{Sort, TapArgs, TopAsked},
    state::parse_store,
    unknown::UnknownCommand,
};
use crate::{
    config::{MAX_INSTANCES, StoreConfig},
    unit::TracesAsk,
};

/// What was asked for.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
pub(super) struct Cli {
    /// The config file [default: app.toml, where there is one].
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The profile, whose file lies over the config file: app.NAME.toml [default: SEAM_PROFILE].
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run one unit in this process; what happens without a command, too.
    Run(RunArgs),
    /// Run all units of a topology as processes side by side, started again when they die.
    Up {
        /// The topology [default: the first in the config file].
        topology: Option<String>,
    },
    /// End a unit's processes, or one of them, in good order; they stay away until `restart`.
    Drain(ReplaceArgs),
    /// End a unit's processes, or one of them, in good order, and start them anew.
    Restart {
        #[command(flatten)]
        args: ReplaceArgs,
        /// One after the other: the next one ends once the one before is ready again.
        #[arg(long)]
        rolling: bool,
    },
    /// Have the running app go by its config file as it is now.
    Reload {
        /// Print JSON: `{"ok": …, "configVersion": …, "restart": [{"key", "units"}]}`.
        #[arg(long)]
        json: bool,
    },
    /// Have a service live in another unit from now on, while its callers go on.
    Move {
        /// The service, e.g. `payment`.
        #[arg(value_name = "SERVICE")]
        service: String,
        /// The unit where it is to live, one of the topology that runs.
        #[arg(value_name = "UNIT")]
        unit: String,
        /// Print JSON: `{"ok": …, "service", "from", "unit", "configVersion"}`.
        #[arg(long)]
        json: bool,
    },
    /// What services keep.
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Show what is running: units, services, and calls by method.
    Status {
        /// Print JSON: one object per instance of a unit.
        #[arg(long)]
        json: bool,
    },
    /// Show the lines of all units' logs in order of time, also of those that are gone.
    Logs(LogsArgs),
    /// List the requests that are kept, the latest first: whole ones, and what was slow or failed.
    Traces(TracesArgs),
    /// Show a request: its calls under each other over all units, and what was logged.
    Trace {
        /// The trace: what a response says as `x-request-id`.
        #[arg(value_name = "ID")]
        id: String,
        /// Print JSON: `{"traceId", "complete", "spans": […], "logs": […]}`.
        #[arg(long)]
        json: bool,
    },
    /// Show the methods of which calls took longer than their limit, with the worst of them.
    Slow {
        /// Print JSON: `[{"service", "method", "limitUs", "slowCalls", "calls", "p99Us", "traces"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Show calls as they end, in all units: who called what, how long it took, and how it ended.
    Tap(TapArgs),
    /// Show which methods are called most now, how long they take, and how they fail.
    Top(TopArgs),
    /// Call a method of a running service, and print its answer as JSON.
    Call(CallArgs),
    /// Call methods of the running app at a prompt, bench them, and look at their traces.
    Repl {
        /// Print JSON, a line for each: `{"call", "outcome", "answer" | "problem", "traceId", "tookUs"}`.
        #[arg(long)]
        json: bool,
    },
    /// Check config, contracts and the graph of services; nothing is started.
    Check {
        /// Print JSON: `{"ok": …, "problems": [{"at", "reason", "fix"}]}`.
        #[arg(long)]
        json: bool,
    },
    /// Draw which service needs which, for a topology with its units.
    Graph {
        /// Draw the units of this topology round their services.
        #[arg(long, value_name = "NAME")]
        topology: Option<String>,
        /// What to print.
        #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
        format: GraphFormat,
        /// The same as `--format json`.
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
    /// Print what the edge serves, as an OpenAPI 3.1 document: the same as /openapi.json.
    Openapi,
    /// Make a CA for development, and a certificate for each unit, as [tls] wants them.
    Certs {
        /// The folder [default: `dir` of [tls], or certs].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Make new certificates for all units, by the CA that is there.
        #[arg(long)]
        renew: bool,
    },
    /// Make keys for clients of the edge.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Show the topics of events, and how far their subscriptions are.
    Topics {
        /// Print JSON: `[{"topic", "subscriptions": [{"name", "lag", "dead"}]}]`.
        #[arg(long)]
        json: bool,
    },
    /// Show events that have failed too often, and try them again or drop them.
    #[command(subcommand)]
    Dead(DeadCommand),
    /// Show commands that have no outcome yet.
    Tickets {
        /// Print JSON: `[{"ticket", "service", "method", "state", "attempts"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Show what runs by itself, and when.
    Schedules {
        /// Print JSON: `[{"name", "schedule", "last", "next", "runs"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Hand events over once more.
    Replay(ReplayArgs),
    /// Write the files by which Prometheus and Grafana show the app.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Show and steer units that were started singly, as `run` and `up` do for their own: the listener of
    /// [admin].
    Admin,
    /// Print a link that logs a browser in to the admin listener: once, within 30 s.
    Dashboard {
        /// To the listener of this unit, or of an instance, e.g. `pay.1` [default: that of `up`, or of
        /// `admin`, or of any unit].
        #[arg(long, value_name = "UNIT[.N]")]
        unit: Option<String>,
        /// For somebody who may see, and change nothing.
        #[arg(long)]
        viewer: bool,
        /// Print JSON: `{"url", "role"}`.
        #[arg(long)]
        json: bool,
    },
    /// Show what was done to the app by hand, and by whom.
    Audit {
        /// How many entries at most, the newest.
        #[arg(long, value_name = "N", default_value_t = 1000)]
        limit: usize,
        /// Print JSON: `[{"at", "who", "role", "action", "target", "old", "new", "result"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Print the config in effect, and where each value came from; or see to its versions.
    #[command(args_conflicts_with_subcommands = true)]
    Config {
        #[command(subcommand)]
        command: Option<ConfigCommand>,
        /// Print JSON: `{"app.data": {"value": …, "from": …}, …}`.
        #[arg(long)]
        json: bool,
    },
    /// Change a key of the running app, over its config file, until it is unset.
    Set(SetArgs),
    /// Have calls of a service refused before they are made, or made again.
    Breaker(BreakerArgs),
    /// Show calls whose outcome was unknown, and what became of them; or see to one.
    #[command(args_conflicts_with_subcommands = true)]
    Unknown {
        #[command(subcommand)]
        command: Option<UnknownCommand>,
        /// Print JSON: `[{"id", "at", "unit", "traceId", "caller", "callee", "code", "arguments", "state",
        /// "found"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Take back what was set.
    Unset {
        /// The key, e.g. `log.level`.
        #[arg(value_name = "KEY")]
        key: String,
        /// The unit for which it was set.
        #[arg(long, value_name = "NAME")]
        unit: Option<String>,
        /// Print JSON: `{"ok", "key", "unit", "old", "new", "until"}`.
        #[arg(long)]
        json: bool,
    },
}

/// What is done with the versions of the config.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Show the versions that the config had.
    History {
        /// Print JSON: `[{"version", "at", "by", "how", "configVersion", "summary", "profile"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Show which values differ between two versions.
    Diff {
        /// The one.
        a: u64,
        /// The other.
        b: u64,
        /// Print JSON: `{"from", "to", "changes": [{"key", "old", "new"}]}`.
        #[arg(long)]
        json: bool,
    },
    /// Write the config file as it was in a version, and have the running app take it.
    Rollback {
        /// Its number.
        version: u64,
        /// Print JSON: `{"ok", "version", "configVersion", "to"}`.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct BreakerArgs {
    /// What to do with it.
    #[arg(value_enum)]
    pub(super) action: BreakerAction,
    /// The service that is called, e.g. `payment`.
    #[arg(value_name = "SERVICE")]
    pub(super) service: String,
    /// The only caller that is meant: a service, `edge` or `program` [default: all].
    #[arg(long, value_name = "CALLER")]
    pub(super) from: Option<String>,
    /// After which it closes by itself, e.g. `10m`.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(super) lasting: Option<Duration>,
    /// Print JSON: `{"ok", "service", "old", "open"}`.
    #[arg(long)]
    pub(super) json: bool,
}

/// What is done with a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BreakerAction {
    /// Calls are refused: not executed, `breaker_open`.
    Open,
    /// Calls are made again.
    Close,
}

#[derive(Args, Debug)]
pub(super) struct SetArgs {
    /// The key, e.g. `log.level`, `edge.rate` or `services.payment.mailbox`.
    #[arg(value_name = "KEY")]
    pub(super) key: String,
    /// Its value, as in app.toml; a text needs no quotes.
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(super) value: String,
    /// The only unit for which it holds [default: all].
    #[arg(long, value_name = "NAME")]
    pub(super) unit: Option<String>,
    /// After which it is taken back, e.g. `10m` [default: by `unset` alone].
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(super) lasting: Option<Duration>,
    /// Print JSON: `{"ok", "key", "unit", "old", "new", "until"}`.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Print a new key, and the lines of app.toml that let it in.
    New {
        /// Whom it is for, e.g. `robot`: its subject.
        #[arg(value_name = "NAME", value_parser = parse_key_name)]
        name: String,
        /// Print JSON: `{"name", "key", "hash"}`.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// Copy all rows of a service to another store, while the app is stopped.
    Copy {
        /// The service, e.g. `order`.
        #[arg(value_name = "SERVICE")]
        service: String,
        /// Where to: its folder in the data folder, or the url of a PostgreSQL database.
        #[arg(long, value_name = "sled|URL", value_parser = parse_store)]
        to: StoreConfig,
        /// Print JSON: `{"ok": …, "service", "from", "to", "rows"}`.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug, Default)]
pub(super) struct RunArgs {
    /// The unit [default: the only one of the topology].
    #[arg(long, value_name = "NAME")]
    pub(super) unit: Option<String>,
    /// Which of the unit's instances; there may be more than the config says.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = instances())]
    pub(super) instance: u16,
    /// The topology [default: the one that the unit is in, or the first in the config file].
    #[arg(long, value_name = "NAME")]
    pub(super) topology: Option<String>,
    /// The process id of the `up` that starts this unit.
    #[arg(long, value_name = "PID", hide = true)]
    pub(super) up: Option<i32>,
}

#[derive(Args, Debug)]
pub(super) struct ReplaceArgs {
    /// The unit, or one of its instances, e.g. `pay.1`.
    #[arg(value_name = "UNIT[.N]", value_parser = parse_target)]
    pub(super) target: Target,
    /// Print JSON, once it is done: one object per instance.
    #[arg(long)]
    pub(super) json: bool,
}

/// A unit, or one of its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) unit: String,
    pub(super) instance: Option<u16>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instance {
            Some(instance) => write!(f, "{}.{instance}", self.unit),
            None => f.write_str(&self.unit),
        }
    }
}

/// What is done with dead letters.
#[derive(Subcommand, Debug)]
pub(super) enum DeadCommand {
    /// Show all of them.
    List {
        /// Print JSON: `[{"id", "subscription", "topic", "attempts", "cause"}]`.
        #[arg(long)]
        json: bool,
    },
    /// Show one, with its event and its failures.
    Show {
        /// As `list` shows it.
        id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have one tried again, or all, from their first attempt on.
    Retry {
        /// As `list` shows it.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All of them.
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// Print JSON: the ids.
        #[arg(long)]
        json: bool,
    },
    /// Forget one.
    Drop {
        /// As `list` shows it.
        id: String,
        /// Print JSON: the ids.
        #[arg(long)]
        json: bool,
    },
}

impl DeadCommand {
    /// What is done by it, if it does anything.
    pub(super) fn act(&self) -> Option<Act> {
        match self {
            Self::List { .. } | Self::Show { .. } => None,
            Self::Retry { id, .. } => Some(Act::Retry { ids: id.clone().map(|id| vec![id]) }),
            Self::Drop { id, .. } => Some(Act::Drop { id: id.clone() }),
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    /// The subscription, e.g. `mail.order_paid`; a service alone with --rebuild.
    #[arg(value_name = "SERVICE[.METHOD]")]
    pub(super) target: String,
    /// From where on: a position of the publisher's log, a time such as 2026-11-28T12:00:00Z, or how
    /// long ago, such as 2h.
    #[arg(long, value_name = "POSITION|TIME")]
    pub(super) from: Option<String>,
    /// Empty the service's store, and hand it all events that are kept.
    #[arg(long, conflicts_with = "from")]
    pub(super) rebuild: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl ReplayArgs {
    /// What is done by it.
    pub(super) fn act(&self) -> Act {
        let Self { target, from, rebuild, .. } = self;
        Act::Replay(Replay { target: target.clone(), from: from.clone(), rebuild: *rebuild })
    }
}

#[derive(Args, Debug)]
pub(super) struct LogsArgs {
    /// Of this unit, or of one of its instances, e.g. `pay.1`; `up`: what `up` itself says.
    #[arg(long, value_name = "UNIT[.N]")]
    unit: Option<String>,
    /// Said by this service, or about it; `edge` for requests.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// So grave, or graver: error, warn, info, debug, trace.
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    level: Option<Level>,
    /// Of this trace: the id of a request (`x-request-id`), or at least 8 digits that it begins with.
    #[arg(long, value_name = "ID", value_parser = parse_trace)]
    trace: Option<String>,
    /// Written since then: so long ago, such as 10m, or a time such as 2026-11-28T12:00:00Z.
    #[arg(long, value_name = "AGO|TIME", value_parser = parse_since)]
    since: Option<SystemTime>,
    /// With this text in the message or the fields, e.g. `order=7`.
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// The newest so many, up to 100000 [default: 1000; with --follow: 20].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Go on with what comes.
    #[arg(short, long)]
    follow: bool,
    /// Print lines as they are in the files: JSON objects.
    #[arg(long)]
    json: bool,
}

impl LogsArgs {
    /// What is asked for.
    pub(super) fn asked(self) -> logs::Asked {
        let Self { unit, service, level, trace, since, grep, limit, follow, json } = self;
        let limit = limit.unwrap_or(if follow { 20 } else { 1000 });
        let query = Query { unit, service, level, trace, since, grep, limit };
        logs::Asked { query, follow, json }
    }
}

#[derive(Args, Debug)]
pub(super) struct TracesArgs {
    /// With a call of this service, or at `edge`.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// With a call in this unit, or in one of its instances, e.g. `pay.1`.
    #[arg(long, value_name = "UNIT[.N]")]
    pub(super) unit: Option<String>,
    /// With a call that took so long, in milliseconds.
    #[arg(long, value_name = "N")]
    min_ms: Option<u64>,
    /// With a call that ended so: answered, service_error, not_executed, unknown.
    #[arg(long, value_name = "OUTCOME", value_parser = parse_outcome)]
    outcome: Option<Outcome>,
    /// How many at most, up to 1000.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print JSON: `[{"traceId", "name", "unit", "units", "startUs", "tookUs", "outcome", …}]`.
    #[arg(long)]
    pub(super) json: bool,
}

impl TracesArgs {
    /// What units are asked for.
    pub(super) fn asked(&self) -> TracesAsk {
        let Self { service, min_ms, outcome, limit, .. } = self;
        TracesAsk { service: service.clone(), min_ms: *min_ms, outcome: *outcome, limit: *limit }
    }
}

#[derive(Args, Debug)]
pub(super) struct TopArgs {
    /// Print it once, and end.
    #[arg(long)]
    once: bool,
    /// What stands first.
    #[arg(long, value_enum, default_value_t = Sort::Calls)]
    sort: Sort,
    /// Only methods with this in their name, e.g. `payment.`.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print JSON, a line each second: `[{"service", "method", "callsPerS", "failuresPerS", "slowPerS",
    /// "p50Us", "p99Us"}]`.
    #[arg(long)]
    json: bool,
}

impl TopArgs {
    /// What is asked for.
    pub(super) fn asked(self) -> TopAsked {
        let Self { once, sort, filter, json } = self;
        TopAsked { once, json, sort, filter }
    }
}

pub(super) fn parse_outcome(text: &str) -> Result<Outcome, String> {
    let all = [Outcome::Answered, Outcome::ServiceError, Outcome::NotExecuted, Outcome::Unknown];
    let found = all.into_iter().find(|outcome| outcome.as_str() == text.replace('-', "_"));
    found.ok_or_else(|| "use answered, service_error, not_executed or unknown".into())
}

#[derive(Args, Debug)]
pub(super) struct CallArgs {
    /// Service and method, e.g. `payment.receipt`.
    #[arg(value_name = "SERVICE.METHOD", value_parser = parse_method)]
    pub(super) method: (String, String),
    /// The arguments by name, as a JSON object.
    #[arg(value_name = "JSON", default_value = "{}")]
    pub(super) args: String,
    /// How long to wait, e.g. `250ms` [default: what the method says, up to 4.5s].
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) deadline: Option<Duration>,
    /// Print a failure as JSON, too, to standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `graph` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// A Mermaid flowchart, which GitHub draws.
    Mermaid,
    /// Graphviz.
    Dot,
    /// `{"services": [{"name", "needs"}], "allowed": {SERVICE: {METHOD: [CALLER]}}, "units": …}`.
    Json,
    /// One line per service.
    Text,
}

/// The numbers that instances have.
fn instances() -> RangedI64ValueParser<u16> {
    value_parser!(u16).range(..i64::from(MAX_INSTANCES))
}

pub(super) fn parse_method(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('.') {
        Some((service, method)) if !service.is_empty() && !method.is_empty() => {
            Ok((service.into(), method.into()))
        }
        _ => Err("write service and method with a dot between them: payment.receipt".into()),
    }
}

fn parse_key_name(text: &str) -> Result<String, String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match (1..=64).contains(&text.len()) && text.chars().all(letter) {
        true => Ok(text.into()),
        false => Err("write a name of letters, digits, `-` and `_`: robot".into()),
    }
}

pub(super) fn parse_target(text: &str) -> Result<Target, String> {
    let wanted = || "write a unit, or an instance by its number: pay, pay.1".to_owned();
    match text.split_once('.') {
        None if text.is_empty() => Err(wanted()),
        None => Ok(Target { unit: text.into(), instance: None }),
        Some((unit, number)) => {
            let number = number.parse().map_err(|_| wanted())?;
            Ok(Target { unit: unit.into(), instance: Some(number) })
        }
    }
}

fn parse_level(text: &str) -> Result<Level, String> {
    text.parse().map_err(|_| "write one of error, warn, info, debug, trace".to_owned())
}

fn parse_trace(text: &str) -> Result<String, String> {
    Query::wrong_trace(text).map_or_else(|| Ok(text.to_owned()), Err)
}

fn parse_since(text: &str) -> Result<SystemTime, String> {
    let wanted =
        || "write how long ago, 90s, 10m, 2h, 7d, or a time: 2026-11-28T12:00:00Z".to_owned();
    since(text, SystemTime::now()).ok_or_else(wanted)
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let positive = |duration: &Duration| !duration.is_zero();
    let wanted = || "write a number and a unit: 250ms, 5s, 2m".to_owned();
    crate::config::parse_duration(text).filter(positive).ok_or_else(wanted)
}

/// Parses the command line of an app called `name`.
///
/// # Errors
/// Also for `--help`: clap's error knows its text, stream and exit code.
pub(super) fn parse(
    name: &str,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, clap::Error> {
    let command = Cli::command()
        .name(name.to_owned())
        .bin_name(name.to_owned())
        .about(format!("{name}: one code base, one process or several, as app.toml says."))
        .after_help(examples(name))
        .mut_subcommand("call", |call| {
            call.after_help(format!(
                "Example:\n  {name} call payment.receipt '{{\"order\": 7}}'\n\n\
                 The call goes through the running app's control socket, which is found by\n\
                 config and data folder, and which only the app's owner may open."
            ))
        });
    let command = command
        .mut_subcommand("repl", |own| own.after_help(prompting(name)))
        .mut_subcommand("top", |own| own.after_help(watching(name)))
        .mut_subcommand("drain", |drain| drain.after_help(draining(name)))
        .mut_subcommand("restart", |restart| restart.after_help(restarting(name)))
        .mut_subcommand("reload", |reload| reload.after_help(reloading(name)))
        .mut_subcommand("move", |own| own.after_help(moving(name)))
        .mut_subcommand("logs", |logs| logs.after_help(logging(name)))
        .mut_subcommand("set", |own| own.after_help(setting(name)))
        .mut_subcommand("config", |own| {
            own.mut_subcommand("rollback", |own| own.after_help(rolling_back(name)))
        })
        .mut_subcommand("openapi", |openapi| openapi.after_help(documenting(name)))
        .mut_subcommand("dead", |dead| dead.after_help(dead_letters(name)))
        .mut_subcommand("replay", |replay| replay.after_help(replaying(name)))
        .mut_subcommand("state", |state| {
            state.mut_subcommand("copy", |copy| copy.after_help(copying(name)))
        });
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

fn prompting(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} repl\n  \
         echo 'payment.receipt {{\"order\": 7}}' | {name} repl --json | jq .answer\n\n\
         At the prompt:\n  \
         payment.charge {{\"order\": 1, \"amount\": 900}}         a call by hand, as {name} call makes it\n  \
         bench payment.receipt {{\"order\": 1}} --for 10s      again and again: calls/s, p50, p99, failures\n  \
         trace                                            how the last call went, over all units\n  \
         help payment.charge                              what it takes\n\n\
         Tab completes services, methods, names and values. Ctrl-C cancels a line, a call or a bench,\n\
         Ctrl-D ends. Lines are kept in control/repl.history of the data folder, for you alone, and not\n\
         if a member is named like a secret. Where standard input is no terminal, each of its lines is\n\
         answered on standard output. See docs/seeing/terminal.md.\n\n\
         Exit codes: 0 done, 1 nothing runs, or a line that wasn't typed failed, 2 wrong command line."
    )
}

fn watching(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} top                       on a terminal: by the second, steered by keys\n  \
         {name} top --once --sort p99     the last second, printed\n  \
         {name} top --json | jq -c '.[0]'  a line each second\n\n\
         Keys: c f s 5 9 m sort by calls, failures, slow ones, p50, p99 and method, < and > by the column\n\
         beside; r turns the order round; / filters, Esc takes the filter back; space pauses; q quits."
    )
}

fn documenting(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} openapi > openapi.json           for a generator of clients, or to compare releases\n  \
         {name} openapi | jq '.paths | keys'     which paths there are\n\n\
         It is made from the contracts and the config file; nothing has to run. A running edge serves\n\
         it at /openapi.json, with services that came later, and as a page at /docs.\n\n\
         Exit codes: 0 printed, 2 wrong config, contracts or command line."
    )
}

fn logging(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} logs --level warn --since 10m    what somebody may have to look at\n  \
         {name} logs --trace 4bf92f35            what was said in one request, in all units\n  \
         {name} logs --unit pay -f               one unit's lines, as they come\n  \
         {name} logs --service order --json | jq -r .message\n\n\
         Nothing has to run: lines are read from the files in `logs` of the data folder, of which\n\
         [log] keep says how much stays. Lines of a call or a request end with `(order.place 4bf92f35)`:\n\
         whose turn it was, and the begin of its trace; JSON has all of it. See docs/seeing/logs.md.\n\n\
         Exit codes: 0 printed, 1 there are no logs, 2 wrong command line."
    )
}

fn dead_letters(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} dead list           what has failed too often, and why\n  \
         {name} dead retry --all    after the cause is mended\n\n\
         An event is a dead letter after `attempts` of [services.NAME.on]; later events of its key go\n\
         on without it. It stays until it is retried or dropped. See docs/messaging.md."
    )
}

fn replaying(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} replay mail.order_paid --from 2h    hand over what was published since two hours ago\n  \
         {name} replay history --rebuild            empty the service's store, and fill it by all events\n\n\
         Only what the publishers' logs have kept can be replayed: [bus] keep, keep_bytes. Handlers run\n\
         again, with all that they do. A service whose instances share a store can't be replayed yet.\n\n\
         Exit codes: 0 begun, 1 failed, 2 wrong command line."
    )
}

fn draining(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} drain pay.1      end instance 1 of `pay`; the others take over\n  \
         {name} drain pay        end all of `pay`\n  \
         {name} restart pay.1    bring it back\n\n\
         A process that drains isn't offered to callers any more, finishes what is in flight\n\
         within [app] drain, closes its databases, and ends. If it hasn't 5 s after that, it is\n\
         killed, which is said. It goes through the `up` that runs the unit, and goes on if this\n\
         command is interrupted. {name} status shows who is drained.\n\n\
         Exit codes: 0 done, 1 failed, 2 wrong config or command line."
    )
}

fn restarting(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} restart pay --rolling    one instance after the other, without a pause for callers\n  \
         {name} restart pay              all instances at once\n  \
         {name} restart pay.1            one instance, also one that was drained\n\n\
         Each ends as by {name} drain, and is done when its new process is ready, or stands by. It\n\
         is the program that lies there now: put a new build in the place of the old one, by a\n\
         rename, and restart. With --rolling, an instance that doesn't get ready within 30 s ends\n\
         the restart: the others stay as they are. A unit with one instance is away between its\n\
         two processes, for both would need the same address.\n\n\
         Exit codes: 0 done, 1 failed, 2 wrong config or command line."
    )
}

fn reloading(name: &str) -> String {
    format!(
        "Example:\n  \
         {name} reload    take the config file, and say what needs a restart\n\n\
         The app looks at its file each second by itself, and on SIGHUP; this waits until all of it\n\
         is in force. A config that is wrong changes nothing: what is wrong is shown, each with its\n\
         line. Keys that are read once are named, and {name} restart UNIT takes them.\n\n\
         Exit codes: 0 in force, 1 failed, 2 wrong config or command line."
    )
}

fn moving(name: &str) -> String {
    format!(
        "Example:\n  \
         {name} move payment front    payment lives in unit `front` from now on\n\n\
         The lists of services in the config file are rewritten, all else of it stays as it is. The\n\
         service isn't offered any more where it was, ends what is in flight, closes its database,\n\
         and starts in the other unit; callers wait meanwhile. It is done when it runs there. Editing\n\
         the file does the same.\n\n\
         Exit codes: 0 done, 1 failed, 2 refused: then nothing has changed."
    )
}

fn setting(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} set log.level debug --unit pay --for 10m    details of one unit, for a while\n  \
         {name} set edge.rate 100/60s                       until `{name} unset edge.rate`\n\n\
         What can be set is log.level, edge.rate, edge.deadline, trace.*, calls.*, services.NAME.mailbox\n\
         and services.NAME.calls.*. It lies over the config file, its profile and the environment, is\n\
         checked as they are, and is in force within a second, or refused whole. It is kept in the data\n\
         folder, for processes that start again; {name} config shows it.\n\n\
         Exit codes: 0 in force, 1 failed, 2 refused: then nothing has changed."
    )
}

fn rolling_back(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} config history       the versions that there are\n  \
         {name} config rollback 3    as version 3 was: a version of its own\n\n\
         The config file is written anew, whole or not at all, and checked before. What is set while the\n\
         app runs stays set.\n\n\
         Exit codes: 0 in force, 1 failed, 2 refused: then nothing has changed."
    )
}

fn copying(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name} state copy order --to postgres://{name}@127.0.0.1:5432/{name}\n  \
         {name} state copy order --to sled\n\n\
         The rows are taken from where the config says that the service keeps them, and are counted\n\
         at both places in the end. There they need an empty store: a schema named as the service\n\
         is, which is made, or the folder services/order of the data folder. Nothing changes at the\n\
         old place, nor in the config: say in [services.order.store] where they are, and start the\n\
         app. A copy that was cut off is never taken for whole: the service refuses to open it, and\n\
         copying again begins anew. Only rows are copied, not a service's event log.\n\n\
         Exit codes: 0 copied, 1 failed, 2 wrong config or command line."
    )
}

fn examples(name: &str) -> String {
    format!(
        "Examples:\n  \
         {name}                                      run the default topology's only unit\n  \
         {name} up split                             run the units of `split`, a process each\n  \
         {name} restart pay --rolling                replace the instances of `pay`, one by one\n  \
         {name} move payment front                   have a service live in another unit\n  \
         {name} set log.level debug --for 10m          change a key while the app runs\n  \
         {name} state copy order --to sled             bring a service's rows to another store\n  \
         {name} status                               show what is running\n  \
         {name} call payment.receipt '{{\"order\": 7}}'  call a method\n  \
         {name} repl                                 call methods at a prompt\n  \
         {name} dashboard                            see and steer it in a browser\n  \
         SEAM__APP__DATA=/srv/{name} {name} config     override a key, see where it came from\n\n\
         Exit codes: 0 done, 1 failed, 2 wrong config or command line."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cli, String> {
        let args = line.split(' ').map(OsString::from);
        parse("shop", args).map_err(|error| error.to_string())
    }

    #[test]
    fn clap_finds_nothing_wrong_with_it() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_is_run() {
        assert!(parsed("shop").unwrap().command.is_none());
        let cli = parsed("shop run --unit pay --config other.toml").unwrap();
        assert_eq!(cli.config, Some("other.toml".into()));
        assert!(matches!(cli.command, Some(Command::Run(RunArgs { unit: Some(unit), .. }))
            if unit == "pay"));
    }

    #[test]
    fn an_instance_has_a_number_below_64() {
        let cli = parsed("shop run --unit pay --instance 63").unwrap();
        assert!(matches!(cli.command, Some(Command::Run(RunArgs { instance: 63, .. }))));
        assert!(parsed("shop run --unit pay --instance 64").unwrap_err().contains("64"));
    }

    #[test]
    fn a_call_has_a_method_and_an_object() {
        let Some(Command::Call(call)) = parsed("shop call a.b.c {\"x\":1}").unwrap().command else {
            panic!("no call")
        };
        assert_eq!(call.method, ("a.b".to_owned(), "c".to_owned()));
        assert_eq!(call.args, "{\"x\":1}");
        assert!(parsed("shop call receipt").unwrap_err().contains("payment.receipt"));
        assert!(parsed("shop call a.b --deadline 5").unwrap_err().contains("250ms, 5s, 2m"));
    }

    #[test]
    fn logs_are_asked_for_by_what_is_known_of_them() {
        let asked = |line: &str| match parsed(line).unwrap().command {
            Some(Command::Logs(args)) => args.asked(),
            _ => panic!("no logs"),
        };
        assert_eq!(asked("shop logs").query, Query::default());
        assert_eq!(asked("shop logs -f").query.limit, 20);
        let all =
            asked("shop logs --level WARN --trace 4bf92f35 --unit pay.1 --limit 3 --json").query;
        assert_eq!((all.level, all.limit), (Some(Level::Warn), 3));
        assert_eq!((all.trace.as_deref(), all.unit.as_deref()), (Some("4bf92f35"), Some("pay.1")));
        for (wrong, fix) in [
            ("--level loud", "error, warn, info"),
            ("--trace 4bf9", "hexadecimal digits"),
            ("--since yesterday", "10m"),
        ] {
            let said = parsed(&format!("shop logs {wrong}")).unwrap_err();
            assert!(said.contains(fix), "{said}");
        }
    }

    #[test]
    fn help_teaches_with_the_app_s_name() {
        let help = parsed("bakery --help").unwrap_err();
        assert!(help.contains("shop up split"), "{help}");
        assert_eq!(
            parse("shop", ["shop", "--help"].map(OsString::from)).unwrap_err().exit_code(),
            0
        );
        assert_eq!(parse("shop", ["shop", "bake"].map(OsString::from)).unwrap_err().exit_code(), 2);
    }
}
