//! HTTP/2, by h2, into the same stages as HTTP/1.1.
//!
//! A [`connection`] is one future, which polls its streams beside itself: nothing of it outlives it,
//! and nothing is spawned. Each request is a [`stream`]; its head is [made](head) one of actix's, so
//! that the stages see what they see of HTTP/1.1, its body comes in by [`body`], and its answer goes
//! out by [`sending`], as far as the client takes it. h2 keeps the protocol's rules; how long
//! something may take, and how often a client may think better of it, is [watched](watch) here.

mod body;
mod connection;
mod date;
mod frames;
mod head;
mod sending;
mod stream;
mod watch;

pub(super) use self::connection::serve;
