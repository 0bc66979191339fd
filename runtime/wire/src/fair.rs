//! How much a connection takes before others on its thread have their turn.

/// After so many frames, they have it.
const FRAMES: u32 = 1_024;

/// The frames taken since others had their turn.
///
/// A peer may send without end what needs no answer: pings, credits, frames of kinds that are
/// skipped. Nothing of it waits for anybody, so without this a connection would never pause.
#[derive(Debug, Default)]
pub(crate) struct Fairness {
    taken: u32,
}

impl Fairness {
    /// A frame was taken.
    #[inline]
    pub(crate) const fn take(&mut self) {
        self.taken += 1;
    }

    /// Whether others are to have their turn.
    #[inline]
    pub(crate) const fn is_due(&self) -> bool {
        self.taken >= FRAMES
    }

    /// Others have their turn now.
    pub(crate) const fn give(&mut self) {
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_have_their_turn_after_so_many_frames() {
        let mut fairness = Fairness::default();
        for _ in 0..2 {
            (1..FRAMES).for_each(|_| fairness.take());
            assert!(!fairness.is_due());
            fairness.take();
            assert!(fairness.is_due());
            fairness.give();
        }
    }
}
