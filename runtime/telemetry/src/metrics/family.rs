//! A metric with its values.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    bounds::{COUNT, bucket},
    catalogue::Metric,
};

/// A metric with all that is known of it: each set of labels once, in their order.
#[derive(Clone, Debug)]
pub struct Family<'a> {
    /// The metric.
    pub metric: Metric,
    /// Its values, by those of its labels.
    pub points: BTreeMap<Vec<Cow<'a, str>>, Point<'a>>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Point<'a> {
    /// A number of things.
    Count(u64),
    /// A measure.
    Measure(f64),
    /// Times, by buckets.
    Histogram(Box<Histogram<'a>>),
}

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram<'a> {
    /// How many are in each bucket of [`BOUNDS`](super::BOUNDS), and how many took longer than the last.
    pub counts: [u64; COUNT + 1],
    /// All of their times, in nanoseconds.
    pub sum: u64,
    /// One of each bucket that was traced, and the slowest of those.
    pub exemplars: [Option<Exemplar<'a>>; COUNT + 1],
}

/// One thing that was traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemplar<'a> {
    /// Its trace.
    pub trace_id: &'a str,
    /// How long it took, in nanoseconds.
    pub took: u64,
}

impl<'a> Family<'a> {
    pub(super) fn new(metric: Metric) -> Self {
        Self { metric, points: BTreeMap::new() }
    }

    /// Adds to a number of things.
    pub(super) fn count<const N: usize>(&mut self, labels: [&'a str; N], count: u64) {
        self.counted(labels.map(Cow::Borrowed).into(), count);
    }

    /// Adds to a number of things.
    pub(super) fn counted(&mut self, labels: Vec<Cow<'a, str>>, count: u64) {
        match self.points.entry(labels).or_insert(Point::Count(0)) {
            Point::Count(number) => *number = number.saturating_add(count),
            Point::Measure(_) | Point::Histogram(_) => {}
        }
    }

    /// Notes whether something is so: it isn't if one of those that share the labels isn't.
    pub(super) fn flag<const N: usize>(&mut self, labels: [&'a str; N], is: bool) {
        let labels = labels.map(Cow::Borrowed).into();
        match self.points.entry(labels).or_insert(Point::Count(1)) {
            Point::Count(number) => *number = (*number).min(u64::from(is)),
            Point::Measure(_) | Point::Histogram(_) => {}
        }
    }

    /// Notes a measure.
    pub(super) fn measure<const N: usize>(&mut self, labels: [&'a str; N], value: f64) {
        self.points.insert(labels.map(Cow::Borrowed).into(), Point::Measure(value));
    }

    /// Adds times: `(upper, count)`, their sum, and which of them were traced.
    pub(super) fn times<const N: usize>(
        &mut self,
        labels: [&'a str; N],
        buckets: &[(u64, u64)],
        sum: u64,
        exemplars: &'a [(u64, String, u64)],
    ) {
        let labels = labels.map(Cow::Borrowed).into();
        let empty = || Point::Histogram(Box::default());
        let Point::Histogram(histogram) = self.points.entry(labels).or_insert_with(empty) else {
            return;
        };
        for (upper, count) in buckets {
            let own = &mut histogram.counts[bucket(*upper)];
            *own = own.saturating_add(*count);
        }
        histogram.sum = histogram.sum.saturating_add(sum);
        for (upper, trace_id, took) in exemplars {
            let own = &mut histogram.exemplars[bucket(*upper)];
            if own.is_none_or(|own| own.took <= *took) {
                *own = Some(Exemplar { trace_id, took: *took });
            }
        }
    }
}

impl Histogram<'_> {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// All of their times, in seconds.
    pub fn seconds(&self) -> f64 {
        seconds(self.sum)
    }
}

impl Exemplar<'_> {
    /// How long it took, in seconds.
    pub fn seconds(&self) -> f64 {
        seconds(self.took)
    }
}

/// Nanoseconds as seconds.
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
