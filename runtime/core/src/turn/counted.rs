//! How a call is counted that outlives its first poll: where it ran, whatever becomes of its caller.

use std::sync::Arc;

use crate::codec::Message;
use crate::context::{SpanId, Spot, TraceId, TurnContext};
use crate::contract::{MethodSpec, ServiceError};
use crate::metrics::{Ended, Finish, Meter, Way};
use crate::outcome::{NotExecuted, Unknown};
use crate::record::{self, Bodies, Fate};
use crate::time::Moment;

use super::slot::Outcome;

/// A call that is to be counted when it is over.
#[derive(Debug)]
pub(super) struct Counted {
    meter: Arc<Meter>,
    method: u16,
    /// Its arguments as JSON, where they are looked at.
    arguments: Option<Box<[u8]>>,
    spot: Spot,
    link: Option<(TraceId, SpanId)>,
    /// When it was admitted.
    admitted: Moment,
}

impl Counted {
    pub(super) fn new(
        meter: &Arc<Meter>,
        method: &'static MethodSpec,
        context: &mut TurnContext,
        admitted: Moment,
    ) -> Self {
        let (spot, link) = (context.spot(), context.link());
        let arguments = if meter.watches_bodies() { record::fetch(method) } else { None };
        Self { meter: Arc::clone(meter), method: method.index, arguments, spot, link, admitted }
    }

    pub(super) const fn spot(&self) -> Spot {
        self.spot
    }

    /// Whether that moment is over.
    pub(super) fn is_late(&self, deadline: Moment) -> bool {
        self.meter.now() >= deadline
    }

    /// It doesn't run: for that reason, or because its caller has taken it back.
    #[cold]
    pub(super) fn refused(&self, why: Option<&NotExecuted>) {
        let took = self.meter.now().nanos_since(self.admitted);
        let finish = match why {
            Some(why) => Finish::failed(&why.clone().into(), self.admitted, took),
            None => Finish::left(Ended::NotExecuted, self.admitted, took),
        };
        self.over(Finish { wait: took, ..finish }, || None);
    }

    /// Its turn, which began at `began`, has ended.
    #[inline]
    pub(super) fn ended<T: Message, E: ServiceError>(
        &self,
        outcome: &Outcome<T, E>,
        began: Moment,
        now: Moment,
    ) {
        let (took, wait) = (now.nanos_since(self.admitted), began.nanos_since(self.admitted));
        if wait > 0 {
            self.meter.waited(self.method, wait);
        }
        let finish = || Finish { wait, ..Finish::of(outcome, self.admitted, took) };
        let answer = || record::shown(outcome.as_ref().ok()?);
        if outcome.is_ok() && !self.spot.sampled {
            if self.meter.answered(Way::Served, self.method, took) {
                let (spot, bodies) = (|| self.stands(), || self.bodies(answer()));
                self.meter.record(Way::Served, self.method, &finish(), spot, bodies);
            }
            return;
        }
        self.over(finish(), answer);
    }

    /// Its turn, which began at `began`, was ended before its end: for that reason, or because its
    /// caller has left.
    #[cold]
    pub(super) fn aborted(&self, why: Option<Unknown>, began: Moment) {
        let took = self.meter.now().nanos_since(self.admitted);
        let finish = match why {
            Some(why) => Finish::failed(&why.into(), self.admitted, took),
            None => Finish::left(Ended::Unknown, self.admitted, took),
        };
        let wait = began.nanos_since(self.admitted);
        if wait > 0 {
            self.meter.waited(self.method, wait);
        }
        self.over(Finish { wait, ..finish }, || None);
    }

    /// Nobody has heard how it ended: whoever made the call may ask for it, in this process by the turn's
    /// own span, and `elsewhere` by the one above it.
    #[cold]
    pub(super) fn unheard(&self, ended: Ended, elsewhere: bool) {
        let span = if elsewhere { self.spot.parent } else { self.spot.span };
        self.meter.recorder().fates().keep(span, Fate::of(ended));
    }

    fn over(&self, finish: Finish, answer: impl FnOnce() -> Option<Box<[u8]>>) {
        let (spot, bodies) = (|| self.stands(), || self.bodies(answer()));
        self.meter.finished(Way::Served, self.method, &finish, spot, bodies);
    }

    const fn stands(&self) -> (Spot, Option<(TraceId, SpanId)>) {
        (self.spot, self.link)
    }

    fn bodies(&self, answer: Option<Box<[u8]>>) -> Bodies {
        Bodies { arguments: self.arguments.clone(), answer }
    }
}
