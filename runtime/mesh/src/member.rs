//! One endpoint of a service: a unit's instance, by way of whatever carries calls there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use seam_core::contract::Never;
use seam_core::name::ServiceId;
use seam_core::outcome::{CallError, Failure, NotExecuted, Unknown};
use seam_core::policy::{
    self, Breaker, BreakerSettings, BreakerState, PeakEwma, Standing, Verdict,
};
use seam_core::remote::{Carrier, Carries, Remote};
use seam_core::time::{Clock, Moment};
use tokio::sync::Notify;

use crate::status::{EndpointState, EndpointStatus};

/// An endpoint, as its pool keeps it.
pub(crate) struct Member {
    service: ServiceId,
    pub(crate) unit: Arc<str>,
    pub(crate) instance: u16,
    /// Both, for who asks where a call went: `pay.0`.
    pub(crate) name: Arc<str>,
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) breaker: Breaker,
    pub(crate) ewma: PeakEwma,
    clock: Clock,
    /// Whether calls can be sent there.
    ready: AtomicBool,
    /// Whether it goes away.
    draining: AtomicBool,
    /// Whether it doesn't feel well.
    doubtful: AtomicBool,
    /// Whether nobody looks for it any more: it has left the registry.
    gone: AtomicBool,
    calls: AtomicU64,
}

impl Member {
    pub(crate) fn new(
        service: ServiceId,
        unit: &str,
        instance: u16,
        remote: Arc<dyn Remote>,
        breaker: BreakerSettings,
        clock: Clock,
    ) -> Self {
        Self {
            service,
            unit: unit.into(),
            instance,
            name: format!("{unit}.{instance}").into(),
            remote,
            breaker: Breaker::new(breaker),
            ewma: PeakEwma::new(),
            clock,
            ready: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            doubtful: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            calls: AtomicU64::new(0),
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.breaker.state(), BreakerState::Open { .. })
    }

    /// Whether calls can be sent there, whatever becomes of them.
    #[inline]
    pub(crate) fn takes_calls(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.draining.load(Ordering::Relaxed)
    }

    /// Whether it is worth a word: also who is gone, until the last call there may have ended.
    pub(crate) fn is_told_of(&self) -> bool {
        !self.gone.load(Ordering::Relaxed) || self.takes_calls() || self.ewma.pending() > 0
    }

    #[inline]
    pub(crate) fn standing(&self, now: Moment) -> Standing {
        if !self.takes_calls() {
            return Standing::Shut;
        }
        match self.breaker.standing(now) {
            Standing::Ready if self.doubtful.load(Ordering::Relaxed) => Standing::Doubtful,
            standing => standing,
        }
    }

    /// A call goes there.
    #[inline]
    pub(crate) fn begin(&self, now: Moment) {
        self.ewma.begin(now);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn status(&self, now: Moment) -> EndpointStatus {
        let (ready, draining) =
            (self.ready.load(Ordering::Relaxed), self.draining.load(Ordering::Relaxed));
        EndpointStatus {
            service: self.service.bare().to_owned(),
            unit: self.unit.to_string(),
            instance: self.instance,
            state: EndpointState::of(ready, draining, self.breaker.state()),
            well: !self.doubtful.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            in_flight: self.ewma.pending(),
            latency_us: self.ewma.latency(now) / 1_000,
        }
    }
}

impl Carries for Member {
    #[inline]
    fn ended(&self, carrier: Carrier, how: Result<Moment, &Failure>) {
        match how {
            Ok(at) => {
                self.ewma.answered(at, at.nanos_since(carrier.since));
                self.breaker.record(at, fastrand::f64, carrier.pass, Verdict::Answered);
            }
            Err(failure) => {
                let (now, verdict) = (self.clock.now(), verdict(failure));
                match verdict {
                    Verdict::Answered => self.ewma.answered(now, now.nanos_since(carrier.since)),
                    _ => self.ewma.failed(now, now.nanos_since(carrier.since)),
                }
                let was_open = self.is_open();
                self.breaker.record(now, fastrand::f64, carrier.pass, verdict);
                if !was_open && self.is_open() {
                    let Self { service, unit, instance, .. } = self;
                    let last = CallError::<Never>::from(failure.clone());
                    tracing::warn!(%service, %unit, instance, %last, "its breaker opens");
                }
            }
        }
    }

