//! A call whose outcome is unknown to whoever made it.

use std::borrow::Cow;

use crate::context::Spot;
use crate::name::{Caller, ServiceId};
use crate::time::Moment;

/// A call whose outcome is unknown to whoever made it.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// Where it stands in its trace.
    pub spot: Spot,
    /// Who made it.
    pub caller: Caller,
    /// The service that it was made to.
    pub service: ServiceId,
    /// The method.
    pub method: &'static str,
    /// Whether that may be called twice: then an answer to the same call tells of this one, too.
    pub idempotent: bool,
    /// Why its outcome is unknown.
    pub code: Cow<'static, str>,
    /// When that was told.
    pub at: Moment,
    /// Whether its turn is over, in this process: then it has come to no answer.
    pub is_over: bool,
    /// Its arguments as JSON; `None` where a turn has taken them, or JSON can't say them.
    pub arguments: Option<Box<[u8]>>,
}
