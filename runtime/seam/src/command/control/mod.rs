//! The control socket of a unit's process: `<data>/control/<unit>.sock`, or `<unit>.<n>.sock` of
//! instance n, for its owner alone.
//!
//! Requests and answers are JSON objects, one per line; `status` and `call` speak it. The socket
//! belongs to whoever holds the lock beside it, so a unit can't run twice on one data folder, and
//! what a killed process left behind is replaced. `up` has a socket beside them, on which it takes
//! the orders of `drain` and `restart`.

mod alive;
mod client;
mod configured;
mod orders;
mod protocol;
mod server;
mod socket;

pub(crate) use self::server::Control;
pub(super) use self::{
    alive::{PERIOD, answers, silent},
    client::{Talk, ask},
    configured::{Configured, Mistake, Refusal},
    orders::{Away, NEWS, News, Order, Pending, away, give, next_order, tell_news},
    protocol::{Request, Text},
    server::serve,
    socket::{ControlSocket, connect, holder, instances, is_of_up, names, none_runs, socket_of},
};
pub(crate) use crate::unit::UnitStatus;
