//! The command line, as clap sees it.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::RangedI64ValueParser, value_parser,
};

use super::state::parse_store;
use crate::config::{MAX_INSTANCES, StoreConfig};

/// What was asked for.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
pub(super) struct Cli {
    /// The config file [default: app.toml, where there is one].
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
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
    /// Call a method of a running service, and print its answer as JSON.
    Call(CallArgs),
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
    /// Print the config in effect, and where each value came from.
    Config {
        /// Print JSON: `{"app.data": {"value": …, "from": …}, …}`.
        #[arg(long)]
        json: bool,
    },
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

fn parse_method(text: &str) -> Result<(String, String), String> {
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

fn parse_target(text: &str) -> Result<Target, String> {
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

fn parse_duration(text: &str) -> Result<Duration, String> {
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
        .mut_subcommand("drain", |drain| drain.after_help(draining(name)))
        .mut_subcommand("restart", |restart| restart.after_help(restarting(name)))
        .mut_subcommand("reload", |reload| reload.after_help(reloading(name)))
        .mut_subcommand("move", |own| own.after_help(moving(name)))
        .mut_subcommand("openapi", |openapi| openapi.after_help(documenting(name)))
        .mut_subcommand("dead", |dead| dead.after_help(dead_letters(name)))
        .mut_subcommand("replay", |replay| replay.after_help(replaying(name)))
        .mut_subcommand("state", |state| {
            state.mut_subcommand("copy", |copy| copy.after_help(copying(name)))
        });
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
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
         {name} state copy order --to sled             bring a service's rows to another store\n  \
         {name} status                               show what is running\n  \
         {name} call payment.receipt '{{\"order\": 7}}'  call a method\n  \
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
