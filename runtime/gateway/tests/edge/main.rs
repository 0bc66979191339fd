//! An edge on a free port, and clients that behave or don't.

#![allow(clippy::unwrap_used, reason = "a test that gets less than it expects has failed")]

mod answers;
mod coded;
mod cors;
mod documented;
mod ends;
mod explained;
mod files;
mod fresh;
mod hostile;
mod kept;
mod keys;
mod later;
mod lifecycle;
mod limits;
mod majors;
mod named;
mod numbers;
mod own;
mod pieces;
mod plugins;
mod problems;
mod proxies;
mod push;
mod query;
mod rates;
mod refused;
mod routes;
mod streams;
mod support;
mod threads;
mod tickets;
mod tls;
mod versions;
mod who;
