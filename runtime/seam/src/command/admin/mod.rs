//! The admin listener of an app: who serves it, whom it asks, and the commands about it.
//!
//! `run` has one for its unit, `up` one for all its units, and `shop admin` is one for units that were
//! started singly. Each asks the units' processes through their control sockets, as the commands do, and
//! says in the folder of these where it is.

mod answers;
mod audited;
mod dashboard;
mod journal;
mod lines;
mod listener;
mod live;
mod post;
mod serve;
mod taps;
mod topology;
mod units;

pub(super) use self::{
    answers::Called,
    audited::{audited, audited_as, audited_call, audited_change, audited_from},
    dashboard::dashboard,
    journal::journal,
    listener::{Listener, Opening},
    post::posts,
    serve::{ADMIN, serve},
    units::{App, Scope},
};
