//! Counts and records the calls of one caller to one service, in one unit.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use super::counts::{Counts, Read};
use super::slow::SlowLimits;
use super::way::{Happened, Way};
use crate::context::{SpanId, Spot, TraceId};
use crate::contract::{ContractDescriptor, ServiceError};
use crate::name::{Caller, ServiceId};
use crate::outcome::{CallError, Code, Failure};
use crate::record::{
    Bodies, Doubt, Ended, Fate, Record, RecordKind, Recorder, Repeat, Tell, Text, Watch,
};
use crate::time::{Clock, Moment};

/// Counts and records the calls of one caller to one service, in one unit.
#[derive(Debug)]
pub struct Meter {
    caller: Caller,
    counts: Counts,
    /// The number under which they are recorded.
    known: OnceLock<u32>,
    shared: Arc<Shared>,
}

/// What all callers' meters of a service have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) service: ServiceId,
    pub(super) contract: &'static ContractDescriptor,
    pub(super) slow: SlowLimits,
    /// How closely its calls are looked at: a [`Watch`].
    pub(super) watch: AtomicU8,
    pub(super) recorder: Arc<Recorder>,
    pub(super) clock: Clock,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub struct Finish {
    /// When it was admitted.
    pub began: Moment,
    /// How long it took from then on, in nanoseconds.
    pub took: u64,
    /// How long of that it waited in the mailbox, in nanoseconds.
    pub wait: u64,
    /// How it ended.
    pub ended: Ended,
    /// The code of what went wrong; empty if it was answered.
    pub code: Cow<'static, str>,
}

impl Shared {
    #[inline]
    pub(super) fn watch(&self) -> Watch {
        Watch::of(self.watch.load(Ordering::Relaxed))
    }
}

impl Finish {
    /// The end of a call that was begun then and took so long.
    pub fn of<T, E: ServiceError>(
        outcome: &Result<T, CallError<E>>,
        began: Moment,
        took: u64,
    ) -> Self {
        let code = match outcome {
            Ok(_) => "",
            Err(CallError::Service(error)) => error.code(),
            Err(CallError::NotExecuted(why)) => why.code().as_str(),
            Err(CallError::Unknown(why)) => why.code().as_str(),
        };
        Self { began, took, wait: 0, ended: Ended::of(outcome), code: code.into() }
    }

    /// The end of a call that its service has answered with an error of that code.
    pub const fn service_error(code: String, began: Moment, took: u64) -> Self {
        Self { began, took, wait: 0, ended: Ended::ServiceError, code: Cow::Owned(code) }
    }

    /// The end of a call that was answered.
    pub const fn answered(began: Moment, took: u64) -> Self {
        Self { began, took, wait: 0, ended: Ended::Answered, code: Cow::Borrowed("") }
    }

    /// The end of a call that failed so.
    pub fn failed(failure: &Failure, began: Moment, took: u64) -> Self {
        let (ended, code) = match failure {
            Failure::NotExecuted(why) => (Ended::NotExecuted, why.code()),
            Failure::Unknown(why) => (Ended::Unknown, why.code()),
        };
        Self { began, took, wait: 0, ended, code: code.as_str().into() }
    }

    /// The end of a call whose caller went away: `ended` says whether it may have run.
    pub fn left(ended: Ended, began: Moment, took: u64) -> Self {
        Self { began, took, wait: 0, ended, code: Code::CallerGone.as_str().into() }
    }

    /// Whether nobody knows that it was done.
    const fn is_doubtful(&self) -> bool {
        matches!(self.ended, Ended::NotExecuted | Ended::Unknown)
    }
}

impl Meter {
    pub(super) fn new(caller: Caller, shared: Arc<Shared>) -> Self {
        let counts = Counts::new(shared.contract.methods.len());
        Self { caller, counts, known: OnceLock::new(), shared }
    }

    /// Whose calls it counts.
    pub const fn caller(&self) -> Caller {
        self.caller
    }

