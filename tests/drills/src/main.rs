//! Fault drills: an app runs as real processes, is called, and something goes wrong. What that costs
//! its callers is held against what was promised.
//!
//! `cargo run --release -p seam-drills` runs them all; `-- --list` names them. The binary is its own
//! app as well: it starts itself again as the shop, or as a chain of services.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod bar;
mod chain;
mod disk;
mod drill;
mod feed;
mod market;
mod orders;
mod pace;
mod place;
mod ports;
#[allow(clippy::unwrap_used, dead_code, reason = "it is the server of the store's own tests")]
#[path = "../../../runtime/store/tests/store/server.rs"]
mod server;
mod trade;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use self::bar::Bar;
use self::drill::{DRILLS, Drill};
use self::place::{App, app};

/// Lets an app fail in ways that are foreseen, and shows what its callers see of it.
#[derive(Debug, Parser)]
#[command(name = "seam-drills")]
struct Cli {
    /// The drills to run; all of them by default.
    drills: Vec<String>,
    /// Say what there is, and run nothing.
    #[arg(long)]
    list: bool,
    /// A share of how often each fault is repeated, and for how long it is looked at; 1 is what was
    /// promised.
    #[arg(long, default_value_t = 1.0, value_name = "SHARE")]
    scale: f64,
}

fn main() -> ExitCode {
    match app() {
        Some(App::Shop) => return shop::app().main(),
        Some(App::Chain) => return chain::app().main(),
        Some(App::Market) => return market::app().main(),
        Some(App::Feed) => return feed::app().main(),
        None => {}
    }
    let cli = Cli::parse();
    if cli.list {
        DRILLS.iter().for_each(|drill| println!("{:<12} {}", drill.name, drill.about));
        return ExitCode::SUCCESS;
    }
    let known = |name: &String| DRILLS.iter().any(|drill| drill.name == name);
    if let Some(name) = cli.drills.iter().find(|name| !known(name)) {
        println!("there is no drill `{name}`: see --list");
        return ExitCode::from(2);
    }
    if !cli.scale.is_finite() || cli.scale <= 0.0 {
        println!("--scale is a number above 0, not {}", cli.scale);
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => {
            println!("no threads: {why}");
            return ExitCode::FAILURE;
        }
    };
    let wanted =
        |drill: &&Drill| cli.drills.is_empty() || cli.drills.iter().any(|name| drill.name == name);
    let met = DRILLS.iter().filter(wanted).map(|drill| runtime.block_on(run(drill, cli.scale)));
    match met.filter(|met| !met).count() {
        0 => ExitCode::SUCCESS,
        missed => {
            println!("{missed} drills missed what they aim at");
            ExitCode::FAILURE
        }
    }
}

/// Runs a drill and shows what came of it. Whether everything is as promised.
async fn run(drill: &Drill, scale: f64) -> bool {
    println!("{}: {}", drill.name, drill.about);
    let began = Instant::now();
    let bars = match (drill.run)(scale).await {
        Ok(bars) => bars,
        Err(why) => {
            println!("  FAILED: {why:#}");
            return false;
        }
    };
    bars.iter().for_each(|bar| println!("  {bar}"));
    println!("  ({:.0} s)", began.elapsed().as_secs_f64());
    bars.iter().all(Bar::met)
}
