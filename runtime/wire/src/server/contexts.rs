//! The contexts of the calls that come in over a connection. Each has most in common with the one
//! before it, and is made from that.

use std::sync::Arc;

use seam_core::context::CallContext;
use seam_core::name::ServiceId;
use seam_core::outcome::NotExecuted;
use seam_core::remote::Caller;
use seam_core::time::Moment;

use crate::convert::{caller_from_wire, chain_from_wire, trace_from_wire};
use crate::frame::{CallHead, Chain, Who};

pub(super) struct Contexts {
    /// The last call's, which becomes the next one's.
    last: CallContext,
    /// How many services its chain names, and their names as they came.
    names: (u8, Vec<u8>),
    /// The last service of its chain.
    caller: Option<ServiceId>,
}

impl Contexts {
    pub(super) fn new() -> Self {
        Self { last: CallContext::root(), names: (0, Vec::new()), caller: None }
    }

    /// The chain of the last call, as it came.
    #[inline]
    pub(super) fn last_chain(&self) -> Chain<'_> {
        Chain::checked(self.names.0, &self.names.1)
    }

    /// The context of a call whose bytes came at `came`, and who makes it; `same_chain` if its chain
    /// is [`Contexts::last_chain`].
    #[inline]
    pub(super) fn of(
        &mut self,
        head: &CallHead<'_>,
        same_chain: bool,
        came: Moment,
    ) -> Result<(&CallContext, Caller), NotExecuted> {
        if !same_chain {
            self.change_chain(head.chain)?;
        }
        let caller = match (head.caller, self.caller) {
            (Who::Last, Some(service)) => Caller::Service(service),
            (who, _) => caller_from_wire(who)
                .ok_or_else(|| NotExecuted::bad_request("the caller's name"))?,
        };
        let context = &mut self.last;
        context.deadline = came.after(head.remaining);
        context.trace = trace_from_wire(head.trace);
        if context.principal.as_deref() != head.principal {
            context.principal = head.principal.map(Arc::from);
        }
        Ok((&self.last, caller))
    }

    #[cold]
    fn change_chain(&mut self, names: Chain<'_>) -> Result<(), NotExecuted> {
        let chain =
            chain_from_wire(names).ok_or_else(|| NotExecuted::bad_request("the call chain"))?;
        self.caller = chain.iter().last();
        self.names = (names.count(), names.encoded().to_vec());
        self.last.chain = chain;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::frame::{CallId, Frame, Trace};

    /// What a call with this head is made in, once it was written and read.
    fn read<'a>(
        contexts: &'a mut Contexts,
        chain: &[&str],
        caller: Who<'_>,
        principal: Option<&str>,
    ) -> Result<(&'a CallContext, Caller), NotExecuted> {
        let head = CallHead {
            id: CallId(1),
            service: 0,
            method: 0,
            remaining: Duration::from_micros(5),
            trace: Trace { id: 1, span: 2, flags: 1 },
            no_retry: false,
            chain: chain.iter().copied(),
            caller,
            principal,
        };
        let mut bytes = Vec::new();
        head.encode(&mut bytes, 4_096, |_| Ok::<(), ()>(())).unwrap();
        let call = Frame::as_call(&bytes[4..], contexts.last_chain()).unwrap().unwrap();
        contexts.of(&call.head, call.same_chain, Moment::from_nanos(7))
    }

    fn names(context: &CallContext) -> Vec<&str> {
        context.chain.iter().map(ServiceId::name).collect()
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
}
