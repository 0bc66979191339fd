//! Where a client's calls go now: one atomic load to read, one store to change.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::command::Keeper;
use super::deadlines::{Deadlines, DeadlinesInForce};
use super::guard::{Asks, CallPolicy, Guard};
use super::permits::{Allow, Permits};
use crate::contract::{Contract, Method, MethodSpec};
use crate::live::Live;
use crate::metrics::Meters;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::record::{Recorder, Watch};
use crate::remote::{Caller, Remote};
use crate::time::{Clock, Moment};

/// The route of one service in one unit, shared by all its clients there.
pub struct Route<C: Contract> {
    pub(super) service: ServiceId,
    /// Whether calls go to `host`: one load, for it is asked at every call.
    here: AtomicBool,
    /// The instance in this process, once there is one.
    host: OnceLock<Arc<C::Host>>,
    /// Whether calls that leave go to `first`.
    at_first: AtomicBool,
    /// The remote that was set first. Most routes never lead to another, and a swap that can't
    /// happen costs a call nothing.
    first: OnceLock<Arc<dyn Remote>>,
    elsewhere: ArcSwap<Elsewhere>,
    /// Tells calls that wait for somebody who takes them that the route leads to another.
    changes: Notify,
    /// What is set of them.
    settings: Live<Deadlines>,
    /// What calls read of them.
    pub(super) deadlines: Arc<DeadlinesInForce>,
    pub(super) clock: Clock,
    /// What guards the calls; bare routes, of tests and fakes, have nothing that does.
    pub(super) guard: Option<Arc<Guard>>,
    /// Whether policies hold on calls that stay here.
    pub(super) policies: bool,
    /// What counts the calls, of each caller.
    pub(super) meters: Arc<Meters>,
    /// Who keeps the commands of its callers; nobody does for fakes.
    keeper: OnceLock<Arc<dyn Keeper>>,
}

/// Where calls go that don't stay here.
#[derive(Clone)]
pub(super) enum Elsewhere {
    Remote(Arc<dyn Remote>),
    Away(Box<str>),
}

