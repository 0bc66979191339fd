//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::measure::{Entry, Group, Timing};
use crate::messages::Message;

/// Measures seam side by side with its peers.
#[derive(Debug, Parser)]
#[command(name = "seam-bench")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Calls within one process.
    Local {
        /// Print what each layer of a call costs in instructions, and measure nothing; needs
        /// valgrind.
        #[arg(long)]
        explain: bool,
    },
    /// Calls between two processes over one connection.
    Remote,
    /// HTTP requests to a handler that does JSON work.
    Edge,
    /// A shop of ten services behind an HTTP front.
    Boutique,
    /// What events cost who publishes them.
    Bus,
    /// How seam grows, over cores, actors, messages and connections, and what idle ones cost.
    Scale {
        /// Only these: cores, actors, payload, connections, service, connection.
        #[arg(long, num_args = 1.., value_name = "NAME")]
        series: Vec<String>,
    },
    /// Write the tables of earlier runs into a page: the last run of each bench, and over all runs
    /// what came of the aims.
    Report {
        /// What `--json` has written.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The page; its tables stand between `<!-- bench: NAME -->` and `<!-- end -->`.
        #[arg(long, default_value = "docs/performance.md", value_name = "FILE")]
        page: PathBuf,
        /// The folder of runs that were kept: what came of the aims is in its `aims.jsonl`.
        #[arg(long, default_value = "tests/bench/records", value_name = "DIR")]
        records: PathBuf,
        /// Keep what came of the aims in these runs, too.
        #[arg(long)]
        record: bool,
    },
    /// All of them but `bus` and `scale`.
    All,
    /// Compares the instructions that a call takes with the baseline's; needs valgrind.
    Guard {
        /// Write the baseline anew.
        #[arg(long)]
        renew: bool,
    },
    #[command(hide = true)]
    CountCalls { job: String },
    #[command(hide = true)]
    CountRemote { job: String },
    #[command(hide = true)]
    MeasureLocal { job: String },
    #[command(hide = true)]
    Serve { job: String },
    #[command(hide = true)]
    Drive { job: String },
    #[command(hide = true)]
    ServeEdge { job: String },
    #[command(hide = true)]
    DriveEdge { job: String },
    #[command(hide = true)]
    ServeBoutique { job: String },
    #[command(hide = true)]
    DriveBoutique { job: String },
    #[command(hide = true)]
    MeasureBus { job: String },
    #[command(hide = true)]
    MeasureCarry { job: String },
    #[command(hide = true)]
    MeasureScale { job: String },
    #[command(hide = true)]
    ServeScale { job: String },
    #[command(hide = true)]
    DriveScale { job: String },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Measure seam and these contenders only.
    #[arg(long, global = true, num_args = 1.., value_name = "NAME")]
    pub(crate) peer: Vec<String>,
    /// Write the rows to this file as well.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Draw the curves of `scale` into this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
    /// How often every contender is measured [default: local 15, remote 9, edge 11, boutique 7,
    /// bus 9, scale 3; with --quick 1].
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// How long one measurement takes, after a warm-up of a third of it
    /// [default: local 0.25, remote 0.6, edge 0.5, boutique 1, bus 1.5,
    /// scale 0.3; with --quick 0.2].
    #[arg(long, global = true, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// One short round: shows that everything works, not how fast it is.
    #[arg(long, global = true)]
    quick: bool,
    /// Only this message.
    #[arg(long, global = true, value_name = "MESSAGE")]
    message: Vec<Message>,
    /// Only cells with so many calls in flight (local: callers).
    #[arg(long, global = true, num_args = 1.., value_name = "N")]
    in_flight: Vec<usize>,
    /// Only cells that are pinned to one core, or only those that aren't.
    #[arg(long, global = true, value_name = "true|false")]
    pinned: Option<bool>,
    /// boutique: offer so many requests per second, instead of half of what tonic can take.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) offered: Option<u32>,
    /// boutique: seam's units listen on loopback, instead of at Unix sockets, their default.
    #[arg(long, global = true)]
    pub(crate) tcp: bool,
    /// boutique: only seam's layouts of so many units.
    #[arg(long, global = true, num_args = 1.., value_name = "N")]
    units: Vec<usize>,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if (0.01..=600.0).contains(&s) => Ok(s),
        _ => Err("give a number of seconds from 0.01 to 600".to_owned()),
    }
}

impl Options {
    /// With a bench's own defaults: how many rounds, and how many seconds each.
    pub(crate) fn unless_told(&self, rounds: u16, seconds: f64) -> Self {
        let mut options = self.clone();
        if !self.quick {
            options.rounds = self.rounds.or(Some(rounds));
            options.seconds = self.seconds.or(Some(seconds));
        }
        options
    }

    /// A cell of these contenders.
    pub(crate) fn group(&self, entries: Vec<Entry>) -> Group {
        Group { entries, rounds: usize::from(self.rounds.unwrap_or(1)) }
    }

    pub(crate) fn timing(&self) -> Timing {
        let measured_ms = (self.seconds.unwrap_or(0.2) * 1000.0) as u64;
        Timing { warm_up_ms: (measured_ms / 3).max(100), measured_ms }
    }

    /// Whether a contender takes part: seam always does.
    pub(crate) fn wants(&self, contender: &str) -> bool {
        self.peer.is_empty() || contender == "seam" || self.peer.iter().any(|p| p == contender)
    }

    pub(crate) fn wants_message(&self, message: Message) -> bool {
        self.message.is_empty() || self.message.contains(&message)
    }

    /// The only message, if one was asked for.
    pub(crate) fn message(&self) -> Option<Message> {
        self.message.first().copied()
    }

    pub(crate) fn wants_in_flight(&self, n: usize) -> bool {
        self.in_flight.is_empty() || self.in_flight.contains(&n)
    }

    pub(crate) fn wants_units(&self, n: usize) -> bool {
        self.units.is_empty() || self.units.contains(&n)
    }

    pub(crate) fn wants_pinned(&self, pinned: bool) -> bool {
        self.pinned.is_none_or(|wanted| wanted == pinned)
    }
}
