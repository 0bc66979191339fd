//! What is counted of calls, and which of them are recorded.
//!
//! Each caller's calls to a service have a [`Meter`] in their unit. A call is counted once where it was
//! made and once where it came to run, whatever becomes of its caller; one that is over at once in its
//! own process is counted once for both.

mod buckets;
mod counts;
mod meter;
mod meters;
mod method;
mod slow;
mod table;
mod way;

pub use self::meter::{Finish, Meter};
pub use self::meters::{Counted, Meters};
pub use self::method::MethodMetrics;
pub use self::slow::{SLOW, SlowLimits};
pub use self::table::Times;
pub use self::way::{Happened, Way};
pub use crate::record::Ended;
