//! The control socket of a unit: `<data>/control/<unit>.sock`, for its owner alone.
//!
//! Requests and answers are JSON objects, one per line; `status` and `call` speak it. The socket
//! belongs to whoever holds the lock beside it, so a unit can't run twice on one data folder, and
//! what a killed process left behind is replaced.

mod client;
mod protocol;
mod server;
mod socket;

pub(crate) use self::server::Control;
pub(super) use self::{
    client::ask,
    protocol::Request,
    server::serve,
    socket::{ControlSocket, connect, none_runs},
};
pub(crate) use crate::unit::UnitStatus;
