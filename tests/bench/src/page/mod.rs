//! `report`: writes what runs have measured into a page, so that nobody types a number.
//!
//! The page is written by people, but for what stands between `<!-- bench: NAME -->` and
//! `<!-- end -->`: that is replaced by the table of that name, made from the JSON files of runs.

mod aims;
mod blocks;
mod machine;
mod markdown;
mod rows;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

pub(crate) use self::rows::{Row, Rows};

/// Writes the tables of the runs in `files` into `page`.
pub(crate) fn write(files: &[PathBuf], page: &Path) -> anyhow::Result<Rows> {
    let rows = Rows::read(files)?;
    let old = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let new = blocks::replace(&old, |name| {
        Ok(match name {
            "machine" => machine::table(files)?,
            "aims" => aims::table(&rows),
            name => tables::table(name, &rows)?,
        })
    })?;
    fs::write(page, new).with_context(|| format!("writing {}", page.display()))?;
    Ok(rows)
}
