//! The context that a turn carries, light enough for every call.

use std::any::TypeId;
use std::cell::Cell;
use std::mem::forget;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

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

    /// Forgets what a turn has made of it.
    #[inline]
    fn clear(&mut self) {
        self.own = None;
        self.failed.clear();
    }
}

thread_local! {
    /// What the last turn on this thread has left that was called from elsewhere.
    static LEFT: Cell<Option<Box<Made>>> = const { Cell::new(None) };
}

/// The context of calls that came from elsewhere, which is lent to one turn after the other: most
/// turns end where they began and give it back, so that it is copied for none of them.
#[derive(Debug, Default)]
pub struct InboundContext(Option<Box<Made>>);

impl InboundContext {
    /// A copy of `context`: in a place that a turn before it has left, if there is one.
    pub fn copied(context: &CallContext) -> Self {
        match LEFT.try_with(Cell::take) {
            Ok(Some(mut made)) => {
                match &mut made.above {
                    Some(above) => above.clone_from(context),
                    none => *none = Some(context.clone()),
                }
                Self(Some(made))
            }
            _ => Self(Some(Made::under(context))),
        }
    }

    /// The last call's, to become the next one's; a copy of `like` if a turn goes on with that.
    #[inline]
    pub fn next(&mut self, like: &CallContext) -> &mut CallContext {
        if self.0.is_none() {
            *self = Self::copied(like);
        }
        let made = self.0.get_or_insert_with(|| Made::under(like));
        made.above.get_or_insert_with(|| like.clone())
    }
}

impl Deref for InboundContext {
    type Target = CallContext;

    #[inline]
    fn deref(&self) -> &CallContext {
        /// What was lent and not given back is nobody's: too late for any call.
        static LENT: LazyLock<CallContext> =
            LazyLock::new(|| CallContext::root().with_deadline(Moment::default()));
        self.0.as_ref().and_then(|made| made.above.as_ref()).unwrap_or_else(|| &LENT)
    }
}

impl Drop for InboundContext {
    fn drop(&mut self) {
        leave(self.0.take());
    }
}

/// Leaves what a turn was called in to the next one on this thread.
#[inline]
fn leave(made: Option<Box<Made>>) {
    if let Some(mut made) = made
        && made.above.is_some()
    {
        made.clear();
        // A thread that ends keeps nothing.
        let _ = LEFT.try_with(|left| left.set(Some(made)));
    }
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

    /// The context of a turn of `service`, called from elsewhere in `caller`, which it is lent.
    #[inline]
    pub(crate) fn lent(service: ServiceId, caller: &mut InboundContext) -> Self {
        let deadline = caller.deadline;
        Self { deadline, caller: None, made: caller.0.take(), service: Some(service) }
    }

    /// The turn is over, and gives back what it was lent.
    #[inline]
    pub(crate) fn give_back(&mut self, caller: &mut InboundContext) {
        if let Some(mut made) = self.made.take() {
            made.clear();
            caller.0 = Some(made);
        }
    }

    /// The context of a task that goes on in a turn's own context.
    pub(super) fn resumed(own: Arc<CallContext>) -> Self {
        let deadline = own.deadline;
        let made = Box::new(Made { own: Some(own), ..Made::default() });
        Self { deadline, caller: None, made: Some(made), service: None }
    }

    /// The turn is over. Most contexts hold nothing by then, and to look for what is to be dropped
    /// piece by piece costs more than to ask.
    #[inline(always)] // so that what is only forgotten isn't handed over
    pub(crate) fn end(context: Option<Self>) {
        let is_light = |context: &Self| context.caller.is_none() && context.made.is_none();
        if context.as_ref().is_none_or(is_light) {
            forget(context);
        }
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
            let made_in = caller.as_deref().or(above.as_ref());
            let context = made_in.map_or_else(CallContext::root, CallContext::child);
            let mut context = context.with_deadline(*deadline);
            // It is the turn's, and its calls hand nothing over.
            context.marks.delivery = context.marks.hands.take();
            // From now on the turn's own context tells what the caller's did.
            context.marks.above = caller.take();
            if let Some(service) = *service {
                // Whoever admitted the call has looked at the hop limit.
                let _ = context.chain.push(service);
            }
            Arc::new(context)
        })
    }

    /// Whether a fallback has part in what the turn will answer.
    #[inline]
    pub(crate) fn is_degraded(&self) -> bool {
        let own = self.made.as_ref().and_then(|made| made.own.as_ref());
        own.is_some_and(|own| own.is_degraded())
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
        leave(self.made.take());
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
        let pay = id("turn-pay");
        let mut inbound = InboundContext::copied(&order);
        let mut first = TurnContext::lent(pay, &mut inbound);
        assert_eq!(inbound.deadline, Moment::default(), "what is lent is nobody's");
        let kept = Arc::clone(first.own());
        first.note_failed(TypeId::of::<u8>(), CallSite { service: pay, method: "m" });
        first.give_back(&mut inbound);
        drop(first);

        inbound.next(&user).clone_from(&user);
        let mut second = TurnContext::lent(pay, &mut inbound);
        assert_eq!(told(&mut second), (vec!["turn-user", "turn-pay"], None));
        assert_eq!(
            (second.deadline(), second.last_failed(TypeId::of::<u8>())),
            (user.deadline, None)
        );
        // It goes on, and the next one gets a copy.
        inbound.next(&order);
        let mut beside = TurnContext::lent(pay, &mut inbound);
        assert_eq!(told(&mut beside), (vec!["turn-order", "turn-pay"], Some("ada".into())));
        drop((second, beside));
        assert_eq!(told(&mut TurnContext::lent(pay, &mut InboundContext::copied(&user))).1, None);
        assert_eq!(kept.principal.as_deref(), Some("ada"));
        assert_eq!(kept.trace.trace, order.trace.trace);
    }
}
