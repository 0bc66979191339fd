//! Families of metrics, as lines.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use super::{accept::Exposition, escape::Escaped};
use crate::metrics::{BOUNDS, Exemplar, Family, Histogram, Kind, Metric, Point};

/// Writes families in a form; those without points are left out.
pub(super) fn write(families: &[Family<'_>], form: Exposition) -> String {
    let mut text = String::new();
    // A string takes everything.
    let _ = Lines { text: &mut text, form }.families(families);
    text
}

struct Lines<'t> {
    text: &'t mut String,
    form: Exposition,
}

impl Lines<'_> {
    fn families(&mut self, families: &[Family<'_>]) -> fmt::Result {
        for family in families.iter().filter(|family| !family.points.is_empty()) {
            self.head(&family.metric)?;
            for (values, point) in &family.points {
                let labels = Labels { names: family.metric.labels, values };
                let name = family.metric.name;
                match point {
                    Point::Count(count) => writeln!(self.text, "{name}{{{labels}}} {count}")?,
                    Point::Measure(value) => writeln!(self.text, "{name}{{{labels}}} {value}")?,
                    Point::Histogram(histogram) => self.histogram(name, &labels, histogram)?,
                }
            }
        }
        match self.form {
            Exposition::Text => Ok(()),
            Exposition::OpenMetrics => writeln!(self.text, "# EOF"),
        }
    }

    fn head(&mut self, metric: &Metric) -> fmt::Result {
        let Metric { name, kind, help, .. } = metric;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // OpenMetrics names a counter without its suffix.
        let name = match self.form {
            Exposition::Text => name,
            Exposition::OpenMetrics => name.strip_suffix("_total").unwrap_or(name),
        };
        writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    fn histogram(
        &mut self,
        name: &str,
        labels: &Labels<'_>,
        histogram: &Histogram<'_>,
    ) -> fmt::Result {
        let mut sum = 0_u64;
        for (at, count) in histogram.counts.iter().enumerate() {
            sum = sum.saturating_add(*count);
            write!(self.text, "{name}_bucket{{{labels},le=\"")?;
            match BOUNDS.get(at) {
                Some(bound) => write!(self.text, "{}", *bound as f64 / 1e9)?,
                None => self.text.write_str("+Inf")?,
            }
            write!(self.text, "\"}} {sum}")?;
            self.exemplar(histogram.exemplars[at].as_ref())?;
            self.text.write_char('\n')?;
        }
        writeln!(self.text, "{name}_sum{{{labels}}} {}", histogram.seconds())?;
        writeln!(self.text, "{name}_count{{{labels}}} {sum}")
    }

    fn exemplar(&mut self, exemplar: Option<&Exemplar<'_>>) -> fmt::Result {
        match exemplar {
            Some(exemplar) if self.form == Exposition::OpenMetrics => {
                let (trace_id, took) = (Escaped(exemplar.trace_id), exemplar.seconds());
                write!(self.text, " # {{trace_id=\"{trace_id}\"}} {took}")
            }
            _ => Ok(()),
        }
    }
}

/// The labels of a point, as they stand between braces.
struct Labels<'a> {
    names: &'static [&'static str],
    values: &'a [Cow<'a, str>],
}

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.names.iter().zip(self.values).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}=\"{}\"", Escaped(value))?;
        }
        Ok(())
    }
}
