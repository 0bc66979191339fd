//! HTTP requests to a handler that does JSON work, under load from another process.
//!
//! The server has one core to itself, the driver all others: what the server can take on a core is
//! what is compared, and the CPU time is the server's alone.

mod drive;
mod token;

use std::future::pending;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

pub(crate) use self::drive::{DriveJob, drive};
use crate::cli::Options;
use crate::measure::{Child, Entry, Event, Group, Sample, announce, cores, pin, under_load};
use crate::messages::Message;
use crate::ours;
use crate::remote::{on_one_thread, serve_http};
use crate::report::Labels;

/// A contender of the edge's bench: it answers `POST /price` with JSON.
struct Contender {
    name: &'static str,
    serve: fn() -> anyhow::Result<()>,
}

const CONTENDERS: &[Contender] = &[
    Contender { name: "actix-web", serve: || serve_http(cores().len()) },
    Contender { name: "seam", serve: || serve_seam("") },
    Contender { name: KNOWN, serve: || serve_seam(&token::config()) },
];

/// As an edge that knows its clients by their tokens, and counts what each asks for.
const KNOWN: &str = "seam, tokens and limits";

/// An app's unit with an edge, as `app.toml` would declare it.
fn serve_seam(more: &str) -> anyhow::Result<()> {
    let more = more.to_owned();
    on_one_thread(async move {
        let ours = ours::edge(&more).await?;
        let address = ours.unit.http().context("seam's unit has no edge")?;
        announce(&Event::Listening(address.to_string()));
        pending().await
    })
}

/// Connections with one request each.
const IN_FLIGHT: [usize; 3] = [1, 64, 256];

/// What a serving process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServeJob {
    contender: String,
    cores: Vec<usize>,
}

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.iter().map(|contender| contender.name)
}

/// The cells: every one with its contenders.
pub(crate) fn groups(options: &Options) -> Vec<Group> {
    let options = &options.unless_told(11, 0.5);
    let in_flight = IN_FLIGHT.into_iter().filter(|&n| options.wants_in_flight(n));
    in_flight.map(|n| options.group(group(options, n))).collect()
}

fn group(options: &Options, in_flight: usize) -> Vec<Entry> {
    let (servers, drivers) = match &cores()[..] {
        [only] => (vec![*only], vec![*only]),
        [others @ .., last] => (vec![*last], others.to_vec()),
        [] => (vec![], vec![]),
    };
    let wanted = CONTENDERS.iter().filter(|contender| options.wants(contender.name));
    wanted
        .map(|contender| {
            let serve = ServeJob { contender: contender.name.to_owned(), cores: servers.clone() };
            let drive = DriveJob {
                address: String::new(),
                cores: drivers.clone(),
                in_flight,
                timing: options.timing(),
                token: (contender.name == KNOWN).then(token::sealed),
            };
            let labels = Labels {
                bench: "edge",
                message: Some(Message::Price.name()),
                in_flight: Some(in_flight),
                pinned: Some(true),
                contender: contender.name.to_owned(),
                ..Labels::default()
            };
            Entry::new(labels, move || measure(&serve, drive.clone()))
        })
        .collect()
}

fn measure(serve: &ServeJob, mut drive: DriveJob) -> anyhow::Result<Sample> {
    let mut server = Child::start("serve-edge", serve)?;
    drive.address = server.address()?;
    let mut driver = Child::start("drive-edge", &drive)?;
    let work = drive.timing.warm_up() + drive.timing.measured();
    let (mut sample, used) = under_load(std::slice::from_mut(&mut server), &mut driver, work)?;
    (sample.cpu_us, sample.rss_kib) = (used[0].cpu_us, used[0].rss_kib);
    Ok(sample)
}

/// The serving child's side.
pub(crate) fn serve(job: &ServeJob) -> anyhow::Result<()> {
    pin(&job.cores)?;
    match CONTENDERS.iter().find(|contender| contender.name == job.contender) {
        Some(contender) => (contender.serve)(),
        None => bail!("there is no contender `{}` at the edge", job.contender),
    }
}
