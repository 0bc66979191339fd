//! Traces, metrics and logs for collectors, by OpenTelemetry's protocol: protobuf over HTTP.
//!
//! [`Export`] is what a unit has: an [`Exporter`], or none, as its config says at the time. It takes spans and lines without ever making anybody wait, and reads metrics every ten
//! seconds. Each of the three has a thread, a bounded queue and a connection of its own, so that a
//! collector which takes one of them slowly holds up none of the others; what there is no room for is
//! dropped and counted ([`Drops`]).

mod answer;
mod attributes;
mod drops;
mod endpoint;
mod export;
mod exporter;
mod headers;
mod logs;
mod metrics;
mod post;
mod proto;
mod queue;
mod retry;
mod sender;
mod traces;

pub use drops::Drops;
pub use endpoint::{Endpoint, EndpointError};
pub use export::Export;
pub use exporter::{Exporter, Settings};
pub use headers::{HeaderError, Headers};
