//! The calls that the peer has made: their order, their number, and when to take no more.

use crate::frame::{CallId, Hello};
use crate::violation::Violation;

#[derive(Debug)]
pub(super) struct Incoming {
    /// The number of methods of each service in this side's hello.
    methods: Box<[u16]>,
    last: CallId,
    in_flight: u32,
    granted: u32,
    /// Set once this side has gone away: the last call that it took.
    left_after: Option<CallId>,
}

impl Incoming {
    pub(super) fn new(hello: &Hello) -> Self {
        let methods = hello.services.iter().map(|service| service.methods.len() as u16);
        Self {
            methods: methods.collect(),
            last: CallId(0),
            in_flight: 0,
            granted: hello.credit,
            left_after: None,
        }
    }

    /// A call came; whether it is taken. Without that, it stays without an answer: the go-away that
    /// the peer got, or will get, says so.
    #[inline]
    pub(super) fn accept(
        &mut self,
        id: CallId,
        service: u16,
        method: u16,
    ) -> Result<bool, Violation> {
        if id <= self.last {
            return Err(Violation::CallIdNotGrowing { id, last: self.last });
        }
        self.last = id;
        if self.methods.get(usize::from(service)).is_none_or(|methods| method >= *methods) {
            return Err(Violation::NoSuchMethod { service, method });
        }
        if self.left_after.is_some() {
            return Ok(false);
        }
        if self.in_flight >= self.granted {
            return Err(Violation::CreditExceeded { granted: self.granted });
        }
        self.in_flight += 1;
        Ok(true)
    }

    /// A call was answered.
    #[inline]
    pub(super) const fn answered(&mut self) {
        debug_assert!(self.in_flight > 0);
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) const fn grant(&mut self, more: u32) {
        self.granted = self.granted.saturating_add(more);
    }

    /// Takes no more calls; the last one taken, the first time.
    pub(super) const fn leave(&mut self) -> Option<CallId> {
        if self.left_after.is_some() {
            return None;
        }
        self.left_after = Some(self.last);
        self.left_after
    }

    pub(super) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(super) const fn has_left(&self) -> bool {
        self.left_after.is_some()
    }
}