    fn left(&self, carrier: Carrier) {
        self.ewma.gone();
        self.breaker.record(self.clock.now(), fastrand::f64, carrier.pass, Verdict::Untold);
    }
}

/// What a failure says of the endpoint to its breaker.
///
/// Overload says nothing: where it is everybody's, breakers that open for it would leave nobody to do
/// the work that can be done. Who is overloaded looks slow to the balancer instead. A panic says that
/// the process is well enough to tell of it, and mostly that one call is wrong: who sends such calls
/// shall not take the service from all others.
const fn verdict(failure: &Failure) -> Verdict {
    match failure {
        Failure::NotExecuted(NotExecuted::Overloaded { .. }) => Verdict::Untold,
        Failure::NotExecuted(
            NotExecuted::Unavailable { .. }
            | NotExecuted::DeadlineExceeded
            | NotExecuted::BreakerOpen { .. },
        ) => Verdict::Failed,
        // It says that the call is wrong, or it ran and what it needs is away.
        Failure::NotExecuted(_)
        | Failure::Unknown(Unknown::Inner(_) | Unknown::Unreadable { .. } | Unknown::Panicked) => {
            Verdict::Answered
        }
        Failure::Unknown(_) => Verdict::Failed,
    }
}

/// A place in a pool, once it is taken.
#[derive(Default)]
pub(crate) struct Place(OnceLock<Arc<Member>>);

impl Place {
    #[inline]
    pub(crate) fn member(&self) -> Option<&Arc<Member>> {
        self.0.get()
    }

    pub(crate) fn take(&self, member: Arc<Member>) {
        // Places are taken under the pool's lock, each once.
        let _ = self.0.set(member);
    }
}

impl policy::Endpoint for Place {
    #[inline]
    fn standing(&self, now: Moment) -> Standing {
        self.member().map_or(Standing::Shut, |member| member.standing(now))
    }

    #[inline]
    fn pending(&self) -> u32 {
        self.member().map_or(0, |member| member.ewma.pending())
    }

    #[inline]
    fn latency(&self, now: Moment) -> u64 {
        self.member().map_or(0, |member| member.ewma.latency(now))
    }

    fn id(&self) -> u64 {
        let Some(member) = self.member() else { return 0 };
        let unit = member.unit.bytes();
        // FNV-1a: the same in every process, so that all of them send a key to the same endpoint.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        unit.fold(0xcbf2_9ce4_8422_2325, fold) ^ u64::from(member.instance)
    }
}

/// One endpoint of a pool, for whoever knows how its unit is.
#[derive(Clone)]
pub struct Endpoint {
    /// The pool's: who tells how an endpoint is mostly lives with what carries its calls.
    pub(crate) member: Weak<Member>,
    pub(crate) changes: Arc<Notify>,
}

impl Endpoint {
    /// Calls can be sent there from now on, or can't. What becomes ready is as good as new: its
    /// latency is forgotten, and its breaker closed. All who waited for it may go there at once.
    pub fn set_ready(&self, ready: bool) {
        let Some(member) = self.member.upgrade() else { return };
        if member.ready.swap(ready, Ordering::AcqRel) != ready && ready {
            member.ewma.forget();
            member.breaker.renewed();
        }
        self.changes.notify_waiters();
    }

    /// It goes away, or doesn't after all: while it does, it gets no new calls.
    pub fn set_draining(&self, draining: bool) {
        let Some(member) = self.member.upgrade() else { return };
        member.draining.store(draining, Ordering::Relaxed);
        self.changes.notify_waiters();
    }

    /// Nobody looks for it any more, or somebody does again: while it is gone it keeps its place, and isn't
    /// told of.
    pub fn set_gone(&self, gone: bool) {
        if let Some(member) = self.member.upgrade() {
            member.gone.store(gone, Ordering::Relaxed);
        }
    }

    /// It doesn't feel well, or does again: while it doesn't, it gets calls only if no other can.
    pub fn set_doubtful(&self, doubtful: bool) {
        if let Some(member) = self.member.upgrade() {
            member.doubtful.store(doubtful, Ordering::Relaxed);
        }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.member.upgrade() {
            Some(member) => write!(f, "Endpoint({}.{})", member.unit, member.instance),
            None => f.write_str("Endpoint(gone)"),
        }
    }
}
