//! An edge on a free port, and clients that behave or don't.

mod named;
mod routes;
mod support;
