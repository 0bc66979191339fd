//! Events by way of a broker: what is the same whichever it is.
//!
//! A broker only carries. A publisher's events are in its own log before they are handed to it, and stay
//! there; what makes one effect of each is the subscriber's store, as without a broker.
//!
//! ```text
//! forward   from a publisher's log to the broker, in its order, and how far that is
//! carried   what came by the broker, as one publisher's log: the source of a stream
//! joined    whether the broker has all that a stream hasn't seen yet
//! in_order  what came by the broker, in the order of its publisher's log
//! latest    the last event of each topic, by which who takes some of them sees that one is missing
//! outage    that the broker is away, said once
//! ```

mod carried;
mod forward;
mod in_order;
mod joined;
mod latest;
mod outage;

use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use self::carried::Carried;
pub use self::forward::{Forward, ForwardError};
pub use self::in_order::InOrder;
pub use self::latest::Latest;
pub use self::outage::Outage;
use crate::intake::Position;
use crate::record::Record;
use crate::subscription::{SourceError, Stream};

/// Carries events from services to services. It isn't asked for anything that only this one or that one
/// can do.
pub trait Broker: Send + Sync + 'static {
    /// What it is kept under how far a log was handed to it: `rabbitmq`.
    fn name(&self) -> &'static str;

    /// The way to it for the events of a service, until that fails.
    fn outflow(&self, publisher: &str) -> Box<dyn Outflow>;

    /// The way from it for the streams of a service, one for each, until the last of them is dropped.
    fn inflows(&self, subscriber: &str, streams: &[Stream], anew: Anew) -> Vec<Arc<dyn Inflow>>;

    /// Leaves it in good order, before the process ends: others are handed at once what this one was.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// To be done before a broker begins to keep events for a subscriber that it keeps none for: it lacks
/// those of before then.
pub type Anew = Arc<dyn Fn() -> BoxFuture<'static, Result<(), SourceError>> + Send + Sync>;

/// What has come from a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// Events, so many as were asked for at most.
    Events(Vec<(Position, Record)>),
    /// It has one at this position, and lacks those before it; they aren't waited for any longer.
    Lacks(Position),
}

/// Takes the events of one publisher, in their order.
pub trait Outflow: Send + 'static {
    /// Hands some over, before the first of which these were the latest; done once the broker has all of
    /// them on disk. After a failure another one begins with the first of them, and those that the broker
    /// has are there twice.
    fn send<'a>(
        &'a mut self,
        events: &'a [(Position, Record)],
        latest: &'a Latest,
    ) -> BoxFuture<'a, Result<(), SourceError>>;
}

/// Hands over what the broker has of one publisher for one subscriber, in the publisher's order.
pub trait Inflow: Send + Sync + 'static {
    /// Has the broker keep events for the subscriber, if it doesn't yet, and hand them over.
    fn open(&self) -> BoxFuture<'_, Result<(), SourceError>>;

    /// Whether it hands over at once what a consumer before this one was handed, and left unsettled.
    fn hands_on(&self) -> bool {
        true
    }

    /// What comes next from that position on, once there is something, with nothing missing. After a failure it is to be opened
    /// anew, and what isn't settled comes once more. Dropped, it has taken nothing.
    fn next(&self, from: Position, most: usize) -> BoxFuture<'_, Result<Came, SourceError>>;

    /// The subscriber has brought to disk what became of all events up to there: the broker needs to keep
    /// them no longer.
    fn settled(&self, upto: Position);
}
