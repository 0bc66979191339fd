//! HTTP: what is asked for, by whom, and what is answered.

mod answer;
mod asked;
mod body;
mod gate;
mod handle;
mod routes;
mod state;
mod stream;

pub use self::routes::{Access, Route, Verb, routes};
pub(crate) use self::{handle::handle, state::State};
