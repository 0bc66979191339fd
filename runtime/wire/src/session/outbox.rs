//! What waits to be sent, and how much of the stream was.

/// Bytes on their way out. The driver swaps them out in batches: one lock, one write.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) bytes: Vec<u8>,
    /// Bytes of the stream that were swapped out before.
    taken: u64,
}

impl Outbox {
    /// Where the stream ends by now.
    #[inline]
    pub(super) const fn end(&self) -> u64 {
        self.taken + self.bytes.len() as u64
    }

    pub(super) fn take(&mut self, batch: &mut Vec<u8>) {
        debug_assert!(batch.is_empty());
        self.taken += self.bytes.len() as u64;
        std::mem::swap(&mut self.bytes, batch);
    }

    pub(super) fn shrink(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }

    /// How much of the stream was sent, when `unsent` bytes of the last batch weren't.
    pub(super) const fn sent(&self, unsent: usize) -> u64 {
        self.taken.saturating_sub(unsent as u64)
    }
}
