//! Calls between two processes over one connection on loopback.

mod http_json;
mod job;
mod raw;
mod seam;
mod tarpc;
mod tonic;

use anyhow::bail;

use self::job::{DriveJob, ServeJob};
use crate::cli::Options;
use crate::measure::{Entry, Group, Sample, Timing, cores};
use crate::messages::Message;
use crate::report::{BESIDE_SLOW, Labels};

pub(crate) use self::http_json::serve as serve_http;
pub(crate) use self::job::{listening, on_one_thread};

/// A contender of the remote bench.
struct Contender {
    name: &'static str,
    /// Whether a handler may wait while others of its connection go on: the floor's run in the
    /// connection's reader, and HTTP has a connection per call.
    naps: bool,
    serve: fn(&ServeJob) -> anyhow::Result<()>,
    drive: fn(&DriveJob) -> anyhow::Result<Sample>,
}

const CONTENDERS: &[Contender] = &[
    Contender { name: "seam", naps: true, serve: |_| seam::serve_tcp(), drive: seam::drive },
    Contender { name: "seam-unix", naps: false, serve: |_| seam::serve_unix(), drive: seam::drive },
    Contender { name: "raw", naps: false, serve: raw::serve, drive: raw::drive },
    Contender { name: "tonic", naps: true, serve: tonic::serve, drive: tonic::drive },
    Contender { name: "tarpc", naps: true, serve: tarpc::serve, drive: tarpc::drive },
    Contender {
        name: "http-json",
        naps: false,
        serve: |job| http_json::serve(job.workers()),
        drive: http_json::drive,
    },
];

/// Calls in flight, per cell.
const IN_FLIGHT: [usize; 5] = [1, 16, 64, 256, 1024];

/// How long the slow call takes that goes on beside `price+slow`: as long as tens of thousands of its
/// neighbours.
const SLOW_MS: u64 = 20;

/// What every limit on calls in flight is raised to, at every contender.
const LIMIT: usize = 4096;

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.iter().map(|contender| contender.name)
}

/// The cells: every one with its contenders. `tiny` only if asked for: `price` is what the aims
/// speak of.
pub(crate) fn groups(options: &Options) -> Vec<Group> {
    let options = &options.unless_told(9, 0.6);
    let mut groups = Vec::new();
    let message = options.message().unwrap_or(Message::Price);
    for pinned in [true, false].into_iter().filter(|&p| options.wants_pinned(p)) {
        for in_flight in IN_FLIGHT.into_iter().filter(|&n| options.wants_in_flight(n)) {
            groups.push(options.group(group(options, message, in_flight, pinned)));
        }
    }
    groups
}

/// One cell; where `price` is asked for 64 times at once, pinned, also with a slow call beside it.
fn group(options: &Options, message: Message, in_flight: usize, pinned: bool) -> Vec<Entry> {
    let contenders = || CONTENDERS.iter().filter(|contender| options.wants(contender.name));
    let entry = |contender: &Contender, slow| {
        let cell = Cell { message, in_flight, pinned, slow };
        entry(contender.name, cell, options.timing())
    };
    let mut entries: Vec<_> = contenders().map(|contender| entry(contender, false)).collect();
    if message == Message::Price && in_flight == 64 && pinned {
        let able = contenders().filter(|contender| contender.naps);
        entries.extend(able.map(|contender| entry(contender, true)));
    }
    entries
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    message: Message,
    in_flight: usize,
    pinned: bool,
    slow: bool,
}

fn entry(contender: &str, cell: Cell, timing: Timing) -> Entry {
    let Cell { message, in_flight, pinned, slow } = cell;
    // The last core: the first ones serve most interrupts.
    let cores: Vec<_> = cores().last().copied().filter(|_| pinned).into_iter().collect();
    let contender = contender.to_owned();
    let serve = ServeJob { contender: contender.clone(), cores: cores.clone() };
    let drive = DriveJob {
        contender: contender.clone(),
        address: String::new(),
        cores,
        message,
        in_flight,
        nap_ms: slow.then_some(SLOW_MS),
        timing,
    };
    let labels = Labels {
        bench: "remote",
        message: Some(if slow { BESIDE_SLOW } else { message.name() }),
        in_flight: Some(in_flight),
        pinned: Some(pinned),
        contender,
        ..Labels::default()
    };
    Entry::new(labels, move || job::measure(&serve, drive.clone()))
}

/// The serving child's side.
pub(crate) fn serve(job: &ServeJob) -> anyhow::Result<()> {
    job.pin()?;
    (find(&job.contender)?.serve)(job)
}

/// The driving child's side.
pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    job.pin()?;
    (find(&job.contender)?.drive)(job)
}

fn find(name: &str) -> anyhow::Result<&'static Contender> {
    match CONTENDERS.iter().find(|contender| contender.name == name) {
        Some(contender) => Ok(contender),
        None => bail!("there is no remote contender `{name}`"),
    }
}
