//! What the head of a call says of its way so far. Calls over a connection have few different ones,
//! so it is written down once for all that follow each other.

use seam_core::context::{CallContext, Chain};
use seam_core::remote::Caller;

use crate::convert::caller_to_wire;
use crate::frame::{self, Who};

/// What the last call's head said.
pub(super) struct Said {
    chain: Chain,
    caller: Caller,
    /// The chain as it is written.
    names: Vec<u8>,
    who: Who<'static>,
}

impl Said {
    pub(super) fn new() -> Self {
        let (caller, who) = (Caller::Program, Who::Program);
        Self { chain: Chain::default(), caller, names: Vec::new(), who }
    }

    /// The chain of a call and who makes it, as the wire says it.
    #[inline]
    pub(super) fn of(
        &mut self,
        context: &CallContext,
        caller: Caller,
    ) -> (frame::Chain<'_>, Who<'static>) {
        if self.caller != caller || self.chain != context.chain {
            self.change(context, caller);
        }
        // The hop limit is far below what a byte counts.
        (frame::Chain::checked(self.chain.len() as u8, &self.names), self.who)
    }

    #[cold]
    fn change(&mut self, context: &CallContext, caller: Caller) {
        self.who = caller_to_wire(caller, context);
        self.caller = caller;
        self.names.clear();
        for service in context.chain.iter() {
            let name = service.name();
            // A service's name has 64 letters at most.
            self.names.push(name.len() as u8);
            self.names.extend_from_slice(name.as_bytes());
        }
        self.chain.clone_from(&context.chain);
    }
}

#[cfg(test)]
mod tests {
    use seam_core::name::ServiceId;

    use super::*;

    #[test]
    fn each_head_says_its_own_way() {
        let id = |name| ServiceId::of(name).unwrap();
        let order = Caller::Service(id("order"));
        let cases: [(&[&str], Caller, Who<'_>); 7] = [
            (&[], Caller::Program, Who::Program),
            (&["order"], order, Who::Last),
            (&["order"], order, Who::Last),
            (&["order"], Caller::Edge, Who::Edge),
            (&["order", "user"], order, Who::Named("order")),
            (&["user", "order"], order, Who::Last),
            (&[], Caller::Edge, Who::Edge),
        ];
        let mut said = Said::new();
        for (chain, caller, expected) in cases {
            let mut context = CallContext::root();
            assert!(chain.iter().all(|name| context.chain.push(id(name))));
            let (names, who) = said.of(&context, caller);
            assert_eq!((names.names().collect::<Vec<_>>(), who), (chain.to_vec(), expected));
            assert_eq!(names.len(), chain.len());
        }
    }
}
