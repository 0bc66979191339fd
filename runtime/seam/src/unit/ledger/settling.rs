//! How calls are settled: the same one of an idempotent method was made again, and answered.

use seam_core::context::SpanId;
use seam_core::record::Repeat;
use seam_telemetry::ledger::Found;
use serde_json::Value as Json;

use super::ask::told;
use super::keeping::{ARGUMENTS, Kept, WAITING, span};

impl Kept {
    /// A call was answered: those that are the same are settled.
    pub(super) fn repeated(&self, repeat: &Repeat<'_>) {
        let callee = (repeat.service.bare(), repeat.method);
        if !self.same.read().has(callee.0, callee.1) {
            return;
        }
        let json = (repeat.arguments)().filter(|json| json.len() <= ARGUMENTS);
        let Some(json) = json.and_then(|json| serde_json::from_slice::<Json>(&json).ok()) else {
            return;
        };
        let found = told(repeat.fate);
        let settled: Vec<_> = self.same.read().of(callee, &json).to_vec();
        let settled: Vec<_> = settled.into_iter().map(|id| (SpanId(id), found)).collect();
        if settled.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock();
        if waiting.settled.len() + settled.len() > WAITING {
            // The next one settles them.
            return;
        }
        waiting.settled.extend(&settled);
        drop(waiting);
        self.forget(settled.iter().map(|(span, _)| *span));
        self.seeks.lock().found(&settled);
        self.woken.notify_one();
    }

    /// What became of calls is known, or nobody wants to know any more.
    pub(super) fn forget(&self, spans: impl Iterator<Item = SpanId>) {
        let mut same = self.same.write();
        spans.for_each(|span| same.remove(span.0));
        self.recorder.repeats().want(!same.is_empty());
    }

    /// The same for one that was made by hand, and not here.
    pub(super) fn settle(&self, id: &str, found: Found) -> bool {
        let mut written = self.written.lock();
        self.write_with(&mut written, Vec::new());
        let changed: Vec<_> = written.book.settle(id, found).into_iter().collect();
        let is_news = !changed.is_empty();
        self.forget(span(id).into_iter());
        self.write_with(&mut written, changed);
        is_news
    }
}
