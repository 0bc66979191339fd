//! The context that a turn carries, light enough for every call.

use std::any::TypeId;
use std::cell::Cell;
use std::sync::Arc;

use super::{CallContext, CallSite};
use crate::name::ServiceId;
use crate::time::Moment;

/// The context of a turn. It is small, for every turn is given one and few ask it for anything.
#[derive(Debug)]
pub struct TurnContext {
    deadline: Moment,
    /// The context in which the call was made; `None` if it came from outside of all turns.
    caller: Option<Arc<CallContext>>,
    /// What the turn made of it, once something has asked for that; or what it is to be made of.
    made: Option<Box<Made>>,
    /// The service; `None` for a task that goes on in the turn's own context.
    service: Option<ServiceId>,
}

#[derive(Debug, Default)]
struct Made {
    /// The context in which the call was made, if it came from elsewhere and nobody shares it.
    above: Option<CallContext>,
    /// The context in which the turn makes its calls.
    own: Option<Arc<CallContext>>,
    /// The calls that failed most recently in this turn, by type of error: what a `?` names.
    failed: Vec<(TypeId, CallSite)>,
}

impl Made {
    #[cold]
    fn under(caller: &CallContext) -> Box<Self> {
        Box::new(Self { above: Some(caller.clone()), ..Self::default() })
    }
}

thread_local! {
    /// What the last turn on this thread has left that was called from elsewhere.
    static LEFT: Cell<Option<Box<Made>>> = const { Cell::new(None) };
}

impl TurnContext {
    /// The context of a turn of `service`, called in `caller`.
    #[inline]
    pub const fn new(
        service: ServiceId,
        deadline: Moment,
        caller: Option<Arc<CallContext>>,
    ) -> Self {
        Self { deadline, caller, made: None, service: Some(service) }
    }

    /// The context of a turn of `service`, called from elsewhere in `caller`, which is copied: to a
    /// place that a turn before it has left, for most turns end where they began.
    #[inline(always)] // from one place, so that it is made where it is wanted
    pub(crate) fn copied(service: ServiceId, caller: &CallContext) -> Self {
        let made = match LEFT.try_with(Cell::take) {
            Ok(Some(mut made)) => {
                match &mut made.above {
                    Some(above) => above.clone_from(caller),
                    none => *none = Some(caller.clone()),
                }
                made
            }
            _ => Made::under(caller),
        };
        Self { deadline: caller.deadline, caller: None, made: Some(made), service: Some(service) }
    }

    /// The context of a task that goes on in a turn's own context.
    pub(super) fn resumed(own: Arc<CallContext>) -> Self {
        let deadline = own.deadline;
        let made = Box::new(Made { own: Some(own), ..Made::default() });
        Self { deadline, caller: None, made: Some(made), service: None }
    }

    /// The point after which nobody wants the turn's answer.
    #[inline]
    pub const fn deadline(&self) -> Moment {
        self.deadline
    }

    /// The turn's own context, in which it makes its calls; its chain ends with the service.
    pub fn own(&mut self) -> &Arc<CallContext> {
        let Self { made, caller, deadline, service } = self;
        let Made { above, own, .. } = &mut **made.get_or_insert_default();
        own.get_or_insert_with(|| {
            let caller = caller.as_deref().or(above.as_ref());
            let context = caller.map_or_else(CallContext::root, CallContext::child);
            let mut context = context.with_deadline(*deadline);
            if let Some(service) = *service {
                // Whoever admitted the call has looked at the hop limit.
                let _ = context.chain.push(service);
            }
            Arc::new(context)
        })
    }

    pub(super) fn note_failed(&mut self, error: TypeId, at: CallSite) {
        let failed = &mut self.made.get_or_insert_default().failed;
        failed.retain(|(kind, _)| *kind != error);
        failed.push((error, at));
    }

    pub(super) fn last_failed(&self, error: TypeId) -> Option<CallSite> {
        let failed = &self.made.as_ref()?.failed;
        failed.iter().find(|(kind, _)| *kind == error).map(|(_, at)| *at)
    }
}

impl Drop for TurnContext {
    #[inline]
    fn drop(&mut self) {
        if let Some(mut made) = self.made.take()
            && made.above.is_some()
        {
            made.own = None;
            made.failed.clear();
            // A thread that ends keeps nothing.
            let _ = LEFT.try_with(|left| left.set(Some(made)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_called_from_elsewhere_keeps_nothing_of_the_one_before() {
        let id = |name| ServiceId::of(name).unwrap();
        let call = |service, principal: Option<&str>| {
            let mut context = CallContext::root().with_deadline(Moment::from_nanos(7));
            assert!(context.chain.push(id(service)));
            context.principal = principal.map(Arc::from);
            context
        };
        let told = |turn: &mut TurnContext| {
            let own = Arc::clone(turn.own());
            (own.chain.iter().map(ServiceId::name).collect::<Vec<_>>(), own.principal.clone())
        };
        let (order, user) = (call("turn-order", Some("ada")), call("turn-user", None));
        let mut first = TurnContext::copied(id("turn-pay"), &order);
        let kept = Arc::clone(first.own());
        first.note_failed(TypeId::of::<u8>(), CallSite { service: id("turn-pay"), method: "m" });
        drop(first);

        let mut second = TurnContext::copied(id("turn-pay"), &user);
        assert_eq!(told(&mut second), (vec!["turn-user", "turn-pay"], None));
        assert_eq!(
            (second.deadline(), second.last_failed(TypeId::of::<u8>())),
            (user.deadline, None)
        );
        let mut beside = TurnContext::copied(id("turn-pay"), &order);
        assert_eq!(told(&mut beside), (vec!["turn-order", "turn-pay"], Some("ada".into())));
        drop((second, beside));
        assert_eq!(kept.principal.as_deref(), Some("ada"));
        assert_eq!(kept.trace.trace, order.trace.trace);
    }
}
