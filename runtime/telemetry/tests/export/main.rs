//! What others' tools are told, and what they make of it.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod collector;
mod metrics;
mod otlp;
mod promtool;
mod queries;
mod sample;
