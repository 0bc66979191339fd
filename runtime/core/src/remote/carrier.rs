//! Who carries an attempt of a call, where there are several who could, and what they are told of it.

use std::sync::Arc;

use crate::outcome::Failure;
use crate::policy::Pass;
use crate::time::Moment;

/// Who carries an attempt of a call: what its remote remembers of it until it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// The endpoint's number, below 64.
    pub endpoint: u8,
    /// What the endpoint's breaker gave to the attempt.
    pub pass: Pass,
    /// When it left.
    pub since: Moment,
}

impl Carrier {
    /// The carrier of calls of which nobody is told: there is only one.
    pub const ONLY: Self = Self { endpoint: 0, pass: Pass::FIRST, since: Moment::from_nanos(0) };

    /// The endpoint as a bit, for [`Outbound::tried`](super::Outbound::tried).
    pub const fn bit(&self) -> u64 {
        1 << (self.endpoint % 64)
    }
}

/// An endpoint that is told what becomes of each attempt that it carries, once.
pub trait Carries: Send + Sync + 'static {
    /// The attempt came to this: a reply, at that moment, or a failure.
    fn ended(&self, carrier: Carrier, how: Result<Moment, &Failure>);

    /// Who waited is gone; that says nothing of the endpoint.
    fn left(&self, carrier: Carrier);
}

/// Somebody to be told of one attempt.
pub(super) struct Told {
    pub(super) by: Arc<dyn Carries>,
    pub(super) carrier: Carrier,
}
