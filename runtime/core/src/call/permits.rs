//! Who may call which method of a service, where that is less than what is declared, and on whose
//! behalf the edge may.
//!
//! A service that others declare as their need may be called by them, method by method; its methods at
//! the edge by the edge; all of it by the program. `[services.NAME.allow]` leaves some of them out. Few
//! services have such rules, so that those without pay nothing for them: see `guard` for the calls that
//! are made here, and `inbox` for those that come in. A breaker that an operator has opened is one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::RwLock;

use crate::context::Principal;
use crate::contract::{Method, MethodSpec, Rule, Verdict};
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::remote::Caller;

/// When to try again after a call that found the breaker open: an operator shuts it.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The rules of `[services.NAME.allow]`: for some methods, the only callers; and those of the methods
/// at the edge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    only: Vec<(u16, Box<[Caller]>)>,
    edge: EdgeRules,
    refused: Refused,
}

/// Whose calls find the breaker open, whatever has become of others: `[services.NAME.breaker] refuse`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Refused {
    /// Nobody's.
    #[default]
    None,
    /// Those of some callers.
    Of(Box<[Caller]>),
    /// All.
    All,
}

impl Refused {
    fn has(&self, caller: Caller) -> bool {
        match self {
            Self::None => false,
            Self::Of(callers) => callers.contains(&caller),
            Self::All => true,
        }
    }
}

/// On whose behalf the edge may call a service's methods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeRules {
    /// Whether edges know who asks: then nobody is let in whom no rule lets in. Where they don't, and a
    /// call says nothing of anybody, there is nothing to go by.
    pub known: bool,
    /// The rules, by the methods' indices.
    pub rules: Box<[Rule]>,
}

impl EdgeRules {
    /// Whether a call of the edge may be made with that message, on behalf of `principal`.
    fn check<M: Method>(
        &self,
        service: ServiceId,
        message: &M,
        principal: Option<&str>,
    ) -> Result<(), NotExecuted> {
        if principal.is_none() && !self.known {
            return Ok(());
        }
        let signed_in = Rule::default();
        let rule = self.rules.get(usize::from(M::SPEC.index)).unwrap_or(&signed_in);
        if rule.is_for_anyone() {
            return Ok(());
        }
        // A text that is no principal's is nobody's.
        let principal = principal.and_then(Principal::read);
        let verdict = rule.judge(principal.as_ref(), |name| message.argument(name));
        if verdict == Verdict::Granted {
            return Ok(());
        }
        let who = principal.map_or_else(|| "nobody".to_owned(), |who| format!("`{}`", who.subject));
        let why = format!("the rule of `{service}.{}` at the edge lets {who} not in", M::SPEC.name);
        Err(NotExecuted::Denied { why: why.into() })
    }
}

impl Allow {
    /// Lets only these callers call the method of that index.
    pub fn only(&mut self, method: u16, callers: impl IntoIterator<Item = Caller>) {
        self.only.push((method, callers.into_iter().collect()));
    }

    /// Has the edge call by these rules.
    #[must_use]
    pub fn at_the_edge(mut self, edge: EdgeRules) -> Self {
        self.edge = edge;
        self
    }

    /// Has these calls find the breaker open.
    #[must_use]
    pub fn refusing(mut self, refused: Refused) -> Self {
        self.refused = refused;
        self
    }

    fn check(
        &self,
        service: ServiceId,
        method: &MethodSpec,
        caller: Caller,
    ) -> Result<(), NotExecuted> {
        if self.refused.has(caller) {
            return Err(NotExecuted::BreakerOpen { retry_after: RETRY_AFTER });
        }
        let rule = self.only.iter().find(|(index, _)| *index == method.index);
        // What the program may, its owner may.
        let who = if caller == Caller::Operator { Caller::Program } else { caller };
        if rule.is_none_or(|(_, callers)| callers.contains(&who)) {
            return Ok(());
        }
        let why = format!("{caller} isn't among those who may call `{service}.{}`", method.name);
        Err(NotExecuted::Denied { why: why.into() })
    }
}

