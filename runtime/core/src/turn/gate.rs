//! Who is in: one word per host, so that entering a free service is one compare-and-swap.

#[cfg(seam_loom)]
use loom::sync::atomic::{AtomicU32, Ordering};
#[cfg(not(seam_loom))]
use std::sync::atomic::{AtomicU32, Ordering};

/// An exclusive turn is in.
const EXCLUSIVE: u32 = 1 << 31;
/// Calls wait in the line: only the pump lets turns in, in their order.
const LINE: u32 = 1 << 30;
/// There is no actor, or a discarded one: nobody enters.
const SHUT: u32 = 1 << 29;
/// Somebody looks at the actor who is no call: beside shared turns, and not counted.
const GUEST: u32 = 1 << 28;
/// How many turns are in.
const COUNT: u32 = GUEST - 1;

/// The gate of a host.
#[derive(Debug)]
pub(super) struct Gate(AtomicU32);

/// Who may wait for a turn that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// The pump: calls are in line.
    pub(super) line: bool,
    /// The keeper: the gate is shut.
    pub(super) shut: bool,
}

/// Why a turn may not enter at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Somebody is in whom it can't share with, or others wait: get in line.
    Busy,
    /// As many turns are in as the mailbox holds.
    Full,
}

impl Gate {
    /// A gate that is shut.
    pub(super) fn shut() -> Self {
        Self(AtomicU32::new(SHUT | LINE))
    }

    /// Opens a shut gate: to all, or with `line` to the pump alone.
    pub(super) fn open(&self, line: bool) {
        if line {
            self.form_line();
        } else {
            self.end_line();
        }
        self.0.fetch_and(!SHUT, Ordering::AcqRel);
    }