/// The way of one call that leaves.
pub(super) enum Exit<'a> {
    /// A remote which the route may leave for a third.
    Remote(&'a Arc<dyn Remote>),
    /// None, and why.
    Away(&'a str),
}

/// Where calls go.
pub enum Target<C: Contract> {
    /// To an instance in this process.
    Local(Arc<C::Host>),
    /// Over the wire, or through a rehearsal of it.
    Remote(Arc<dyn Remote>),
    /// Nowhere, and why.
    Away(Box<str>),
}

impl<C: Contract> Route<C> {
    /// A route to a service, which leads nowhere yet. Nobody reads what its calls have recorded.
    pub fn new(service: ServiceId, deadlines: impl Into<Live<Deadlines>>, clock: Clock) -> Self {
        let recorder = Arc::new(Recorder::new(&clock, 0));
        Self::recorded(service, deadlines, clock, recorder)
    }

    /// A route to a service, which leads nowhere yet, and whose calls are recorded by `recorder`.
    pub fn recorded(
        service: ServiceId,
        deadlines: impl Into<Live<Deadlines>>,
        clock: Clock,
        recorder: Arc<Recorder>,
    ) -> Self {
        let settings = deadlines.into();
        let meters = Arc::new(Meters::new(service, C::descriptor(), recorder, clock.clone()));
        Self {
            service,
            here: AtomicBool::new(false),
            host: OnceLock::new(),
            at_first: AtomicBool::new(false),
            first: OnceLock::new(),
            elsewhere: ArcSwap::from_pointee(Elsewhere::Away("no route to it yet".into())),
            changes: Notify::new(),
            deadlines: DeadlinesInForce::following(&settings),
            settings,
            clock,
            guard: None,
            policies: true,
            meters,
            keeper: OnceLock::new(),
        }
    }

    /// Has commands kept by `keeper`, from now on.
    pub fn keep_by(&self, keeper: Arc<dyn Keeper>) {
        // A unit has one.
        let _ = self.keeper.set(keeper);
    }

    pub(super) fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        self.keeper.get().cloned()
    }

    /// The route without its policies on calls that stay here: no deadline, permission, context or
    /// metrics. For measuring what those cost.
    #[must_use]
    pub fn without_policies(self) -> Self {
        Self { policies: false, guard: None, ..self }
    }

    /// The route whose calls are guarded by a policy; it can be [set anew](Self::set_policy).
    #[must_use]
    pub fn guarded(self, policy: &CallPolicy) -> Self {
        self.meters.slow().set(policy.slow);
        Self { guard: Some(Arc::new(Guard::new(policy))), ..self }
    }

    /// The route with rules about who may call which method.
    #[must_use]
    pub fn allowing(self, allow: Allow) -> Self {
        self.set_allow(allow);
        self
    }

    /// Puts other rules about callers in force for the next call, if the route is guarded.
    pub fn set_allow(&self, allow: Allow) {
        if let Some(guard) = &self.guard {
            guard.allow(allow);
        }
    }

    /// The rules about callers, for the way in of calls from elsewhere.
    pub fn permits(&self) -> Arc<Permits> {
        self.guard.as_ref().map_or_else(Arc::default, |guard| Arc::clone(guard.permits()))
    }

    /// Puts another policy in force for the next call, if the route is guarded by one.
    pub fn set_policy(&self, policy: &CallPolicy) {
        if let Some(guard) = &self.guard {
            guard.set(policy);
            self.meters.slow().set(policy.slow);
        }
    }

    /// Has each call be looked at so closely, from the next one on: see [`record`](crate::record).
    pub fn watch(&self, watch: Watch) {
        self.meters.watch(watch);
        if let Some(guard) = &self.guard {
            guard.watch(watch == Watch::Bodies);
        }
    }

    /// Sends calls elsewhere from now on; calls in flight finish where they are.
    pub fn set(&self, target: Target<C>) {
        self.lead(target);
        self.changes.notify_waiters();
    }

    fn lead(&self, target: Target<C>) {
        match target {
            Target::Local(host) => {
                // A unit hosts a service once; a second host would be another route's.
                let _ = self.host.set(host);
                self.here.store(true, Ordering::Release);
                return;
            }
            Target::Remote(remote) => {
                let at_first = Arc::ptr_eq(self.first.get_or_init(|| Arc::clone(&remote)), &remote);
                self.elsewhere.store(Arc::new(Elsewhere::Remote(remote)));
                self.at_first.store(at_first, Ordering::Release);
            }
            Target::Away(why) => {
                self.elsewhere.store(Arc::new(Elsewhere::Away(why)));
                self.at_first.store(false, Ordering::Release);
            }
        }
        self.here.store(false, Ordering::Release);
    }

    /// The instance in this process, if calls go there.
    #[inline]
    pub(super) fn local(&self) -> Option<&C::Host> {
        if self.here.load(Ordering::Acquire) { self.host.get().map(|host| &**host) } else { None }
    }

    /// [`Route::first`], if calls that leave go there: who waits for a reply finds it there.
    #[inline]
    pub(super) fn to_first(&self) -> Option<&dyn Remote> {
        if self.at_first.load(Ordering::Acquire) { self.first() } else { None }
    }

    /// Takes the way of calls that leave and don't go to the first remote.
    #[inline]
    pub(super) fn leave<R>(&self, by: impl FnOnce(Exit<'_>) -> R) -> R {
        match &**self.elsewhere.load() {
            Elsewhere::Remote(remote) => by(Exit::Remote(remote)),
            Elsewhere::Away(why) => by(Exit::Away(why)),
        }
    }

    /// The remote that was set first; it stays as long as the route, whichever leads elsewhere now.
    #[inline]
    pub(super) fn first(&self) -> Option<&dyn Remote> {
        self.first.get().map(|first| &**first)
    }

    /// Whether another attempt could go elsewhere than the first.
    #[inline]
    pub(super) fn has_others(&self) -> bool {
        self.to_first().is_some_and(Remote::has_others)
    }

    /// Whether what can't be had now may be had by another attempt.
    pub(super) fn may_come_back(&self) -> bool {
        match &**self.elsewhere.load() {
            Elsewhere::Remote(remote) => remote.may_come_back(),
            Elsewhere::Away(_) => false,
        }
    }

    /// The wait for somebody who takes calls: at the remote where they go now, or at another one.
    pub(super) async fn anybody(&self) {
        // What has changed before is seen below, and what changes from here on is told.
        let changed = self.changes.notified();
        let remote = match &**self.elsewhere.load() {
            _ if self.local().is_some() => return,
            Elsewhere::Remote(remote) => Some(Arc::clone(remote)),
            Elsewhere::Away(_) => None,
        };
        let ready = async {
            match remote {
                Some(remote) => remote.anybody().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = ready => {}
            () = changed => {}
        }
    }

    /// Whether one more call may be made; `look` is called where what it carries is looked at.
    #[inline]
    pub(super) fn admit(
        &self,
        method: &'static MethodSpec,
        caller: Caller,
        now: Moment,
        look: impl FnOnce(),
    ) -> Result<(), NotExecuted> {
        let service = self.service;
        let asks = Asks { service, method, caller, now };
        self.guard.as_ref().map_or(Ok(()), |guard| guard.admit(asks, look))
    }

    /// Whether a call of the edge may be made with that message, on behalf of `principal`.
    pub(super) fn admit_behalf<M: Method>(
        &self,
        message: &M,
        principal: Option<&str>,
    ) -> Result<(), NotExecuted> {
        let Some(guard) = &self.guard else { return Ok(()) };
        guard.permits().admit_behalf(self.service, message, principal)
    }

    /// A call that isn't over at once is under way.
    #[inline]
    pub(super) fn entered(&self) {
        if let Some(guard) = &self.guard {
            guard.enter();
        }
    }

    /// A call that was under way isn't any more.
    #[inline]
    pub(super) fn left(&self) {
        if let Some(guard) = &self.guard {
            guard.leave();
        }
    }

    /// The service's name.
    pub const fn service(&self) -> ServiceId {
        self.service
    }

    /// How long calls may take whose caller doesn't say: what is set there holds for the next call.
    pub const fn deadlines(&self) -> &Live<Deadlines> {
        &self.settings
    }

    /// What counts the calls, of each caller.
    pub const fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }
}

impl<C: Contract> fmt::Debug for Route<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match (self.local(), &**self.elsewhere.load()) {
            (Some(_), _) => "local",
            (None, Elsewhere::Remote(_)) => "remote",
            (None, Elsewhere::Away(_)) => "away",
        };
        write!(f, "Route({}, {target})", self.service)
    }
}

impl<C: Contract> fmt::Debug for Target<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(_) => f.write_str("Local"),
            Self::Remote(_) => f.write_str("Remote"),
            Self::Away(why) => f.debug_tuple("Away").field(why).finish(),
        }
    }
}
