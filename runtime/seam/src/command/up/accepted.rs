//! The config that holds: `up` alone reads the file, and each process that it starts is given this.

use std::{cell::RefCell, rc::Rc};

use crate::config::Source;

/// The config that was accepted last, which the file may have left behind. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::command) struct Accepted(Rc<RefCell<Source>>);

impl Accepted {
    /// A config whose text has passed every check.
    pub(in crate::command) fn new(source: Source) -> Self {
        Self(Rc::new(RefCell::new(source)))
    }

    /// Its text, for a process that is started now.
    pub(super) fn source(&self) -> Source {
        self.0.borrow().clone()
    }

    /// Another one is accepted.
    pub(super) fn set(&self, source: Source) {
        *self.0.borrow_mut() = source;
    }
}
