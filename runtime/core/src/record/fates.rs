//! What became of calls whose callers may not have heard of it, by their spans: so that a caller to whom the
//! outcome is unknown can ask for it.
//!
//! A call from another process leaves its caller's span here and how it ended, in one word; one from this
//! process only if nobody waited for its end. Each thread keeps its latest, and nobody waits.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Ended;
use crate::context::SpanId;
use crate::thread;

/// The first threads have a place each; all others share the last.
const THREADS: usize = 16;
/// So many calls each keeps, in 256 KiB: a second's worth of all that a thread can be sent.
const LENGTH: usize = 32_768;
/// The bits of a span that say how the call ended.
const ENDED: u64 = 3;

/// What became of a call that may have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It came to no answer: it didn't begin, or ended before its end.
    Failed,
    /// It ended with an error of its service.
    ServiceError,
    /// It was answered.
    Answered,
}

impl Fate {
    /// What a call that ended so has come to.
    pub const fn of(ended: Ended) -> Self {
        match ended {
            Ended::Answered => Self::Answered,
            Ended::ServiceError => Self::ServiceError,
            Ended::NotExecuted | Ended::Unknown => Self::Failed,
        }
    }

    const fn bits(self) -> u64 {
        match self {
            Self::Failed => 1,
            Self::ServiceError => 2,
            Self::Answered => 3,
        }
    }

    const fn of_bits(bits: u64) -> Option<Self> {
        match bits {
            1 => Some(Self::Failed),
            2 => Some(Self::ServiceError),
            3 => Some(Self::Answered),
            _ => None,
        }
    }
}

/// What became of calls, by thread.
#[derive(Default)]
pub struct Fates([OnceLock<Box<Latest>>; THREADS]);

struct Latest {
    words: Box<[AtomicU64]>,
    next: AtomicUsize,
}

impl Default for Latest {
    fn default() -> Self {
        let words = (0..LENGTH).map(|_| AtomicU64::new(0)).collect();
        Self { words, next: AtomicUsize::new(0) }
    }
}

impl Fates {
    /// Keeps what became of the call of that span.
    #[inline]
    pub fn keep(&self, span: SpanId, fate: Fate) {
        let number = thread::number();
        let latest = self.0[number.min(THREADS - 1)].get_or_init(Box::default);
        let next = if number < THREADS - 1 {
            let next = latest.next.load(Ordering::Relaxed);
            latest.next.store(next.wrapping_add(1), Ordering::Relaxed);
            next
        } else {
            latest.next.fetch_add(1, Ordering::Relaxed)
        };
        // A word is written whole, and whoever reads it needs nothing else.
        latest.words[next % LENGTH].store(span.0 & !ENDED | fate.bits(), Ordering::Relaxed);
    }

    /// What became of those, as far as it is kept; of a call that was tried more than once, the best.
    pub fn look(&self, spans: &HashSet<SpanId>) -> HashMap<SpanId, Fate> {
        let wanted: HashMap<u64, SpanId> =
            spans.iter().map(|span| (span.0 & !ENDED, *span)).collect();
        let mut found = HashMap::new();
        if wanted.is_empty() {
            return found;
        }
        let all = self.0.iter().filter_map(OnceLock::get);
        for word in all.flat_map(|latest| latest.words.iter()) {
            let word = word.load(Ordering::Relaxed);
            if let Some(fate) = Fate::of_bits(word & ENDED)
                && let Some(span) = wanted.get(&(word & !ENDED))
            {
                found
                    .entry(*span)
                    .and_modify(|known: &mut Fate| *known = fate.max(*known))
                    .or_insert(fate);
            }
        }
        found
    }
}

impl fmt::Debug for Fates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_call_is_found_by_its_span() {
        let fates = Fates::default();
        let spans: Vec<_> = (0..4).map(|_| SpanId::random()).collect();
        fates.keep(spans[0], Fate::Answered);
        fates.keep(spans[0], Fate::Failed);
        fates.keep(spans[1], Fate::ServiceError);
        fates.keep(spans[2], Fate::Failed);
        fates.keep(SpanId::NONE, Fate::Answered);
        let found = fates.look(&spans.iter().copied().chain([SpanId(1 << 40)]).collect());
        let all = [Fate::Answered, Fate::ServiceError, Fate::Failed];
        assert_eq!(found.len(), 3);
        assert!(all.iter().zip(&spans).all(|(fate, span)| found[span] == *fate), "{found:?}");
        assert!(fates.look(&HashSet::<SpanId>::new()).is_empty());
    }

    #[test]
    fn the_oldest_make_room_and_threads_dont_mind_each_other() {
        let fates = Fates::default();
        let first = SpanId::random();
        fates.keep(first, Fate::Answered);
        std::thread::scope(|scope| {
            for _ in 0..20 {
                let mine: Vec<_> = (0..500).map(|_| SpanId::random()).collect();
                let fates = &fates;
                scope.spawn(move || {
                    mine.iter().for_each(|span| fates.keep(*span, Fate::ServiceError));
                    assert_eq!(fates.look(&mine.iter().copied().collect()).len(), mine.len());
                });
            }
        });
        assert_eq!(fates.look(&HashSet::from([first])).len(), 1);
        (0..LENGTH).for_each(|_| fates.keep(SpanId::random(), Fate::Failed));
        assert!(fates.look(&HashSet::from([first])).is_empty());
    }
}
