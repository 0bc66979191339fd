//! The suites that hold seam to its promises, in one binary.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a suite says why it fails")]

mod edge;
mod faults;
mod gates;
mod hostile;
mod identity;
mod messaging;
mod parity;
mod shop;
mod starting;
mod support;
mod turns;
