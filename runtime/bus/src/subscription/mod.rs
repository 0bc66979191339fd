//! A subscription: events come from a log, are handed to methods, and have one effect each.
//!
//! ```text
//! source    where they come from: a publisher's log, wherever it is
//! stream    which of them a service subscribes to
//! driver    what is done with them, as the intake says
//! deliver   how they get to the methods
//! effect    that one was handled commits with what its handler writes
//! kept      what outlives a crash, in the subscriber's own store; write: some of that at once
//! ```

mod deliver;
mod driver;
mod effect;
mod kept;
mod source;
mod stream;
mod write;

pub use self::deliver::{ByCall, Deliver, Undelivered};
pub(crate) use self::deliver::{handed, passes};
pub use self::driver::Driver;
pub(crate) use self::effect::Effect;
pub use self::effect::OneEffect;
pub use self::kept::{Dead, Failure, Kept, Waiting};
pub use self::source::{Batch, Ends, Source, SourceError, Wanted};
pub use self::stream::{Progress, Stream, Subscribed};
