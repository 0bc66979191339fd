//! What each layer of a call in this process costs, in instructions: callgrind counts every
//! instruction of many calls, and the binary's line tables say which source each comes from, whatever
//! was inlined into what. So nothing is left out, nothing is switched off to be measured, and the
//! layers' sum is the whole.

mod binary;
mod costs;
mod layers;
mod locks;
mod profile;
mod table;

use std::io::{Write, stdout};

use anyhow::Context;

use self::binary::Binary;
use self::costs::costs;
use self::layers::Layers;
use self::profile::Profile;
use self::table::{Column, table};
use crate::guard::{self, CALLS, Cell};

/// Counts, and prints the table.
pub(crate) fn explain() -> anyhow::Result<()> {
    let path = std::env::current_exe().context("finding the bench's own binary")?;
    let binary = Binary::open(&path)?;
    let mut columns = Vec::new();
    for cell in Cell::ALL {
        let profile = Profile::parse(&guard::profile(cell)?)?;
        binary.has_lines_of(&profile)?;
        let mut costs = costs(&profile, &Layers { binary: &binary });
        costs.values_mut().for_each(|cost| *cost = *cost / CALLS as f64);
        columns.push(Column { name: cell.name(), costs });
    }
    writeln!(
        stdout(),
        "\nThe instructions of one `price` call within a process, by layer; those that lock memory, \
         in brackets,\ncost as much as some twenty others each.\n{}",
        table(&columns)
    )?;
    Ok(())
}
