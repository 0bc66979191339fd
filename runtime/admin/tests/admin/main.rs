//! The admin listener, asked from outside: over sockets, by what goes out to the letter.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod audited;
mod hostile;
mod login;
mod page;
mod roles;
mod streams;
mod support;
