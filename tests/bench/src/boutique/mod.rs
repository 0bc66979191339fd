//! The call graph of Google's Online Boutique: ten services behind an HTTP front.
//!
//! What they know and do is written once (`services`, `calls`); a contender only carries the
//! calls. Every contender gets the same offered load, half of what the tonic version can take on
//! this machine. CPU time is that of the services; the front's is reported apart.
//! The table of calls stands in `docs/boutique.md`.

mod calls;
mod drive;
mod front;
mod messages;
mod money;
mod pace;
mod seam;
mod services;
mod tonic;

use std::collections::BTreeMap;
use std::io::{Write, stderr};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

pub(crate) use self::drive::{DriveJob, drive};
use crate::cli::Options;
use crate::measure::{Child, Entry, Group, Sample, Timing, under_load};
use crate::report::{Figure, Labels};

/// Visitors, with a connection each.
const VISITORS: usize = 64;

/// How often it is measured what tonic can take.
const TRIALS: usize = 5;

/// A way to run the boutique.
struct Contender {
    name: &'static str,
    /// Processes, without the front.
    units: usize,
    /// Starts the front, whose address is where the load goes, and the units.
    /// Told whether seam's units are to listen on loopback.
    start: fn(bool) -> anyhow::Result<Shop>,
}

const CONTENDERS: &[Contender] = &[
    Contender { name: "tonic", units: 10, start: |_| start_tonic() },
    Contender { name: "seam", units: 10, start: |tcp| seam::start(seam::TEN, tcp) },
    Contender { name: "seam", units: 2, start: |tcp| seam::start(seam::TWO, tcp) },
    Contender { name: "seam", units: 1, start: |tcp| seam::start(seam::ONE, tcp) },
];

/// A running boutique.
struct Shop {
    address: String,
    /// The front first.
    processes: Vec<Child>,
    /// Its units' data, and their sockets.
    _data: Option<TempDir>,
}

/// What a serving process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServeJob {
    /// One of tonic's services.
    Tonic {
        /// Its name; none: it is the front.
        service: Option<String>,
        /// Where the services listen that it calls.
        callees: BTreeMap<String, String>,
    },
    /// One of seam's units, or the front.
    Seam(seam::UnitJob),
}

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.iter().map(|contender| contender.name)
}

/// The only cell, at the load that is found out first.
pub(crate) fn groups(options: &Options) -> anyhow::Result<Vec<Group>> {
    let options = &options.unless_told(7, 1.0);
    let timing = options.timing();
    let most = match options.offered {
        Some(_) => None,
        None => Some(most(timing).context("finding out what tonic can take")?),
    };
    let half = most.map(|most| (most.median / 2.0).floor());
    let offered = options.offered.map(f64::from).or(half);
    let wanted = CONTENDERS.iter().filter(|contender| {
        let ours = contender.name == "seam";
        options.wants(contender.name) && (!ours || options.wants_units(contender.units))
    });
    let entries = wanted.map(|contender| {
        let labels = Labels {
            bench: "boutique",
            units: Some(contender.units),
            offered_per_s: offered,
            tonic_takes_per_s: most,
            pinned: Some(false),
            contender: contender.name.to_owned(),
            ..Labels::default()
        };
        let (start, tcp) = (contender.start, options.tcp);
        Entry::new(labels, move || measure(|| start(tcp), offered, timing))
    });
    Ok(vec![options.group(entries.collect())])
}

/// Requests per second that tonic takes here, given as many as it answers: of several measurements,
/// for they lie far apart, and all other figures follow from what is offered.
fn most(timing: Timing) -> anyhow::Result<Figure> {
    let mut all = Vec::new();
    for trial in 1..=TRIALS {
        let _ = writeln!(stderr(), "boutique · what tonic takes here, {trial} of {TRIALS}");
        all.push(measure(start_tonic, None, timing)?.calls_per_s());
    }
    Figure::of(all).context("it took nothing")
}

fn measure(
    start: impl Fn() -> anyhow::Result<Shop>,
    rate: Option<f64>,
    timing: Timing,
) -> anyhow::Result<Sample> {
    let mut shop = start()?;
    let address = shop.address.clone();
    let job = DriveJob { address, visitors: VISITORS, rate, timing };
    let mut driver = Child::start("drive-boutique", &job)?;
    let work = timing.warm_up() + timing.measured();
    let (mut sample, used) = under_load(&mut shop.processes, &mut driver, work)?;
    let (front, units) = used.split_first().context("there is no front")?;
    sample.front_cpu_us = Some(front.cpu_us);
    sample.cpu_us = units.iter().map(|unit| unit.cpu_us).sum();
    sample.rss_kib = units.iter().map(|unit| unit.rss_kib).sum();
    Ok(sample)
}

fn start_tonic() -> anyhow::Result<Shop> {
    let mut addresses = BTreeMap::new();
    let mut processes = Vec::new();
    let mut start = |service: Option<&str>, callees: &[&str]| -> anyhow::Result<String> {
        let callees = callees.iter().filter_map(|name| addresses.get_key_value(*name));
        let job = ServeJob::Tonic {
            service: service.map(str::to_owned),
            callees: callees
                .map(|(name, at): (&String, &String)| (name.clone(), at.clone()))
                .collect(),
        };
        let mut process = Child::start("serve-boutique", &job)?;
        let address = process.address().with_context(|| service.unwrap_or("front").to_owned())?;
        addresses.extend(service.map(|service| (service.to_owned(), address.clone())));
        processes.push(process);
        Ok(address)
    };
    for (service, callees) in tonic::SERVICES {
        start(Some(service), callees)?;
    }
    let address = start(None, &["frontend"])?;
    processes.rotate_right(1);
    Ok(Shop { address, processes, _data: None })
}

/// The serving child's side.
pub(crate) fn serve(job: ServeJob) -> anyhow::Result<()> {
    match job {
        ServeJob::Tonic { service: Some(service), callees } => tonic::serve(service, callees),
        ServeJob::Tonic { service: None, callees } => {
            let frontend = callees.get("frontend").context("the front knows no frontend")?;
            tonic::front(frontend)
        }
        ServeJob::Seam(job) => seam::serve(job),
    }
}
