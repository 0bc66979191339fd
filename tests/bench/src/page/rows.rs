//! The rows of earlier runs, as their JSON files have them.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

/// All rows of several runs.
#[derive(Debug)]
pub(crate) struct Rows(Vec<Row>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Row(Value);

impl Rows {
    /// Reads what `--json` has written.
    pub(crate) fn read(files: &[PathBuf]) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for file in files {
            let text = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
            let rows: Vec<Value> = serde_json::from_slice(&text)
                .with_context(|| format!("{} is no result of this bench", file.display()))?;
            all.extend(rows.into_iter().map(Row));
        }
        Ok(Self(all))
    }

    /// The rows that a run has just measured.
    pub(crate) fn of(rows: &[crate::report::Row]) -> anyhow::Result<Self> {
        let rows = rows.iter().map(|row| Ok(Row(serde_json::to_value(row)?)));
        Ok(Self(rows.collect::<anyhow::Result<_>>()?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.0.iter()
    }
}

impl Row {
    /// A label that is a word.
    pub(crate) fn text(&self, label: &str) -> Option<&str> {
        self.0.get(label)?.as_str()
    }

    /// A label that is a number.
    pub(crate) fn number(&self, label: &str) -> Option<f64> {
        self.0.get(label)?.as_f64()
    }

    /// The middle of a figure.
    pub(crate) fn median(&self, figure: &str) -> Option<f64> {
        self.0.get(figure)?.get("median")?.as_f64()
    }

    /// How far the rounds lie apart: half of it, as a share of the median.
    pub(crate) fn spread(&self, figure: &str) -> Option<f64> {
        let of = self.0.get(figure)?;
        let part = |name: &str| of.get(name)?.as_f64();
        Some((part("max")? - part("min")?) / 2.0 / part("median")?)
    }

    /// `ratio`, `ratio_cpu`, `ratio_p50` or `ratio_p99` to a peer.
    pub(crate) fn ratio(&self, of: &str, peer: &str) -> Option<f64> {
        self.0.get(of)?.get(peer)?.as_f64()
    }

    /// Whether both have the same label.
    pub(crate) fn same(&self, label: &str, other: &Self) -> bool {
        self.0.get(label) == other.0.get(label)
    }

    /// Whether a label has this value.
    pub(crate) fn is(&self, label: &str, value: &Value) -> bool {
        match (self.0.get(label), value) {
            (Some(Value::Number(a)), Value::Number(b)) => a.as_f64() == b.as_f64(),
            (a, Value::Null) => a.is_none_or(Value::is_null),
            (a, b) => a == Some(b),
        }
    }
}