/// The rules in force, as calls read them.
#[derive(Debug, Default)]
pub struct Permits {
    narrowed: AtomicBool,
    allow: RwLock<Allow>,
    /// Read at every call of the edge.
    edge: ArcSwap<EdgeRules>,
}

impl Permits {
    /// Puts other rules in force for the next call; whether there are any.
    pub(super) fn set(&self, allow: Allow) -> bool {
        let narrowed = !allow.only.is_empty() || allow.refused != Refused::None;
        self.edge.store(Arc::new(allow.edge.clone()));
        let mut rules = self.allow.write();
        *rules = allow;
        self.narrowed.store(narrowed, Ordering::Release);
        narrowed
    }

    /// Whether there are any.
    #[inline]
    pub(super) fn is_narrowed(&self) -> bool {
        self.narrowed.load(Ordering::Acquire)
    }

    /// Whether a call may be made.
    #[inline]
    pub(super) fn admit(
        &self,
        service: ServiceId,
        method: Option<&MethodSpec>,
        caller: Caller,
    ) -> Result<(), NotExecuted> {
        match method {
            Some(method) if self.is_narrowed() => self.check(service, method, caller),
            _ => Ok(()),
        }
    }

    /// Whether a call of the edge may be made with that message, on behalf of `principal`.
    pub(super) fn admit_behalf<M: Method>(
        &self,
        service: ServiceId,
        message: &M,
        principal: Option<&str>,
    ) -> Result<(), NotExecuted> {
        self.edge.load().check(service, message, principal)
    }

    #[cold]
    fn check(
        &self,
        service: ServiceId,
        method: &MethodSpec,
        caller: Caller,
    ) -> Result<(), NotExecuted> {
        self.allow.read().check(service, method, caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_leave_out_and_add_nobody() {
        let id = |name| ServiceId::of(name).unwrap();
        let service = id("permits-payment");
        let (order, user) =
            (Caller::Service(id("permits-order")), Caller::Service(id("permits-user")));
        let (charge, receipt) = (MethodSpec::plain("charge", 0), MethodSpec::plain("receipt", 1));
        let permits = Permits::default();
        assert_eq!(permits.admit(service, Some(&charge), user), Ok(()));

        let mut allow = Allow::default();
        allow.only(0, [order]);
        assert!(permits.set(allow));
        assert_eq!(permits.admit(service, Some(&charge), order), Ok(()));
        for caller in [user, Caller::Edge, Caller::Program] {
            let denied = permits.admit(service, Some(&charge), caller).unwrap_err();
            assert!(denied.to_string().contains("`permits-payment.charge`"), "{denied}");
            assert_eq!(permits.admit(service, Some(&receipt), caller), Ok(()));
        }
        assert!(!permits.set(Allow::default()));
        assert_eq!(permits.admit(service, Some(&charge), user), Ok(()));
    }

    #[test]
    fn an_operator_opens_the_breaker_for_all_or_for_some() {
        let id = |name| ServiceId::of(name).unwrap();
        let (service, order) = (id("permits-open"), Caller::Service(id("permits-open-order")));
        let charge = MethodSpec::plain("charge", 0);
        let permits = Permits::default();
        let open = |caller| {
            let admitted = permits.admit(service, Some(&charge), caller);
            matches!(admitted, Err(NotExecuted::BreakerOpen { .. }))
        };
        assert!(permits.set(Allow::default().refusing(Refused::Of([order].into()))));
        assert!(open(order) && !open(Caller::Edge));
        assert!(permits.set(Allow::default().refusing(Refused::All)));
        assert!(open(order) && open(Caller::Edge) && open(Caller::Program));
        assert!(!permits.set(Allow::default()));
        assert!(!open(order) && !open(Caller::Edge));
    }
}
