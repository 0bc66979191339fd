//! The contexts of the calls that come in over a connection. Each has most in common with the one
//! before it, and is made from that.

use std::sync::Arc;

use seam_core::context::{CallContext, InboundContext};
use seam_core::outcome::NotExecuted;
use seam_core::remote::Caller;
use seam_core::time::Moment;

use super::authorities::{Authorities, Standing};
use crate::convert::{caller_from_wire, chain_from_wire, state_from_wire, trace_from_wire};
use crate::frame::{CallParts, Origin, OriginBuf};

pub(super) struct Contexts {
    /// What all calls of the last origin have in common.
    common: CallContext,
    /// The context that their turns are lent.
    lent: InboundContext,
    /// Who made the last call.
    caller: Caller,
    /// Its origin, which says who, and most of the context.
    origin: OriginBuf,
    /// For whom the peer may call; anybody without.
    standing: Option<Standing>,
}

impl Contexts {
    pub(super) fn new() -> Self {
        let origin = OriginBuf::default();
        let (common, lent) = (CallContext::root(), InboundContext::default());
        Self { common, lent, caller: Caller::Program, origin, standing: None }
    }

    /// The peer is that unit.
    pub(super) fn greeted(&mut self, authorities: &Authorities, unit: &str) {
        self.standing = Some(authorities.standing(unit));
        self.origin.forget();
    }

    /// Looks anew for whom the peer may call, if that has changed.
    #[inline]
    pub(super) fn hold_to(&mut self, authorities: &Authorities) {
        if let Some(standing) = &mut self.standing
            && !authorities.holds(standing)
        {
            *standing = authorities.standing(standing.unit());
            self.origin.forget();
        }
    }

