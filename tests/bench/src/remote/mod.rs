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
use crate::measure::{Entry, Sample, cores};
use crate::messages::Message;
use crate::report::Labels;

pub(crate) use self::http_json::serve as serve_http;
pub(crate) use self::job::{listening, on_one_thread};

/// A contender of the remote bench.
struct Contender {
    name: &'static str,
    serve: fn(&ServeJob) -> anyhow::Result<()>,
    drive: fn(&DriveJob) -> anyhow::Result<Sample>,
}

const CONTENDERS: &[Contender] = &[
    Contender { name: "seam", serve: |_| seam::serve_tcp(), drive: seam::drive },
    Contender { name: "seam-unix", serve: |_| seam::serve_unix(), drive: seam::drive },
    Contender { name: "raw", serve: raw::serve, drive: raw::drive },
    Contender { name: "tonic", serve: tonic::serve, drive: tonic::drive },
    Contender { name: "tarpc", serve: tarpc::serve, drive: tarpc::drive },
    Contender {
        name: "http-json",
        serve: |job| http_json::serve(job.workers()),
        drive: http_json::drive,
    },
];

/// Calls in flight, per cell.
const IN_FLIGHT: [usize; 5] = [1, 16, 64, 256, 1024];

/// What every limit on calls in flight is raised to, at every contender.
const LIMIT: usize = 4096;

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.iter().map(|contender| contender.name)
}

/// The cells: every one with its contenders. `tiny` only if asked for: `price` is what the aims
/// speak of.
pub(crate) fn groups(options: &Options) -> Vec<Vec<Entry>> {
    let mut groups = Vec::new();
    let message = options.message().unwrap_or(Message::Price);
    for pinned in [true, false].into_iter().filter(|&p| options.wants_pinned(p)) {
        for in_flight in IN_FLIGHT.into_iter().filter(|&n| options.wants_in_flight(n)) {
            groups.push(group(options, message, in_flight, pinned));
        }
    }
    groups
}

fn group(options: &Options, message: Message, in_flight: usize, pinned: bool) -> Vec<Entry> {
    // The last core: the first ones serve most interrupts.
    let core = cores().last().copied().filter(|_| pinned);
    let wanted = CONTENDERS.iter().filter(|contender| options.wants(contender.name));
    wanted
        .map(|contender| {
            let serve = ServeJob {
                contender: contender.name.to_owned(),
                cores: core.into_iter().collect(),
            };
            let drive = DriveJob {
                contender: contender.name.to_owned(),
                address: String::new(),
                cores: core.into_iter().collect(),
                message,
                in_flight,
                timing: options.timing(),
            };
            let labels = Labels {
                bench: "remote",
                message: Some(message.name()),
                in_flight: Some(in_flight),
                pinned: Some(pinned),
                contender: contender.name.to_owned(),
                ..Labels::default()
            };
            Entry::new(labels, move || job::measure(&serve, drive.clone()))
        })
        .collect()
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
