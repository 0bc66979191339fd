//! What the head of a call says of its origin. Calls over a connection have few different ones, so it is
//! written down once for all that follow each other.

use std::sync::Arc;

use seam_core::context::{CallContext, Chain};
use seam_core::name::ServiceId;
use seam_core::remote::Caller;

use crate::convert::caller_to_wire;
use crate::frame::{Origin, OriginBuf};
use crate::violation::EncodeError;

/// The last call's origin.
pub(super) struct LastOrigin {
    chain: Chain,
    caller: Caller,
    principal: Option<Arc<str>>,
    /// The same as it is written.
    origin: OriginBuf,
}

impl LastOrigin {
    pub(super) fn new() -> Self {
        let (chain, caller) = (Chain::default(), Caller::Program);
        Self { chain, caller, principal: None, origin: OriginBuf::default() }
    }

    /// The origin of a call in this context, as the wire says it.
    #[inline]
    pub(super) fn of(
        &mut self,
        context: &CallContext,
        caller: Caller,
    ) -> Result<Origin<'_>, EncodeError> {
        let same = self.caller == caller
            && self.chain == context.chain
            && self.principal == context.principal;
        if !same {
            self.change(context, caller)?;
        }
        Ok(self.origin.origin())
    }

    #[cold]
    fn change(&mut self, context: &CallContext, caller: Caller) -> Result<(), EncodeError> {
        // What can't be written leaves what it is written from, and what was, in step.
        let origin = std::mem::take(&mut self.origin);
        *self = Self { origin, ..Self::new() };
        let chain = context.chain.iter().map(ServiceId::name);
        let principal = context.principal.as_deref();
        self.origin.write(chain, caller_to_wire(caller, context), principal)?;
        self.chain.clone_from(&context.chain);
        self.caller = caller;
        self.principal.clone_from(&context.principal);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Who;

    #[test]
    fn each_head_says_its_own_origin() {
        let id = |name| ServiceId::of(name).unwrap();
        let order = Caller::Service(id("order"));
        let long = "x".repeat(300);
        let cases: [(&[&str], Caller, Option<&str>, Who<'_>); 11] = [
            (&[], Caller::Program, None, Who::Program),
            (&["order"], order, None, Who::Last),
            (&["order"], order, None, Who::Last),
            (&["order"], order, Some("ada"), Who::Last),
            (&["order"], order, Some("eve"), Who::Last),
            (&["order"], Caller::Edge, Some("eve"), Who::Edge),
            (&["order", "user"], order, None, Who::Named("order")),
            (&["order", "user"], order, Some(&long), Who::Named("order")),
            (&["order", "user"], order, Some("ada"), Who::Named("order")),
            (&["user", "order"], order, None, Who::Last),
            (&[], Caller::Edge, None, Who::Edge),
        ];
        let mut last = LastOrigin::new();
        for (chain, caller, principal, expected) in cases {
            let mut context = CallContext::root();
            context.principal = principal.map(Arc::from);
            assert!(chain.iter().all(|name| context.chain.push(id(name))));
            match last.of(&context, caller) {
                Ok(origin) => {
                    assert_eq!(origin.chain().collect::<Vec<_>>(), chain);
                    assert_eq!((origin.caller(), origin.principal()), (expected, principal));
                }
                Err(_) => assert_eq!(principal, Some(&*long)),
            }
        }
    }
}