    /// The time, by the clock of the calls.
    pub(crate) fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// To whom its records go.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    fn known(&self) -> u32 {
        let Shared { service, contract, recorder, .. } = &*self.shared;
        *self.known.get_or_init(|| recorder.know(*service, contract))
    }

    /// Counts what is over, and nothing else: no code, and no record.
    pub fn count(&self, way: Way, method: u16, ended: Ended, nanos: u64) {
        match ended {
            Ended::Answered => self.counts.answered(way, method, nanos),
            ended => self.counts.failed((way, method), (ended, &Cow::Borrowed("")), nanos),
        }
    }

    /// Whether what calls carry is told.
    #[inline]
    pub(crate) fn watches_bodies(&self) -> bool {
        self.shared.watch() == Watch::Bodies
    }

    /// Counts a call that was answered after so many nanoseconds. Whether it is to be [recorded](Self::record),
    /// as one that was slow is.
    #[inline(always)] // a call of its own costs a quarter of what it does
    pub(crate) fn answered(&self, way: Way, method: u16, nanos: u64) -> bool {
        self.counts.answered(way, method, nanos);
        self.shared.slow.is_looked_at(nanos)
    }

    /// Counts a call that is over, and records it where it is to be. `spot` says where it stands, and `bodies`
    /// what it carries; both are asked for if they are wanted.
    #[cold]
    pub(crate) fn finished(
        &self,
        way: Way,
        method: u16,
        finish: &Finish,
        spot: impl FnOnce() -> (Spot, Option<(TraceId, SpanId)>),
        bodies: impl FnOnce() -> Bodies,
    ) {
        match finish.ended {
            Ended::Answered => self.counts.answered(way, method, finish.took),
            ended => {
                let how = (ended, &finish.code);
                self.counts.failed((way, method), how, finish.took);
            }
        }
        self.record(way, method, finish, spot, bodies);
    }

    /// The same for whoever made it; one whose outcome is unknown is told of with its arguments.
    #[cold]
    pub(crate) fn over(
        &self,
        way: Way,
        method: u16,
        finish: &Finish,
        spot: impl FnOnce() -> (Spot, Option<(TraceId, SpanId)>),
        bodies: impl Fn() -> Bodies,
    ) {
        let recorder = &self.shared.recorder;
        let tell = recorder.doubts().filter(|_| finish.ended == Ended::Unknown);
        let Some(tell) = tell else {
            return self.finished(way, method, finish, spot, bodies);
        };
        let (spot, link) = spot();
        self.finished(way, method, finish, || (spot, link), &bodies);
        let Shared { service, contract, .. } = &*self.shared;
        let Some(named) = contract.methods.get(usize::from(method)) else { return };
        tell(Doubt {
            spot,
            caller: self.caller,
            service: *service,
            method: named.name.as_str(),
            idempotent: named.idempotent,
            code: finish.code.clone(),
            at: finish.began.after_nanos(finish.took),
            is_over: way == Way::Near,
            arguments: bodies().arguments,
        });
    }

    /// Tells of a call of an idempotent method that was answered elsewhere, if anybody wants to know.
    #[inline]
    pub(crate) fn repeated(
        &self,
        method: u16,
        fate: Fate,
        arguments: impl Fn() -> Option<Box<[u8]>>,
    ) {
        if let Some(tell) = self.shared.recorder.repeats().told() {
            self.tell_repeated(tell, (method, fate), &arguments);
        }
    }

    #[cold]
    fn tell_repeated(
        &self,
        tell: &Tell,
        (method, fate): (u16, Fate),
        arguments: &dyn Fn() -> Option<Box<[u8]>>,
    ) {
        let Shared { service, contract, .. } = &*self.shared;
        let Some(named) = contract.methods.get(usize::from(method)) else { return };
        tell(&Repeat { service: *service, method: named.name.as_str(), fate, arguments });
    }

    /// Records a call that was counted, where it is to be recorded.
    #[cold]
    pub(crate) fn record(
        &self,
        way: Way,
        method: u16,
        finish: &Finish,
        spot: impl FnOnce() -> (Spot, Option<(TraceId, SpanId)>),
        bodies: impl FnOnce() -> Bodies,
    ) {
        let slow = self.shared.slow.is_slow(method, finish.took);
        if slow {
            self.counts.slow(way, method, finish.ended, &finish.code);
        }
        let (spot, link) = spot();
        // Who made a call here that ran here has nothing to add to what is recorded of its turn, but
        // that it didn't wait for its end.
        let is_told = way == Way::Made && !finish.is_doubtful();
        let kept = slow || spot.sampled || finish.is_doubtful();
        let watch = self.shared.watch();
        if is_told || !(kept || watch > Watch::Off) {
            return;
        }
        if watch == Watch::Bodies {
            self.shared.recorder.tap().lay(spot.span, bodies);
        }
        let kind = match way {
            Way::Near | Way::Served => RecordKind::Server,
            Way::Made | Way::Far => RecordKind::Client,
        };
        self.shared.recorder.write(&Record {
            spot,
            link,
            kind,
            known: Some(self.known()),
            method: method.into(),
            caller: Some(self.caller),
            began: finish.began,
            took: finish.took,
            wait: finish.wait,
            slow,
            kept,
            tapped: watch > Watch::Off,
            ended: finish.ended,
            code: Text::of(&finish.code),
            path: Text::NONE,
            status: 0,
        });
    }

    /// Counts how long a call waited in the mailbox that came to run here.
    pub(crate) fn waited(&self, method: u16, nanos: u64) {
        self.counts.waited(method, nanos);
    }

    /// Counts what became of a call beside its outcome.
    pub(crate) fn note(&self, way: Way, method: u16, happened: Happened) {
        self.counts.note(way, method, happened);
    }

    pub(super) fn total(&self, way: Way) -> u64 {
        self.counts.total(way)
    }

    pub(super) fn read(&self, way: Way, method: u16) -> Read {
        self.counts.read(way, method)
    }
}