    /// Enters behind a shut gate, once nobody is there. To be left with
    /// [`Gate::leave_as_keeper`].
    pub(super) fn enter_as_keeper(&self) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & SHUT != 0 && word & (EXCLUSIVE | GUEST | COUNT) == 0 {
            let next = word | EXCLUSIVE;
            match self.0.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// The keeper leaves.
    pub(super) fn leave_as_keeper(&self) {
        self.0.fetch_and(!EXCLUSIVE, Ordering::Release);
    }

    /// Enters past an empty line.
    #[inline]
    pub(super) fn enter(&self, exclusive: bool, capacity: u32) -> Result<(), Refused> {
        if exclusive { self.enter_exclusive(capacity) } else { self.enter_shared(capacity) }
    }

    #[inline]
    fn enter_exclusive(&self, capacity: u32) -> Result<(), Refused> {
        let entered =
            self.0.compare_exchange(0, EXCLUSIVE | 1, Ordering::Acquire, Ordering::Relaxed);
        match entered {
            Ok(_) => Ok(()),
            Err(word) if word & (LINE | SHUT) == 0 && word & COUNT >= capacity => {
                Err(Refused::Full)
            }
            Err(_) => Err(Refused::Busy),
        }
    }

    #[inline]
    fn enter_shared(&self, capacity: u32) -> Result<(), Refused> {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & (LINE | SHUT) != 0 {
                return Err(Refused::Busy);
            }
            if word & COUNT >= capacity {
                return Err(Refused::Full);
            }
            if word & EXCLUSIVE != 0 {
                return Err(Refused::Busy);
            }
            match self.0.compare_exchange_weak(word, word + 1, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Enters from the head of the line; called by the pump alone.
    pub(super) fn enter_from_line(&self, exclusive: bool) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let others = if exclusive { COUNT | GUEST } else { EXCLUSIVE };
            if word & (others | SHUT) != 0 {
                return false;
            }
            let next = if exclusive { word | EXCLUSIVE | 1 } else { word + 1 };
            match self.0.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Enters beside shared turns without counting as a call; one guest at a time.
    pub(super) fn enter_as_guest(&self) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & (EXCLUSIVE | SHUT | GUEST) == 0 {
            let entered = word | GUEST;
            match self.0.compare_exchange_weak(word, entered, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// The guest leaves; says as [`Gate::leave`] does.
    pub(super) fn leave_as_guest(&self) -> Option<Left> {
        Self::left(self.0.fetch_and(!GUEST, Ordering::AcqRel))
    }

    /// Leaves if nobody can be waiting for that; says whether.
    #[inline]
    pub(super) fn leave_unnoticed(&self, exclusive: bool) -> bool {
        let taken = if exclusive { EXCLUSIVE | 1 } else { 1 };
        let mut word = self.0.load(Ordering::Relaxed);
        while word & (LINE | SHUT) == 0 {
            let next = word - taken;
            match self.0.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Leaves; says who may be waiting for that, if anybody.
    #[inline]
    pub(super) fn leave(&self, exclusive: bool) -> Option<Left> {
        let taken = if exclusive { EXCLUSIVE | 1 } else { 1 };
        Self::left(self.0.fetch_sub(taken, Ordering::AcqRel))
    }

    #[inline]
    fn left(word: u32) -> Option<Left> {
        let left = Left { line: word & LINE != 0, shut: word & SHUT != 0 };
        (word & (LINE | SHUT) != 0).then_some(left)
    }

    /// Sends everybody to the line, and says how many are in.
    pub(super) fn form_line(&self) -> u32 {
        self.0.fetch_or(LINE, Ordering::AcqRel) & COUNT
    }

    /// Lets turns enter past the line again, which is empty.
    pub(super) fn end_line(&self) {
        self.0.fetch_and(!LINE, Ordering::AcqRel);
    }

    /// Lets nobody enter any more; `true` if the gate was open before.
    pub(super) fn shut_down(&self) -> bool {
        self.0.fetch_or(SHUT, Ordering::AcqRel) & SHUT == 0
    }

    /// Whether the gate is shut, and everybody has left.
    pub(super) fn is_deserted(&self) -> bool {
        let word = self.0.load(Ordering::Acquire);
        word & SHUT != 0 && word & (COUNT | GUEST) == 0
    }

    /// Whether nobody is in.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Acquire) & (EXCLUSIVE | GUEST | COUNT) == 0
    }

    /// How many turns are in.
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire) & COUNT
    }
}

#[cfg(all(test, seam_loom))]
mod models;

#[cfg(all(test, not(seam_loom)))]
mod tests {
    use super::*;

    fn open() -> Gate {
        let gate = Gate::shut();
        gate.open(false);
        gate
    }

    #[test]
    fn an_exclusive_turn_is_alone() {
        let gate = open();
        gate.enter(true, 9).unwrap();
        assert_eq!(gate.enter(false, 9), Err(Refused::Busy));
        assert_eq!(gate.enter(true, 9), Err(Refused::Busy));
        assert_eq!(gate.leave(true), None);
        gate.enter(false, 9).unwrap();
        gate.enter(false, 9).unwrap();
        assert_eq!(gate.enter(true, 9), Err(Refused::Busy));
    }

    #[test]
    fn the_gate_counts_to_its_capacity() {
        let gate = open();
        gate.enter(false, 2).unwrap();
        gate.enter(false, 2).unwrap();
        assert_eq!(gate.enter(false, 2), Err(Refused::Full));
        assert_eq!(gate.enter(true, 2), Err(Refused::Full));
        gate.leave(false);
        gate.enter(false, 2).unwrap();
    }

    #[test]
    fn a_guest_takes_no_room_and_is_waited_for() {
        let gate = open();
        assert!(gate.enter_as_guest());
        assert!(!gate.enter_as_guest(), "one at a time");
        gate.enter(false, 1).unwrap();
        assert_eq!(gate.count(), 1);
        gate.leave(false);
        assert_eq!(gate.enter(true, 1), Err(Refused::Busy), "it would share with the guest");
        gate.form_line();
        assert!(!gate.enter_from_line(true));
        assert_eq!(gate.leave_as_guest(), Some(Left { line: true, shut: false }));
        assert!(gate.enter_from_line(true));
        assert!(!gate.enter_as_guest(), "an exclusive turn is alone");
    }

    #[test]
    fn nobody_passes_a_line() {
        let gate = open();
        gate.enter(false, 9).unwrap();
        assert_eq!(gate.form_line(), 1);
        assert_eq!(gate.enter(false, 9), Err(Refused::Busy));
        assert!(!gate.enter_from_line(true), "a shared turn is still in");
        assert_eq!(gate.leave(false), Some(Left { line: true, shut: false }));
        assert!(gate.enter_from_line(true));
        assert!(!gate.enter_from_line(false));
        assert!(gate.leave(true).is_some());
        gate.end_line();
        gate.enter(true, 9).unwrap();
    }

    #[test]
    fn a_shut_gate_waits_for_who_is_in() {
        let gate = open();
        gate.enter(false, 9).unwrap();
        assert!(gate.shut_down());
        assert!(!gate.shut_down());
        assert_eq!(gate.enter(true, 9), Err(Refused::Busy));
        assert_eq!(gate.enter(false, 9), Err(Refused::Busy));
        assert!(!gate.enter_from_line(false));
        assert!(!gate.is_deserted());
        assert_eq!(gate.leave(false), Some(Left { line: false, shut: true }));
        assert!(gate.is_deserted());
        gate.open(true);
        assert!(gate.enter_from_line(false));
    }
}
