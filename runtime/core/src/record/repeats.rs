//! Answers to calls that were made before, and whose outcome was unknown then.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Fate;
use crate::name::ServiceId;

/// Is told of an answer.
pub(crate) type Tell = dyn Fn(&Repeat<'_>) + Send + Sync;

/// Who is told that calls of idempotent methods are answered, while that is of interest.
#[derive(Default)]
pub struct Repeats {
    /// Whether it is. Read with each answer to such a call from another unit; nothing else depends on it.
    wanted: AtomicBool,
    tell: OnceLock<Box<Tell>>,
}

/// A call of an idempotent method that was answered.
pub struct Repeat<'a> {
    /// The service.
    pub service: ServiceId,
    /// The method.
    pub method: &'static str,
    /// How it ended: with an answer, or an error of the service.
    pub fate: Fate,
    /// Its arguments as JSON, as they are shown; `None` if JSON can't say them.
    pub arguments: &'a dyn Fn() -> Option<Box<[u8]>>,
}

impl Repeats {
    /// `tell` is told, on the threads of calls, of answers while they are [wanted](Self::want).
    pub fn tell_by(&self, tell: impl Fn(&Repeat<'_>) + Send + Sync + 'static) {
        // A unit has one ledger.
        let _ = self.tell.set(Box::new(tell));
    }

    /// Whether answers are of interest from now on: at first they aren't.
    pub fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
    }

    /// Who is to be told of an answer, if anybody.
    #[inline]
    pub(crate) fn told(&self) -> Option<&Tell> {
        if self.wanted.load(Ordering::Relaxed) { self.tell.get().map(|tell| &**tell) } else { None }
    }
}

impl fmt::Debug for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repeats").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl fmt::Debug for Repeat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments aren't for logs.
        write!(f, "Repeat({}.{}, {:?})", self.service, self.method, self.fate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_of_while_they_are_wanted() {
        let repeats = Repeats::default();
        repeats.want(true);
        assert!(repeats.told().is_none(), "there is nobody to be told");
        repeats.tell_by(|_| ());
        assert!(repeats.told().is_some());
        repeats.want(false);
        assert!(repeats.told().is_none());
    }
}
