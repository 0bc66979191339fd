//! What every call passes before it may begin, on each of its ways: made here for a service of this
//! unit, made here for one elsewhere, or come in from elsewhere.
//!
//! The rules, in their order:
//!
//! 1. *Permission.* The edge calls what its contract offers there. A service calls whom it declares
//!    as its needs: its client's type sees to that where it is, and the callee's unit looks again,
//!    for it can't trust its caller. Whether that unit may speak for who is said to call was looked at
//!    before, once for all calls alike ([`Authority`](super::Authority)). Rules that leave some callers
//!    out are looked at where a call is made and where it comes in ([`Permits`](super::Permits)).
//! 2. *Deadline.* It is the caller's, and never later than that of the turn which makes the call.
//!    What is too late doesn't begin.
//! 3. *Chain.* No call enters a service that waits for it, or goes further than the hop limit.
//!
//! Each rule is told once, and the ways differ in what they know: here a context is shared and is
//! made longer only where it must be, a call that leaves has a context of its own, and one that came
//! in has what its caller said of itself.

use std::sync::Arc;

use crate::context::{CallContext, Chain};
use crate::contract::MethodSpec;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::remote::Caller;
use crate::time::Moment;

/// A call that asks to begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission<'a> {
    /// The service that is called.
    pub(super) service: ServiceId,
    /// The method that is called; `None` if the service has none of that number.
    pub(super) method: Option<&'a MethodSpec>,
    /// Who calls.
    pub(super) caller: Caller,
    /// The time, read just now.
    pub(super) now: Moment,
}

