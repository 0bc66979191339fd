//! A figure over several rounds.

use serde::Serialize;

use crate::measure::Sample;

/// The middle and the ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Figure {
    /// None without values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, min, max })
    }

    /// In another unit.
    pub(crate) fn times(self, factor: f64) -> Self {
        let Self { median, min, max } = self;
        Self { median: median * factor, min: min * factor, max: max * factor }
    }
}

/// Everything that a row reports.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) calls_per_s: Option<Figure>,
    /// Wall time divided by calls, whoever made them: the inverse of `calls_per_s`.
    pub(crate) ns_per_call: Option<Figure>,
    pub(crate) p50_us: Option<Figure>,
    pub(crate) p99_us: Option<Figure>,
    pub(crate) cpu_us_per_call: Option<Figure>,
    pub(crate) rss_kib: Option<Figure>,
    /// The boutique's HTTP front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) front_cpu_us_per_call: Option<Figure>,
    /// Memory per idle service or connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes_each: Option<Figure>,
}

impl Figures {
    pub(crate) fn of(samples: &[Sample]) -> Self {
        let each = |f: fn(&Sample) -> Option<f64>| Figure::of(samples.iter().filter_map(f));
        Self {
            calls_per_s: each(|s| Some(s.calls_per_s())),
            ns_per_call: each(|s| Some(1e9 / s.calls_per_s())),
            p50_us: each(|s| s.p50_us),
            p99_us: each(|s| s.p99_us),
            cpu_us_per_call: each(|s| Some(s.cpu_us / s.calls as f64)),
            rss_kib: each(|s| Some(s.rss_kib as f64)),
            front_cpu_us_per_call: each(|s| Some(s.front_cpu_us? / s.calls as f64)),
            bytes_each: each(|s| s.bytes_each),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        let figure = Figure::of([4.0, 1.0, 3.0, 2.0]);
        assert_eq!(figure, Some(Figure { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Figure::of([]), None);
    }
}
