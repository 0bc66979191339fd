//! What came of the aims in one run after the other: a file with a line per run, for one run says
//! little where the machine is not quiet.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// What a run of a bench reached, by the name of the aim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) bench: String,
    pub(super) measured: String,
    pub(super) reached: BTreeMap<String, f64>,
}

/// Runs in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct History(Vec<Record>);

impl History {
    /// Empty if there is no such file.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            text => text.with_context(|| format!("reading {}", file.display()))?,
        };
        let records = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        Ok(Self(records.with_context(|| format!("reading {}", file.display()))?))
    }

    pub(super) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let mut text = String::new();
        for record in &self.0 {
            text.push_str(&serde_json::to_string(record)?);
            text.push('\n');
        }
        let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
        folder
            .and_then(|()| fs::write(file, text))
            .with_context(|| format!("writing {}", file.display()))
    }

    /// Adds a run that isn't here yet and has anything to say.
    pub(super) fn add(&mut self, record: Record) {
        let same =
            |other: &Record| (&other.bench, &other.measured) == (&record.bench, &record.measured);
        if !record.reached.is_empty() && !self.0.iter().any(same) {
            self.0.push(record);
            self.0.sort_by(|a, b| a.measured.cmp(&b.measured));
        }
    }

    /// What all runs reached of one aim.
    pub(super) fn of(&self, aim: &str) -> impl Iterator<Item = f64> {
        self.0.iter().filter_map(move |record| record.reached.get(aim).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(measured: &str, value: f64) -> Record {
        let reached = BTreeMap::from([("aim".to_owned(), value)]);
        Record { bench: "local".to_owned(), measured: measured.to_owned(), reached }
    }

    #[test]
    fn runs_are_kept_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aims.jsonl");
        let mut history = History::read(&file).unwrap();
        history.add(record("12:00", 2.0));
        history.add(record("11:00", 1.0));
        history.add(record("12:00", 2.0));
        history.write(&file).unwrap();
        let history = History::read(&file).unwrap();
        assert_eq!(history.of("aim").collect::<Vec<_>>(), [1.0, 2.0]);
        assert_eq!(history.of("other").count(), 0);
    }
}
