//! The context that a turn carries, light enough for every call.

use std::any::TypeId;
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
    /// What the turn made of it, once something has asked for that.
    made: Option<Box<Made>>,
    /// The service; `None` for a task that goes on in the turn's own context.
    service: Option<ServiceId>,
}

#[derive(Debug, Default)]
struct Made {
    /// The context in which the turn makes its calls.
    own: Option<Arc<CallContext>>,
    /// The calls that failed most recently in this turn, by type of error: what a `?` names.
    failed: Vec<(TypeId, CallSite)>,
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

    /// The context of a task that goes on in a turn's own context.
    pub(super) fn resumed(own: Arc<CallContext>) -> Self {
        let deadline = own.deadline;
        let made = Box::new(Made { own: Some(own), failed: Vec::new() });
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
        made.get_or_insert_default().own.get_or_insert_with(|| {
            let context = caller.as_deref().map_or_else(CallContext::root, CallContext::child);
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
