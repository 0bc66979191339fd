//! The suites that hold seam to its promises; most are in `tests/suite`, one binary.
//!
//! What they stand on is here: a small HTTP client ([`http`]), programs that don't outlive their
//! test ([`process`]), servers of others ([`brokers`]), a fault proxy ([`proxy`]), and the shop as real
//! processes ([`shop`]). Programs that a suite starts are examples of this package: cargo builds them
//! with the tests.

pub mod brokers;
pub mod http;
pub mod medley;
pub mod process;
pub mod proxy;
pub mod shop;
