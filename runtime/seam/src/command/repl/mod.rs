//! `repl`: a prompt at the running app. Calls by hand, as `call` makes them, benches, traces.
//!
//! What is understood ([`line`]), completed ([`complete`]) and remembered ([`history`]) are functions of
//! texts; [`session`] does what a line says, and [`editor`] is the one that knows of the terminal.

mod bench;
mod complete;
mod editor;
mod help;
mod history;
mod line;
mod place;
mod schema;
mod session;
mod vocabulary;

use std::{
    io::{self, BufRead as _, Read as _},
    process::ExitCode,
};

use seam_core::{contract::ContractDescriptor, name::ServiceId};

use self::{
    editor::{Editor, Read},
    session::Session,
    vocabulary::Vocabulary,
};
use super::{
    Failure, block_on,
    status::{self, nothing_runs},
    terminal::{Interrupts, Screen},
};
use crate::config::{Config, process};

/// The longest line that is read, in bytes: as much as a call's arguments may have at the edge.
const LONGEST: u64 = 1 << 20;

/// The services and their contracts.
type Contracts = [(ServiceId, &'static ContractDescriptor)];

/// Reads lines until they end, and does what each says. `running` is the config of the app that runs.
///
/// # Errors
/// Nothing runs, or the terminal fails.
pub(super) fn repl(
    running: &dyn Fn() -> Result<Config, Failure>,
    contracts: &Contracts,
    json: bool,
) -> Result<ExitCode, Failure> {
    let config = running()?;
    let (units, silent) = block_on(status::ask_all(&config))??;
    if units.is_empty() && silent.is_empty() {
        return Err(Failure::other(nothing_runs(&config)));
    }
    let vocabulary = Vocabulary::new(contracts, &config);
    if !Screen::is_there() {
        return scripted(Session::new(running, contracts, &vocabulary, json, None));
    }
    let interrupts = Interrupts::catch(b"\n").map_err(Failure::other)?;
    let mut session = Session::new(running, contracts, &vocabulary, json, Some(interrupts));
    let mut editor = Editor::new(&config, &vocabulary).map_err(Failure::other)?;
    let units = units.iter().map(|unit| process(&unit.unit, unit.instance));
    session.say(&greeting(&config, &units.collect::<Vec<_>>()))?;
    loop {
        match editor.read().map_err(Failure::other)? {
            Read::Line(line) if !session.line(&line)?.goes_on() => return Ok(ExitCode::SUCCESS),
            Read::Line(_) | Read::Cancelled => {}
            Read::End => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// What stands at the beginning.
fn greeting(config: &Config, units: &[String]) -> String {
    let app = &config.app.name;
    let units = match units {
        [] => "its units don't answer yet".into(),
        units => {
            format!("{} {}", if units.len() == 1 { "unit" } else { "units" }, units.join(", "))
        }
    };
    format!("{app}: {units}. Tab completes, `help` tells what there is, Ctrl-D ends.")
}

/// Does what the lines of standard input say, which nobody types. Fails in the end if one of them did.
fn scripted(mut session: Session<'_>) -> Result<ExitCode, Failure> {
    let mut input = io::stdin().lock();
    let mut failed = false;
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line);
        if read.map_err(Failure::other)? == 0 {
            break;
        }
        if line.len() as u64 > LONGEST {
            return Err(Failure::usage(format!("a line is longer than {LONGEST} bytes")));
        }
        let done = session.line(&String::from_utf8_lossy(&line))?;
        failed |= done.failed();
        if !done.goes_on() {
            break;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
