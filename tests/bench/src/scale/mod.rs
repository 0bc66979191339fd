//! How seam grows: over cores, actors, sizes of messages and connections; and what a service and a
//! connection cost that nobody uses.

mod between;
mod blobs;
mod inside;
mod labels;
mod memory;
mod unit;

use anyhow::{Context, bail};

use self::between::BetweenJob;
use self::inside::{Calls, InsideJob};
pub(crate) use self::labels::ScaleLabels;
use self::memory::Side;
use self::unit::UnitJob;
use crate::cli::Options;
use crate::measure::{Child, Entry, Group, Sample, cores};
use crate::report::Labels;

/// Callers, where a cell doesn't say otherwise.
const CALLERS: usize = 64;
/// What "several actors" means where cores are counted.
const SEVERAL: usize = 16;
const ACTORS: [usize; 4] = [1, 10, 100, 1_000];
const PAYLOADS: [usize; 6] = [64, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
const CONNECTIONS: [usize; 4] = [1, 10, 100, 1_000];

/// The cells of the series asked for, or of all of them.
pub(crate) fn groups(options: &Options, series: &[String]) -> anyhow::Result<Vec<Group>> {
    // Few and short: a curve is read as a whole.
    let options = &options.unless_told(3, 0.3);
    let groups = all(options);
    let of = |group: &Vec<Entry>| {
        group.first().and_then(|entry| entry.labels.scale.as_ref()).map_or("", |of| of.series)
    };
    if let Some(name) = series.iter().find(|name| !groups.iter().any(|group| of(group) == **name)) {
        bail!(
            "there is no series `{name}`: cores, actors, payload, connections, service, connection"
        );
    }
    let wanted =
        |group: &Vec<Entry>| series.is_empty() || series.iter().any(|name| name == of(group));
    Ok(groups.into_iter().filter(wanted).map(|entries| options.group(entries)).collect())
}

fn all(options: &Options) -> Vec<Vec<Entry>> {
    let all = cores();
    let mut groups: Vec<_> = (1..=all.len()).map(|n| over_cores(options, &all[..n])).collect();
    groups.extend(ACTORS.map(|n| over_actors(options, n, &all[..all.len().min(4)])));
    groups.extend(PAYLOADS.map(|size| over_payloads(options, size)));
    groups.extend(CONNECTIONS.map(|n| over_connections(options, n)));
    groups.push(vec![idle("service", None)]);
    groups
        .push(vec![idle("connection", Some(Side::Server)), idle("connection", Some(Side::Client))]);
    groups
}

/// One actor and several, on so many cores.
fn over_cores(options: &Options, cores: &[usize]) -> Vec<Entry> {
    let turns = |actors| [Calls::Shared, Calls::Exclusive].map(|calls| (calls, actors));
    let mut cells = vec![(Calls::Plain, 0)];
    cells.extend(turns(1));
    cells.extend(turns(SEVERAL));
    let entry = |(calls, actors)| inside(options, "cores", cores, calls, actors);
    cells.into_iter().map(entry).collect()
}

fn over_actors(options: &Options, actors: usize, cores: &[usize]) -> Vec<Entry> {
    let turns = [Calls::Shared, Calls::Exclusive];
    turns.map(|calls| inside(options, "actors", cores, calls, actors)).into()
}

/// `price` within a process that may use these cores.
fn inside(
    options: &Options,
    series: &'static str,
    cores: &[usize],
    calls: Calls,
    actors: usize,
) -> Entry {
    let (contender, turn) = match calls {
        Calls::Plain => ("plain", "shared"),
        Calls::Exclusive => ("seam", "exclusive"),
        Calls::Shared | Calls::Echo { .. } => ("seam", "shared"),
    };
    let unit = UnitJob { actors, ..UnitJob::default() };
    let timing = options.timing();
    let job = InsideJob { unit, cores: cores.to_vec(), callers: CALLERS, calls, timing };
    let scale = ScaleLabels {
        series,
        actors: Some(actors).filter(|&actors| actors > 0),
        ..ScaleLabels::default()
    };
    let labels = Labels {
        message: Some("price"),
        turn: Some(turn),
        callers: Some(CALLERS),
        threads: Some(cores.len()),
        ..labels(contender, scale)
    };
    Entry::new(labels, move || measure_inside(&job))
}

/// Echoes by one caller: within a process, encoded, and between two.
fn over_payloads(options: &Options, size: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for text in [false, true] {
        for route in ["local", "encoded", "remote"] {
            let scale = ScaleLabels {
                series: "payload",
                route: Some(route),
                payload: Some(size),
                kind: Some(if text { "text" } else { "bytes" }),
                ..ScaleLabels::default()
            };
            let labels = Labels { callers: Some(1), ..labels("seam", scale) };
            let unit = UnitJob {
                blobs: true,
                listens: route == "remote",
                encoded: route == "encoded",
                ..UnitJob::default()
            };
            let timing = options.timing();
            entries.push(if route == "remote" {
                let job = BetweenJob {
                    address: String::new(),
                    connections: 1,
                    busy: 1,
                    in_flight: 1,
                    echo: Some((size, text)),
                    timing: Some(timing),
                };
                Entry::new(labels, move || between::measure(&unit, job.clone()))
            } else {
                let calls = Calls::Echo { size, text };
                let cores = cores().last().copied().into_iter().collect();
                let job = InsideJob { unit, cores, callers: 1, calls, timing };
                Entry::new(labels, move || measure_inside(&job))
            });
        }
    }
    entries
}

/// `price` by 64 callers: over one of the connections while the others idle, and over all of them.
fn over_connections(options: &Options, connections: usize) -> Vec<Entry> {
    let mut busy = vec![1, connections];
    busy.dedup();
    let entry = |busy| {
        let scale = ScaleLabels {
            series: "connections",
            connections: Some(connections),
            busy: Some(busy),
            ..ScaleLabels::default()
        };
        let labels =
            Labels { message: Some("price"), in_flight: Some(CALLERS), ..labels("seam", scale) };
        let unit = UnitJob { actors: 1, listens: true, ..UnitJob::default() };
        let job = BetweenJob {
            address: String::new(),
            connections,
            busy,
            in_flight: CALLERS,
            echo: None,
            timing: Some(options.timing()),
        };
        Entry::new(labels, move || between::measure(&unit, job.clone()))
    };
    busy.into_iter().map(entry).collect()
}

/// Memory of what nobody uses.
fn idle(series: &'static str, side: Option<Side>) -> Entry {
    let scale = ScaleLabels { series, side: side.map(Side::name), ..ScaleLabels::default() };
    Entry::new(labels("seam", scale), move || match side {
        None => memory::service(),
        Some(side) => memory::connection(side),
    })
}

fn labels(contender: &str, scale: ScaleLabels) -> Labels {
    Labels {
        bench: "scale",
        contender: contender.to_owned(),
        scale: Some(scale),
        ..Labels::default()
    }
}

fn measure_inside(job: &InsideJob) -> anyhow::Result<Sample> {
    let work = job.timing.warm_up() + job.timing.measured();
    Child::start("measure-scale", job)?.sample(work, |_| Ok(()))
}

// === the children's side ===

/// Measures within this process.
pub(crate) fn run(job: &str) -> anyhow::Result<Sample> {
    inside::run(&serde_json::from_str(job).context("reading the job")?)
}

/// Serves until the bench lets go.
pub(crate) fn serve(job: &str) -> anyhow::Result<()> {
    between::serve(serde_json::from_str(job).context("reading the job")?)
}

/// Drives a server; without a sample, the connections were only held.
pub(crate) fn drive(job: &str) -> anyhow::Result<Option<Sample>> {
    between::drive(&serde_json::from_str(job).context("reading the job")?)
}
