//! The rows of runs.

use serde_json::Value;

/// All rows of a run, or of several.
#[derive(Debug)]
pub(crate) struct Rows(Vec<Row>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Row(Value);

impl Rows {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        Self(rows)
    }

    /// Those of several runs.
    pub(super) fn all(runs: impl Iterator<Item = Self>) -> Self {
        Self(runs.flat_map(|rows| rows.0).collect())
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
    pub(super) fn new(row: Value) -> Self {
        Self(row)
    }

    /// A label that is a word.
    pub(crate) fn text(&self, label: &str) -> Option<&str> {
        self.0.get(label)?.as_str()
    }

    /// A label that is a number.
    pub(crate) fn number(&self, label: &str) -> Option<f64> {
        self.0.get(label)?.as_f64()
    }

    /// `median`, `min` or `max` of a figure.
    pub(crate) fn part(&self, figure: &str, part: &str) -> Option<f64> {
        self.0.get(figure)?.get(part)?.as_f64()
    }

    /// The middle of a figure.
    pub(crate) fn median(&self, figure: &str) -> Option<f64> {
        self.part(figure, "median")
    }

    /// How far the rounds lie apart: half of it, as a share of the median.
    pub(crate) fn spread(&self, figure: &str) -> Option<f64> {
        let [min, max] = ["min", "max"].map(|part| self.part(figure, part));
        Some((max? - min?) / 2.0 / self.median(figure)?)
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
