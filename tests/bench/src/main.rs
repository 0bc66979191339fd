//! The bench that holds seam against its peers in one run.
//!
//! `cargo run --release -p seam-bench -- local|remote|edge|boutique|bus|all`, or `guard`. Contenders run in turn,
//! round after round (A B C A B C …), each measurement in processes of its own: the binary starts
//! itself again with a hidden subcommand, tells the child its job, and reads what it measured.

mod boutique;
mod bus;
mod cli;
mod edge;
mod explain;
mod grpc;
mod guard;
mod http;
mod local;
mod measure;
mod messages;
mod ours;
mod page;
mod plot;
mod remote;
mod report;
mod scale;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;

use self::cli::{Cli, Options, What};
use self::measure::{Event, Group, Sample, announce};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let told = match &cli.what {
        What::MeasureLocal { job } => answer(parse(job).and_then(|job| local::run(&job))),
        What::Serve { job } => parse(job).and_then(|job| remote::serve(&job)).or_else(failed),
        What::Drive { job } => answer(parse(job).and_then(|job| remote::drive(&job))),
        What::Local { explain: true } => explain::explain(),
        What::Local { explain: false } => bench(&cli.options, &local::groups(&cli.options)),
        What::Remote => bench(&cli.options, &remote::groups(&cli.options)),
        What::ServeEdge { job } => parse(job).and_then(|job| edge::serve(&job)).or_else(failed),
        What::DriveEdge { job } => answer(parse(job).and_then(|job| edge::drive(&job))),
        What::Edge => bench(&cli.options, &edge::groups(&cli.options)),
        What::ServeBoutique { job } => parse(job).and_then(boutique::serve).or_else(failed),
        What::DriveBoutique { job } => answer(parse(job).and_then(|job| boutique::drive(&job))),
        What::Boutique => {
            boutique::groups(&cli.options).and_then(|groups| bench(&cli.options, &groups))
        }
        What::MeasureBus { job } => answer(parse(job).and_then(|job| bus::run(&job))),
        What::MeasureCarry { job } => answer(parse(job).and_then(|job| bus::carry(&job))),
        What::Bus => bench(&cli.options, &bus::groups(&cli.options)),
        What::MeasureScale { job } => answer(scale::run(job)),
        What::ServeScale { job } => scale::serve(job).or_else(failed),
        What::DriveScale { job } => match scale::drive(job) {
            Ok(None) => Ok(()),
            Ok(Some(sample)) => answer(Ok(sample)),
            Err(why) => failed(why),
        },
        What::Scale { series } => {
            scale::groups(&cli.options, series).and_then(|groups| bench(&cli.options, &groups))
        }
        What::Report { files, page, records, record } => page::write(files, page, records, *record)
            .and_then(|rows| {
                cli.options.plot.as_ref().map_or(Ok(()), |folder| plot::write(&rows, folder))
            }),
        What::Guard { renew } => guard::guard(*renew),
        What::CountCalls { job } => parse(job).and_then(guard::count),
        What::CountRemote { job } => parse(job).and_then(guard::count_remote),
        What::All => all(&cli.options).and_then(|groups| bench(&cli.options, &groups)),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "seam-bench: {why:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the cells one after the other and reports them.
fn bench(options: &Options, groups: &[Group]) -> anyhow::Result<()> {
    for name in &options.peer {
        if !local::names()
            .chain(remote::names())
            .chain(edge::names())
            .chain(boutique::names())
            .chain(bus::names())
            .any(|known| known == name)
            && name != "seam"
        {
            bail!("there is no contender `{name}`");
        }
    }
    let progress = report::Progress::new(groups.iter().map(Group::steps).sum());
    let rows: Vec<_> = groups.iter().flat_map(|group| group.run(&progress)).collect();
    progress.finish();
    report::print(&rows)?;
    if let Some(folder) = &options.plot {
        plot::write(&page::Rows::of(&rows)?, folder)?;
    }
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_vec_pretty(&rows)?)
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// The boutique first: its load has just been found out.
fn all(options: &Options) -> anyhow::Result<Vec<Group>> {
    let mut groups = boutique::groups(options)?;
    groups.extend(local::groups(options));
    groups.extend(remote::groups(options));
    groups.extend(edge::groups(options));
    Ok(groups)
}

fn parse<'a, J: serde::Deserialize<'a>>(job: &'a str) -> anyhow::Result<J> {
    serde_json::from_str(job).context("reading the job")
}

/// A measuring child's last word.
fn answer(sample: anyhow::Result<Sample>) -> anyhow::Result<()> {
    match sample {
        Ok(sample) => announce(&Event::Sample(sample)),
        Err(why) => failed(why)?,
    }
    Ok(())
}

/// A child's last word when it can't go on: the bench says it where people see it.
fn failed(why: anyhow::Error) -> anyhow::Result<()> {
    announce(&Event::Failed(format!("{why:#}")));
    Ok(())
}
