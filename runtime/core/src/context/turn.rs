//! The context that a turn carries, light enough for every call.

use std::any::TypeId;
use std::cell::Cell;
use std::mem::forget;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use super::{CallContext, CallSite, Delivery, SpanId, Spot, TraceContext, TraceId};
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
    /// Where the method's name is: half as much to store as the name. `None` as above.
    method: Option<&'static &'static str>,
    /// The turn's span, once something has asked for it.
    span: SpanId,
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
    /// The context of a turn of that method of `service`, called in `caller`.
    #[inline]
    pub const fn new(
        service: ServiceId,
        method: &'static &'static str,
        deadline: Moment,
        caller: Option<Arc<CallContext>>,
    ) -> Self {
        let (service, method) = (Some(service), Some(method));
        Self { deadline, caller, made: None, service, method, span: SpanId::NONE }
    }

    /// The context of a turn of that method of `service`, called from elsewhere in `caller`, which it
    /// is lent.
    #[inline]
    pub(crate) fn lent(
        service: ServiceId,
        method: &'static &'static str,
        caller: &mut InboundContext,
    ) -> Self {
        let deadline = caller.deadline;
        let made = caller.0.take();
        let (service, method) = (Some(service), Some(method));
        Self { deadline, caller: None, made, service, method, span: SpanId::NONE }
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
        let span = own.trace.span;
        let made = Box::new(Made { own: Some(own), ..Made::default() });
        Self { deadline, caller: None, made: Some(made), service: None, method: None, span }
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
        let Self { made, caller, deadline, service, method, span } = self;
        let Made { above, own, .. } = &mut **made.get_or_insert_default();
        own.get_or_insert_with(|| {
            let mut context = match caller.as_deref().or(above.as_ref()) {
                Some(made_in) => {
                    let mut context = made_in.child();
                    context.marks.parent = made_in.trace.span;
                    context
                }
                None => CallContext::beginning(TraceContext::first()),
            };
            match span.some() {
                Some(span) => context.trace.span = span,
                None => *span = context.trace.span,
            }
            context.deadline = *deadline;
            // It is the turn's, and its calls hand nothing over.
            if let Some(rare) = &mut context.marks.rare {
                rare.delivery = rare.hands.take();
            }
            // From now on the turn's own context tells what the caller's did.
            context.marks.above = caller.take();
            context.marks.method = *method;
            if let Some(service) = *service {
                // Whoever admitted the call has looked at the hop limit.
                let _ = context.chain.push(service);
            }
            Arc::new(context)
        })
    }

    /// Which service and method the turn is of; of a task, those of the turn that it goes on in.
    pub(super) fn site(&self) -> Option<CallSite> {
        if let (Some(service), Some(method)) = (self.service, self.method) {
            return Some(CallSite { service, method });
        }
        let own = self.made.as_ref()?.own.as_ref()?;
        Some(CallSite { service: own.chain.iter().last()?, method: own.marks.method? })
    }

    /// What the turn was called in, as far as that is known.
    #[inline]
    fn above(&self) -> Option<&TraceContext> {
        match &self.caller {
            Some(caller) => Some(&caller.trace),
            None => {
                let made = self.made.as_deref()?;
                let own = made.own.as_deref().map(|own| &own.trace);
                made.above.as_ref().map(|above| &above.trace).or(own)
            }
        }
    }

    /// Whether somebody records the trace.
    #[inline]
    pub(crate) fn is_sampled(&self) -> bool {
        self.above().is_some_and(|above| above.sampled)
    }

    /// Where the turn stands in its trace, from now on.
    pub(crate) fn spot(&mut self) -> Spot {
        if self.span == SpanId::NONE {
            self.span = SpanId::random();
        }
        if let Some(own) = self.made.as_ref().and_then(|made| made.own.as_ref()) {
            let TraceContext { trace, span, sampled } = own.trace;
            return Spot { trace, span, parent: own.marks.parent, sampled };
        }
        let span = self.span;
        let Self { caller, made, .. } = self;
        let above = match caller {
            Some(caller) => &caller.trace,
            // A trace that begins here stays the same one.
            None => {
                let above = &mut made.get_or_insert_default().above;
                &above.get_or_insert_with(CallContext::root).trace
            }
        };
        Spot::within(above, span)
    }

    /// What began the turn, in another trace.
    pub(crate) fn link(&self) -> Option<(TraceId, SpanId)> {
        let made = self.made.as_deref();
        if let Some(own) = made.and_then(|made| made.own.as_deref()) {
            let origin = own.delivery().and_then(Delivery::origin)?;
            return Some((origin.trace, origin.span));
        }
        let above = self.caller.as_deref().or_else(|| made?.above.as_ref());
        above.and_then(CallContext::origin)
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
        let mut first = TurnContext::lent(pay, &"m", &mut inbound);
        assert_eq!(inbound.deadline, Moment::default(), "what is lent is nobody's");
        let kept = Arc::clone(first.own());
        first.note_failed(TypeId::of::<u8>(), CallSite { service: pay, method: "m" });
        first.give_back(&mut inbound);
        drop(first);

        inbound.next(&user).clone_from(&user);
        let mut second = TurnContext::lent(pay, &"m", &mut inbound);
        assert_eq!(told(&mut second), (vec!["turn-user", "turn-pay"], None));
        assert_eq!(
            (second.deadline(), second.last_failed(TypeId::of::<u8>())),
            (user.deadline, None)
        );
        // It goes on, and the next one gets a copy.
        inbound.next(&order);
        let mut beside = TurnContext::lent(pay, &"m", &mut inbound);
        assert_eq!(told(&mut beside), (vec!["turn-order", "turn-pay"], Some("ada".into())));
        drop((second, beside));
        assert_eq!(
            told(&mut TurnContext::lent(pay, &"m", &mut InboundContext::copied(&user))).1,
            None
        );
        assert_eq!(kept.principal.as_deref(), Some("ada"));
        assert_eq!(kept.trace.trace, order.trace.trace);
    }
}