    /// The origin of the last call.
    #[inline]
    pub(super) fn last_origin(&self) -> Origin<'_> {
        self.origin.origin()
    }

    /// The context of a call whose bytes came at `came`, and who makes it; the call was read with
    /// [`Contexts::last_origin`] before it.
    #[inline]
    pub(super) fn of(
        &mut self,
        call: &CallParts<'_>,
        came: Moment,
    ) -> Result<(&mut InboundContext, Caller), NotExecuted> {
        if !call.same_origin {
            self.change(call.origin())?;
        }
        let context = self.lent.next(&self.common);
        context.deadline = came.after_micros(call.micros());
        context.trace = trace_from_wire(call.trace());
        context.no_retry = call.no_retry();
        // Few calls have any, and the one before may have left its own.
        if !call.extensions.is_empty() || context.tracestate().is_some() {
            context.set_tracestate(state_from_wire(call.extensions));
        }
        Ok((&mut self.lent, self.caller))
    }

    #[cold]
    fn change(&mut self, origin: Origin<'_>) -> Result<(), NotExecuted> {
        let chain = chain_from_wire(origin.chain())
            .ok_or_else(|| NotExecuted::bad_request("the call chain"))?;
        let caller = caller_from_wire(origin.caller(), &chain)
            .ok_or_else(|| NotExecuted::bad_request("the caller's name"))?;
        if let Some(standing) = &mut self.standing {
            standing.admit(caller)?;
        }
        self.caller = caller;
        self.common.chain = chain;
        self.common.principal = origin.principal().map(Arc::from);
        self.lent = InboundContext::default();
        self.origin.copy(origin);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use seam_core::call::{Authority, Guests};
    use seam_core::live::Live;
    use seam_core::name::ServiceId;
    use seam_core::remote::Form;

    use super::*;
    use crate::frame::{
        CallHead, CallId, Extensions, ExtensionsBuf, Frame, TRACESTATE, Trace, Who,
    };

    /// What a call with this head is made in, once it was written and read.
    fn read<'a>(
        contexts: &'a mut Contexts,
        chain: &[&str],
        caller: Who<'_>,
        principal: Option<&str>,
    ) -> Result<(&'a CallContext, Caller), NotExecuted> {
        read_with(contexts, chain, caller, principal, Extensions::NONE)
    }

    fn read_with<'a>(
        contexts: &'a mut Contexts,
        chain: &[&str],
        caller: Who<'_>,
        principal: Option<&str>,
        extensions: Extensions<'_>,
    ) -> Result<(&'a CallContext, Caller), NotExecuted> {
        let origin = OriginBuf::new(chain.iter().copied(), caller, principal).unwrap();
        let head = CallHead {
            id: CallId(1),
            service: 0,
            method: 0,
            micros: 5,
            trace: Trace { id: 1, span: 2, flags: 1 },
            no_retry: false,
            form: Form::Encoded,
            origin: origin.origin(),
            extensions,
        };
        let mut bytes = Vec::new();
        head.encode(&mut bytes, 4_096, |_| Ok::<(), ()>(())).unwrap();
        let call = Frame::as_call(&bytes[4..], contexts.last_origin()).unwrap().unwrap();
        let (context, caller) = contexts.of(&call, Moment::from_nanos(7))?;
        Ok((context, caller))
    }

    /// What other tracers say of a call with that entry, once it was written and read.
    fn told(contexts: &mut Contexts, entry: Option<(u16, &[u8])>) -> Option<String> {
        let mut entries = ExtensionsBuf::default();
        if let Some((id, value)) = entry {
            entries.push(id, value).unwrap();
        }
        let context = read_with(contexts, &["order"], Who::Last, None, entries.entries());
        context.unwrap().0.tracestate().map(|state| state.as_str().to_owned())
    }

    fn names(context: &CallContext) -> Vec<&str> {
        context.chain.iter().map(ServiceId::name).collect()
    }

    fn denied(contexts: &mut Contexts, chain: &[&str], caller: Who<'_>) -> bool {
        match read(contexts, chain, caller, None) {
            Ok(_) => false,
            Err(NotExecuted::Denied { .. }) => true,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_peer_calls_for_whom_it_may_as_long_as_it_may() {
        let order = ServiceId::of("order").unwrap();
        let front = Authority { services: Box::new([order]), ..Authority::none("front") };
        let live = Live::new(vec![front.clone()]);
        let guests = Live::new(Guests::default());
        let authorities = Authorities::new(live.clone(), guests.clone());
        let mut contexts = Contexts::new();
        contexts.greeted(&authorities, "front");
        // The first origin is looked at as any other, and what was denied is looked at again.
        for _ in 0..2 {
            assert!(denied(&mut contexts, &[], Who::Program));
            assert!(denied(&mut contexts, &["order"], Who::Edge));
            assert!(denied(&mut contexts, &["order"], Who::Named("user")));
            assert!(!denied(&mut contexts, &["order"], Who::Last));
        }
        live.set(vec![Authority { program: true, services: Box::default(), ..front }]);
        contexts.hold_to(&authorities);
        assert!(denied(&mut contexts, &["order"], Who::Last), "it may no longer");
        assert!(!denied(&mut contexts, &[], Who::Program));
        contexts.greeted(&authorities, "stranger");
        assert!(denied(&mut contexts, &[], Who::Program));
        assert!(denied(&mut contexts, &["loyalty"], Who::Last));
        // Where strangers may come, they speak for themselves, and for nobody else.
        let order = ServiceId::of("order").unwrap();
        guests.set(Guests::new([order], &["loyal*".to_owned()], []));
        contexts.hold_to(&authorities);
        assert!(!denied(&mut contexts, &["loyalty"], Who::Last));
        for (chain, who) in [
            (&["order"][..], Who::Last),
            (&["quote"], Who::Last),
            (&[], Who::Edge),
            (&[], Who::Program),
        ] {
            assert!(denied(&mut contexts, chain, who), "{chain:?} {who:?}");
        }
    }

    #[test]
    fn each_call_gets_what_came_with_it() {
        let mut contexts = Contexts::new();
        let order = Caller::Service(ServiceId::of("order").unwrap());
        let chains: [&[&str]; 6] = [
            &["user", "order"],
            &["user", "order"],
            &["order"],
            &["order", "order"],
            &["user", "order"],
            &["order"],
        ];
        for (n, chain) in chains.into_iter().enumerate() {
            let principal = ["ada", "ada", "eve"].get(n % 4).copied();
            let (context, caller) = read(&mut contexts, chain, Who::Last, principal).unwrap();
            assert_eq!((names(context), caller), (chain.to_vec(), order));
            assert_eq!(context.principal.as_deref(), principal);
            assert_eq!(context.deadline, Moment::from_nanos(5_007));
        }
        let (context, caller) = read(&mut contexts, &[], Who::Edge, None).unwrap();
        assert_eq!((names(context), caller), (vec![], Caller::Edge));
        assert!(read(&mut contexts, &[], Who::Last, None).is_err(), "the last of nobody");
        assert!(read(&mut contexts, &["no name"], Who::Edge, None).is_err());
        let (context, _) = read(&mut contexts, &["order"], Who::Edge, None).unwrap();
        assert_eq!(names(context), ["order"]);
    }

    #[test]
    fn what_other_tracers_say_is_of_its_call_alone() {
        let mut contexts = Contexts::new();
        let foo: (u16, &[u8]) = (TRACESTATE, b"foo=1");
        for (entry, expected) in [
            (Some(foo), Some("foo=1")),
            (None, None),
            (Some(foo), Some("foo=1")),
            (Some((TRACESTATE, b"bar=2,foo=1")), Some("bar=2,foo=1")),
            // What is none, and what nobody knows here.
            (Some((TRACESTATE, b"foo=\r\n")), None),
            (Some((TRACESTATE, b"\xff=1")), None),
            (Some((TRACESTATE + 1, b"foo=1")), None),
        ] {
            assert_eq!(told(&mut contexts, entry).as_deref(), expected, "{entry:?}");
        }
    }
}
