//! Which process has served a call, for who made it and wants to know.

use std::sync::Arc;

use parking_lot::Mutex;

use super::CallContext;

/// Where a call went: set by whoever carries it, at each attempt.
#[derive(Debug, Default)]
pub struct ServedBy(Mutex<Place>);

#[derive(Debug, Default)]
enum Place {
    /// It hasn't left this process.
    #[default]
    Here,
    /// To an instance of that name, if whoever carries it knows one.
    Elsewhere(Option<Arc<str>>),
}

impl ServedBy {
    /// The call leaves, nobody knows yet to whom.
    pub(crate) fn leave(&self) {
        *self.0.lock() = Place::Elsewhere(None);
    }

    /// The call goes to that instance.
    pub fn set(&self, instance: &Arc<str>) {
        *self.0.lock() = Place::Elsewhere(Some(Arc::clone(instance)));
    }

    /// Which instance it was: `here` if the call didn't leave; `None` if nobody knows.
    pub fn or_here(&self, here: &Arc<str>) -> Option<Arc<str>> {
        match &*self.0.lock() {
            Place::Here => Some(Arc::clone(here)),
            Place::Elsewhere(instance) => instance.clone(),
        }
    }
}

impl CallContext {
    /// The context of a call of which `by` is told where it went. The calls that its turn makes aren't
    /// told of.
    #[must_use]
    pub fn telling(mut self, by: Arc<ServedBy>) -> Self {
        self.marks.served_by = Some(by);
        self
    }

    /// Who is told where the call goes that is made in this context.
    pub fn served_by(&self) -> Option<&Arc<ServedBy>> {
        self.marks.served_by.as_ref()
    }
}
