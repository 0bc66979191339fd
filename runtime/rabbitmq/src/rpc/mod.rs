//! Calls by queues, which workers in other languages serve and make too.
//!
//! Whoever serves a module takes requests from the queue `server_{module}_{version}`, and answers to
//! `reply_to` under the request's `correlation_id`.
//!
//! ```text
//! request    what is asked, and what travels with it
//! reply      what is answered
//! asking     requests on their way, and the replies that come for them
//! client     calls of a service by its queue, typed; calls of modules that nobody here knows
//! serving    a service's queue, and who takes from it
//! ```

mod asking;
mod client;
mod reply;
mod request;
mod serving;

pub use self::asking::{Asking, Replied, Unanswered};
pub use self::client::ByQueue;
pub use self::serving::{Served, serve};

/// The queue of a module.
pub fn queue(module: &str, version: &str) -> String {
    format!("server_{module}_{version}")
}
