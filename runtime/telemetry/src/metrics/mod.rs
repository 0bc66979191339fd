//! What is told of units in numbers: the metrics, and their values by what units have counted.
//!
//! [`METRICS`] is the whole list. Prometheus's text and OTLP are written of the same [`families`], so
//! that both say the same.

mod bounds;
mod catalogue;
mod collect;
mod family;

pub use bounds::BOUNDS;
pub use catalogue::{Kind, METRICS, Metric};
pub use collect::families;
pub use family::{Exemplar, Family, Histogram, Point};
