//! In which form metrics are asked for.

use super::text::write;
use crate::{Gauge, Snapshot, metrics::families};

/// A form in which metrics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus's text, version 0.0.4.
    #[default]
    Text,
    /// OpenMetrics 1.0, in which buckets name a trace.
    OpenMetrics,
}

impl Exposition {
    /// The form that a header `Accept` asks for: OpenMetrics where it is preferred to other text.
    pub fn accepted(accept: &str) -> Self {
        let (mut open, mut other) = (0, 0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let weight = weight(parts);
            if media.eq_ignore_ascii_case("application/openmetrics-text") {
                open = open.max(weight);
            } else if media.eq_ignore_ascii_case("text/plain") {
                other = other.max(weight);
            }
        }
        if open > 0 && open >= other { Self::OpenMetrics } else { Self::Text }
    }

    /// What `Content-Type` says of it.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// All metrics of these units in this form, and what other processes have dropped.
    pub fn write(self, snapshots: &[Snapshot], dropped: &[(String, Gauge)]) -> String {
        write(&families(snapshots, dropped), self)
    }
}

/// The weight of a media range, in thousandths: what its `q` says, or 1.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u32 {
    let q = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let q = q.map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
    (q.clamp(0.0, 1.0) * 1000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_goes_to_those_who_prefer_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0,\
                          application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for accept in
            [prometheus, "application/OpenMetrics-Text", "*/*, application/openmetrics-text; Q=0.1"]
        {
            assert_eq!(Exposition::accepted(accept), Exposition::OpenMetrics, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/plain",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=x",
            "application/openmetrics-text;q=0.5,text/plain",
            ",;q=,=,",
        ] {
            assert_eq!(Exposition::accepted(accept), Exposition::Text, "{accept}");
        }
    }
}
