//! Runs of the benches, as their JSON files have them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use super::rows::{Row, Rows};

/// One bench, measured once.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) bench: String,
    /// When it was done.
    pub(super) measured: String,
    pub(super) rows: Rows,
}

/// Reads what `--json` has written, once or several times; a file may hold several benches.
pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for file in files {
        let text = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let all: Vec<Value> = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no result of this bench", file.display()))?;
        let mut benches: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in all.into_iter().map(Row::new) {
            let bench = row.text("bench").context("a row without its bench")?.to_owned();
            benches.entry(bench).or_default().push(row);
        }
        runs.extend(benches.into_iter().map(|(bench, rows)| {
            let measured = rows.iter().filter_map(|row| row.text("measured")).max();
            let measured = measured.unwrap_or("unknown").to_owned();
            Run { bench, measured, rows: Rows::new(rows) }
        }));
    }
    Ok(runs)
}

/// The last run of each bench.
pub(super) fn last(runs: Vec<Run>) -> BTreeMap<String, Run> {
    let mut last: BTreeMap<String, Run> = BTreeMap::new();
    for run in runs {
        let others = last.get(&run.bench);
        if others.is_none_or(|other| other.measured <= run.measured) {
            last.insert(run.bench.clone(), run);
        }
    }
    last
}
