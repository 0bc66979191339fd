//! The guard against regressions: how many instructions a call takes, compared with what it took
//! when the baseline was written.
//!
//! Times drift with the machine and its load; instructions don't. They aren't times either: what a
//! cache miss or a locked instruction costs is for the bench proper to show.

mod baseline;
mod callgrind;
mod cell;
mod count;
mod remote;

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::bail;

use self::baseline::Baseline;
pub(crate) use self::cell::Cell;
pub(crate) use self::count::{CALLS, profile, run as count};
pub(crate) use self::remote::run as count_remote;

/// A count may be so much over the baseline's: the compiler, the allocator and the processor that
/// valgrind imitates aren't the same everywhere.
const TOLERANCE: f64 = 0.05;

/// Counts all cells, and compares them with the baseline, or writes it anew.
pub(crate) fn guard(renew: bool) -> anyhow::Result<()> {
    let old = Baseline::read()?;
    let mut new = Baseline::default();
    let mut told = String::new();
    let mut worse = false;
    for cell in Cell::ALL {
        let instructions = count::instructions(cell)?;
        new.set(cell, instructions);
        write!(told, "{:<18} {instructions:>6} instructions per call", cell.name())?;
        match old.get(cell) {
            Some(before) => {
                let change = instructions as f64 / before as f64 - 1.0;
                worse |= change > TOLERANCE;
                write!(told, ", {before} in the baseline: {:+.1} %", change * 100.0)?;
            }
            None => write!(told, ", nothing in the baseline")?,
        }
        told.push('\n');
    }
    // How many calls share a wake-up differs from run to run, and so does what each of them takes.
    for endpoints in [1, 3] {
        let instructions = remote::instructions(endpoints)?;
        writeln!(
            told,
            "between units      {instructions:>6} instructions per call, both ends, of {endpoints} \
             instances; told, and compared with nothing"
        )?;
    }
    std::io::stdout().write_all(told.as_bytes())?;
    if renew {
        return new.write();
    }
    if worse {
        bail!(
            "a call takes over {:.0} % more instructions than it did: find out why, or, if that is \
             its price, `cargo run --release -p seam-bench -- guard --renew`",
            TOLERANCE * 100.0
        );
    }
    Ok(())
}