impl Admission<'_> {
    /// A call for a service of this unit, made in `context`, that wants its answer by `deadline`.
    /// Returns the deadline that holds, and the context that the call's turn is told of; `None` if
    /// nobody waits for the call whom it could meet again.
    #[inline(always)] // on the way of every call, from one place
    pub(super) fn here(
        self,
        context: Option<Arc<CallContext>>,
        deadline: Moment,
    ) -> Result<(Moment, Option<Arc<CallContext>>), NotExecuted> {
        self.permission()?;
        let deadline = context.as_ref().map_or(deadline, |context| deadline.min(context.deadline));
        self.in_time(deadline)?;
        if context.is_none() && !matches!(self.caller, Caller::Service(_)) {
            return Ok((deadline, None));
        }
        Ok((deadline, self.lengthened(context)?))
    }

    /// The context of a call that somebody waits for, who is in its chain.
    #[inline(never)] // a call from outside passes it by
    fn lengthened(
        self,
        mut context: Option<Arc<CallContext>>,
    ) -> Result<Option<Arc<CallContext>>, NotExecuted> {
        if let Caller::Service(caller) = self.caller
            && !context.as_ref().is_some_and(|context| context.chain.contains(caller))
        {
            // The caller's own task lost the turn's context: at least the caller itself waits.
            let mut found = context.as_deref().map_or_else(CallContext::root, CallContext::clone);
            self.told_of_caller(&mut found.chain)?;
            context = Some(Arc::new(found));
        }
        if let Some(context) = &context {
            self.no_cycle(&context.chain)?;
        }
        Ok(context)
    }

    /// A call that leaves the unit in `context`, which is its own and has its deadline; it is told
    /// who makes the call.
    #[inline]
    pub(super) fn leaving(self, context: &mut CallContext) -> Result<(), NotExecuted> {
        self.permission()?;
        self.in_time(context.deadline)?;
        self.told_of_caller(&mut context.chain)?;
        self.no_cycle(&context.chain)
    }

    /// A call that came in, made in `context`; `declared` are the services that say that they call
    /// this one, and `guest` says of another whether it may all the same.
    #[inline]
    pub(super) fn incoming(
        self,
        context: &CallContext,
        declared: &[ServiceId],
        guest: impl FnOnce(ServiceId) -> bool,
    ) -> Result<(), NotExecuted> {
        if let Caller::Service(caller) = self.caller
            && !declared.contains(&caller)
            && !guest(caller)
        {
            return Err(self.undeclared(caller));
        }
        self.permission()?;
        self.in_time(context.deadline)?;
        self.no_cycle(&context.chain)
    }

    // === The rules ===

    #[inline]
    fn permission(self) -> Result<(), NotExecuted> {
        match self.method {
            Some(method) if self.caller == Caller::Edge && !method.at_the_edge() => {
                let why = format!("`{}` is neither public nor has it a route", method.name);
                Err(NotExecuted::Denied { why: why.into() })
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn undeclared(self, caller: ServiceId) -> NotExecuted {
        let why = format!("`{caller}` doesn't declare that it calls `{}`", self.service);
        NotExecuted::Denied { why: why.into() }
    }

    #[inline]
    fn in_time(self, deadline: Moment) -> Result<(), NotExecuted> {
        if deadline <= self.now { Err(NotExecuted::DeadlineExceeded) } else { Ok(()) }
    }

    /// Who makes the call waits for it, whatever its task has lost.
    #[inline]
    fn told_of_caller(self, chain: &mut Chain) -> Result<(), NotExecuted> {
        if let Caller::Service(caller) = self.caller
            && !chain.contains(caller)
            && !chain.push(caller)
        {
            return Err(self.too_far(chain));
        }
        Ok(())
    }

    #[inline]
    fn no_cycle(self, chain: &Chain) -> Result<(), NotExecuted> {
        if chain.may_enter(self.service) { Ok(()) } else { Err(self.too_far(chain)) }
    }

    #[cold]
    fn too_far(self, chain: &Chain) -> NotExecuted {
        NotExecuted::Cycle { path: chain.path_to(self.service) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::HOP_LIMIT;

    const NOW: Moment = Moment::from_nanos(1_000);

    static INNER: MethodSpec = MethodSpec::plain("inner", 0);
    static PUBLIC: MethodSpec = MethodSpec { public: true, ..INNER };

    fn id(name: &str) -> ServiceId {
        ServiceId::of(name).unwrap()
    }

    /// A context that ends at that moment, in which these services wait.
    fn context(deadline: Moment, waiting: &[&str]) -> CallContext {
        let mut context = CallContext::root().with_deadline(deadline);
        assert!(waiting.iter().all(|name| context.chain.push(id(name))));
        context
    }

    /// What each of the three ways says of a call to `admission-callee`; they must agree.
    fn admit(
        method: &MethodSpec,
        caller: Caller,
        deadline: Moment,
        waiting: &[&str],
    ) -> Result<(), NotExecuted> {
        let service = id("admission-callee");
        let admission = Admission { service, method: Some(method), caller, now: NOW };
        let declared = [id("admission-caller")];
        let here = admission.here(Some(Arc::new(context(deadline, waiting))), Moment::NEVER);
        let here = here.map(|(holds, context)| {
            assert_eq!(holds, deadline, "the caller's deadline holds");
            assert!(context.is_some_and(|context| match caller {
                Caller::Service(caller) => context.chain.contains(caller),
                _ => true,
            }));
        });
        let mut own = context(deadline, waiting);
        let leaving = admission.leaving(&mut own);
        if let (Ok(()), Caller::Service(caller)) = (&leaving, caller) {
            assert!(own.chain.contains(caller), "a call that leaves says who waits for it");
        }
        // Whoever sent it has told who waits.
        let mut sent = context(deadline, waiting);
        let told = admission.told_of_caller(&mut sent.chain);
        let incoming = told.and_then(|()| admission.incoming(&sent, &declared, |_| false));
        assert_eq!(here, leaving);
        assert_eq!(here, incoming);
        here
    }

    #[test]
    fn the_edge_calls_only_what_is_offered_there() {
        let soon = Moment::from_nanos(2_000);
        assert_eq!(admit(&PUBLIC, Caller::Edge, soon, &[]), Ok(()));
        assert_eq!(admit(&INNER, Caller::Program, soon, &[]), Ok(()));
        assert_eq!(admit(&INNER, Caller::Service(id("admission-caller")), soon, &[]), Ok(()));
        let denied = admit(&INNER, Caller::Edge, soon, &[]).unwrap_err();
        assert!(matches!(denied, NotExecuted::Denied { .. }), "{denied}");
        // What may not be called isn't told whether it came too late.
        assert_eq!(admit(&INNER, Caller::Edge, NOW, &[]), Err(denied));
    }

    #[test]
    fn who_came_in_undeclared_is_denied() {
        let caller = Caller::Service(id("admission-stranger"));
        let service = id("admission-callee");
        let admission = Admission { service, method: Some(&PUBLIC), caller, now: NOW };
        let context = context(Moment::NEVER, &[]);
        let declared = [id("admission-caller")];
        let denied = admission.incoming(&context, &declared, |_| false).unwrap_err();
        assert!(denied.to_string().contains("doesn't declare"), "{denied}");
        assert_eq!(admission.incoming(&context, &declared, |_| true), Ok(()));
    }

    #[test]
    fn what_is_too_late_does_not_begin() {
        let caller = Caller::Service(id("admission-caller"));
        assert_eq!(admit(&PUBLIC, caller, Moment::from_nanos(1_001), &[]), Ok(()));
        for past in [NOW, Moment::from_nanos(999), Moment::default()] {
            assert_eq!(admit(&PUBLIC, caller, past, &[]), Err(NotExecuted::DeadlineExceeded));
        }
    }

    #[test]
    fn a_service_is_entered_once_and_the_path_is_told() {
        let caller = Caller::Service(id("admission-caller"));
        let waiting = ["admission-callee", "admission-caller"];
        let path = ["admission-callee", "admission-caller", "admission-callee"];
        let cycle = NotExecuted::Cycle { path: path.map(Into::into).into() };
        assert_eq!(admit(&PUBLIC, caller, Moment::NEVER, &waiting), Err(cycle));
        // A task that has lost its turn's context still waits for its own call.
        let itself = Caller::Service(id("admission-callee"));
        let lost = admit_lost(itself);
        assert!(matches!(lost, Err(NotExecuted::Cycle { .. })), "{lost:?}");
    }

    /// A call that a service makes outside of its turn, to `admission-callee`.
    fn admit_lost(caller: Caller) -> Result<(), NotExecuted> {
        let service = id("admission-callee");
        let admission = Admission { service, method: Some(&PUBLIC), caller, now: NOW };
        let here = admission.here(None, Moment::NEVER).map(drop);
        assert_eq!(here, admission.leaving(&mut CallContext::root()));
        here
    }

    #[test]
    fn no_chain_is_longer_than_the_hop_limit() {
        let names: Vec<String> = (0..HOP_LIMIT).map(|n| format!("admission-hop-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (fits, full) = (&names[..HOP_LIMIT - 1], &names[..]);
        assert_eq!(admit(&PUBLIC, Caller::Program, Moment::NEVER, fits), Ok(()));
        let refused = admit(&PUBLIC, Caller::Program, Moment::NEVER, full);
        assert!(matches!(refused, Err(NotExecuted::Cycle { .. })), "{refused:?}");
    }

    #[test]
    fn from_outside_nothing_is_made() {
        let service = id("admission-callee");
        let admission =
            Admission { service, method: Some(&PUBLIC), caller: Caller::Program, now: NOW };
        let (holds, context) = admission.here(None, Moment::from_nanos(1_500)).unwrap();
        assert_eq!((holds, context.is_none()), (Moment::from_nanos(1_500), true));
    }
}
