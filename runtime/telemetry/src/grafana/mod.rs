//! Boards for Grafana, made of the metrics of [`METRICS`](crate::metrics::METRICS).

mod board;
mod boards;
mod gateway;
mod overview;
mod services;
mod units;

pub use board::{Board, Kind, Panel, Query};
pub use boards::BOARDS;
