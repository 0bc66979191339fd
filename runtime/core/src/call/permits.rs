//! Who may call which method of a service, where that is less than what is declared.
//!
//! A service that others declare as their need may be called by them, method by method; its methods at
//! the edge by the edge; all of it by the program. `[services.NAME.allow]` leaves some of them out. Few
//! services have such rules, so that those without pay nothing for them: see `guard` for the calls that
//! are made here, and `inbox` for those that come in.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::contract::MethodSpec;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::remote::Caller;

/// The rules of `[services.NAME.allow]`: for some methods, the only callers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow(Vec<(u16, Box<[Caller]>)>);

impl Allow {
    /// Lets only these callers call the method of that index.
    pub fn only(&mut self, method: u16, callers: impl IntoIterator<Item = Caller>) {
        self.0.push((method, callers.into_iter().collect()));
    }

    fn check(
        &self,
        service: ServiceId,
        method: &MethodSpec,
        caller: Caller,
    ) -> Result<(), NotExecuted> {
        let rule = self.0.iter().find(|(index, _)| *index == method.index);
        if rule.is_none_or(|(_, callers)| callers.contains(&caller)) {
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
}

impl Permits {
    /// Puts other rules in force for the next call; whether there are any.
    pub(super) fn set(&self, allow: Allow) -> bool {
        let narrowed = !allow.0.is_empty();
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
}
