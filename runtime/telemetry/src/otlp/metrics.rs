//! Metrics, as OTLP has them.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    attributes::{Origin, Value, attribute, id},
    proto::Message,
};
use crate::{
    Snapshot,
    metrics::{BOUNDS, Histogram, Kind, Metric, Point, families},
};

const CUMULATIVE: u64 = 2;

/// Writes an `ExportMetricsServiceRequest`. What is about a service is told of that service's resource,
/// requests of the edge's, and the rest of one that is named for the app.
pub(super) fn write(origin: &Origin, snapshot: &Snapshot) -> Vec<u8> {
    let families = families(std::slice::from_ref(snapshot), &[]);
    let mut resources: BTreeMap<&str, Vec<(&Metric, Points<'_>)>> = BTreeMap::new();
    for family in &families {
        let mut services: BTreeMap<&str, Points<'_>> = BTreeMap::new();
        for (labels, point) in &family.points {
            let service = service(&family.metric, labels).unwrap_or(&origin.app);
            services.entry(service).or_default().push((labels, point));
        }
        for (service, points) in services {
            resources.entry(service).or_default().push((&family.metric, points));
        }
    }
    let times = Times {
        start: snapshot.started_us.saturating_mul(1_000),
        now: snapshot.at_us.saturating_mul(1_000),
    };
    let mut request = Message::default();
    for (service, metrics) in resources {
        origin.resource(&mut request, (&snapshot.unit, service), |scope| {
            for (metric, points) in metrics {
                scope.message(2, |message| times.metric(message, metric, &points));
            }
        });
    }
    request.into_bytes()
}

type Points<'a> = Vec<(&'a [Cow<'a, str>], &'a Point<'a>)>;

/// The service that a point is about.
fn service<'a>(metric: &Metric, labels: &'a [Cow<'_, str>]) -> Option<&'a str> {
    if metric.labels.contains(&"route") {
        return Some("edge");
    }
    let at = metric.labels.iter().position(|label| *label == "service")?;
    labels.get(at).map(Cow::as_ref)
}

/// When counting began, and when it was read, in nanoseconds since 1970.
struct Times {
    start: u64,
    now: u64,
}

impl Times {
    fn metric(&self, message: &mut Message, metric: &Metric, points: &Points<'_>) {
        message.text(1, metric.otlp);
        message.text(2, metric.help);
        message.text(3, metric.unit);
        let (field, is_sum) = match metric.kind {
            Kind::Gauge => (5, false),
            Kind::Counter => (7, true),
            Kind::Histogram => (9, true),
        };
        message.message(field, |data| {
            for (values, point) in points {
                data.message(1, |message| self.point(message, metric, values, point));
            }
            if is_sum {
                data.number(2, CUMULATIVE);
            }
            if metric.kind == Kind::Counter {
                data.number(3, 1);
            }
        });
    }

    fn point(
        &self,
        message: &mut Message,
        metric: &Metric,
        values: &[Cow<'_, str>],
        point: &Point<'_>,
    ) {
        if metric.kind != Kind::Gauge {
            message.fixed(2, self.start);
        }
        message.fixed(3, self.now);
        let attributes = match point {
            Point::Count(count) => {
                message.fixed(6, *count);
                7
            }
            Point::Measure(value) => {
                message.fixed(4, *value);
                7
            }
            Point::Histogram(histogram) => {
                self.histogram(message, histogram);
                9
            }
        };
        for (label, value) in metric.labels.iter().zip(values) {
            attribute(message, attributes, label, Value::Text(value));
        }
    }

    fn histogram(&self, message: &mut Message, histogram: &Histogram<'_>) {
        message.fixed(4, histogram.count());
        message.fixed(5, histogram.seconds());
        message.list(6, &histogram.counts);
        message.list(7, &BOUNDS.map(|bound| bound as f64 / 1e9));
        for exemplar in histogram.exemplars.iter().flatten() {
            let Some(trace) = id::<16>(exemplar.trace_id) else { continue };
            message.message(8, |message| {
                message.fixed(2, self.now);
                message.fixed(3, exemplar.seconds());
                message.bytes(5, &trace);
            });
        }
    }
}
