//! Server-sent events, for whom services address: what an edge asks of whoever hears what is pushed.
//!
//! What comes from all processes of the app is put up on the edge's [`Board`]; each `GET /push` reads
//! there what is for its client's subject. Who pushes waits for nobody, and nothing is written down:
//! an event comes at most once to a stream, and one that was missed is there for as long as it is
//! among the last [`KEPT`].

mod board;
mod cursor;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use self::board::Board;
pub(crate) use self::stream::events;

/// So many events are kept for clients that come back, of all subjects together.
pub const KEPT: usize = 1_000;

/// Hears what services push, wherever they are.
pub trait Pushes: Send + Sync + 'static {
    /// Where that is put up.
    fn board(&self) -> &Arc<Board>;

    /// Begins to hear, if it hasn't yet: nobody listens for nobody. Ready once every process that can
    /// be asked has said how far it is, or soon after, so that what is pushed from then on is heard.
    fn hear(&self) -> BoxFuture<'static, ()>;
}

/// An event that a service has pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Its number among all that its process has pushed, from 1.
    pub number: u64,
    /// Whom it is for.
    pub subject: Arc<str>,
    /// What happened: `order.paid`. No line breaks.
    pub event: Arc<str>,
    /// Its JSON, in one line.
    pub data: Bytes,
}

/// What one process of the app has pushed, as far as it says so at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The process: another one each time that it starts.
    pub process: u32,
    /// For how long it has been there.
    pub age: Duration,
    /// The latest number that it has given; 0 if it has pushed nothing.
    pub head: u64,
    /// Events up to this number were pushed before it was first heard here: they are for those who
    /// come back.
    pub old: u64,
    /// The next ones, in their order.
    pub events: Vec<Pushed>,
}
