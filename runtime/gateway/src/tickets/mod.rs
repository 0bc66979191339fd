//! Calls that are made later: what an edge asks of whoever keeps them.
//!
//! The edge reads a request as for any call, refuses what it would refuse, and hands the call over
//! ([`Tickets::keep`]) in place of making it. From then on it only asks what became of it
//! ([`Tickets::find`]).

mod document;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::context::TraceContext;

pub(crate) use self::document::document;
pub use self::failure::{FindError, KeepError};
pub use seam_core::call::TicketId;

/// Keeps calls that are made later, and knows what became of them.
///
/// The edge waits for both answers no longer than a request's deadline, and drops them when its
/// client goes away: what was begun to be written down may be finished then or not.
pub trait Tickets: Send + Sync + 'static {
    /// Keeps a call; ready once it is on disk. The same key is the same ticket: where `order.key` has
    /// one already, of the same service, method and arguments, that one's state is the answer, and
    /// nothing else is kept.
    fn keep(&self, order: Order) -> BoxFuture<'static, Result<TicketState, KeepError>>;

    /// What has become of a ticket's call: as soon as it has ended, and after `wait` at the latest.
    /// Without a `wait` it is as it is now.
    fn find(
        &self,
        id: TicketId,
        wait: Duration,
    ) -> BoxFuture<'static, Result<TicketState, FindError>>;
}

/// A call to be made later, for the caller [`Edge`](seam_core::remote::Caller::Edge).
#[derive(Debug, Clone)]
pub struct Order {
    /// The ticket's id, new.
    pub id: TicketId,
    /// The service that is called.
    pub service: String,
    /// Of a module that no contract of the app has: its version.
    pub version: Option<String>,
    /// The method's name.
    pub method: String,
    /// Its arguments: of a module as they were sent, else the text of a JSON object, read and written by
    /// [`kept_json`](seam_core::call::AnyClient::kept_json), so that equal texts are equal arguments.
    /// One that the method takes from `Idempotency-Key` is that header's value, or else the id, which
    /// is another one at each attempt to keep the call: so only compare what came with a key.
    pub arguments: Vec<u8>,
    /// The request's `Idempotency-Key`, 1 to 255 bytes; `None` if it has none.
    pub key: Option<String>,
    /// What the request travels under: its `requestId`.
    pub trace: TraceContext,
    /// On whose behalf it is: a principal's text; `None` if nobody is known. The call is made on that
    /// one's behalf, and a key is that one's own.
    pub principal: Option<Arc<str>>,
}

/// What is known of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketState {
    /// The ticket's id: not the order's, where an earlier one has its key.
    pub id: TicketId,
    /// The service that is called.
    pub service: String,
    /// The method's name.
    pub method: String,
    /// On whose behalf it is, if anybody's: a principal's [key](seam_core::context::Principal::key).
    /// Nobody else is told of it.
    pub owner: Option<String>,
    /// How often the call was begun so far.
    pub attempts: u32,
    /// When it was kept, in milliseconds since 1970 began in UTC.
    pub created_at: u64,
    /// How far it is.
    pub progress: Progress,
}

/// How far a ticket's call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It hasn't come to an end.
    Pending,
    /// It was answered: the JSON text of its answer.
    Done(Vec<u8>),
    /// It failed for good: the JSON text of the problem, as
    /// [`public_problem`](crate::public_problem) makes it.
    Failed(Vec<u8>),
}
