//! The counts that were found right, in a file under version control.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;

use super::cell::Cell;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guard.json");

/// Instructions per call, by the cell's name.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Baseline(BTreeMap<String, u64>);

impl Baseline {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = fs::read(FILE).with_context(|| format!("reading {FILE}"))?;
        Ok(Self(serde_json::from_slice(&text).with_context(|| format!("reading {FILE}"))?))
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.0)? + "\n";
        fs::write(FILE, text).with_context(|| format!("writing {FILE}"))
    }

    pub(crate) fn get(&self, cell: Cell) -> Option<u64> {
        self.0.get(cell.name()).copied()
    }

    pub(crate) fn set(&mut self, cell: Cell, instructions: u64) {
        self.0.insert(cell.name().to_owned(), instructions);
    }
}
