//! The calls that this side has made: their ids, their credit, their deadlines.

use crate::frame::CallId;
use crate::limits::MAX_WINDOW;
use crate::places::Places;
use crate::violation::Violation;
use seam_core::time::Moment;

/// The low bits of a call id are its place in the table, the others count calls: ids grow, and an
/// answer finds its call without a search.
const PLACE_BITS: u32 = 16;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

const _: () = assert!(MAX_WINDOW as u64 <= PLACE_MASK + 1, "a place must fit its bits");

/// No call has it: ids begin with the first count.
const NO_CALL: CallId = CallId(0);

#[derive(Debug)]
struct Slot<T> {
    /// The call, or [`NO_CALL`].
    id: CallId,
    /// Who waits; `None` once nobody does. The slot stays until the answer comes, for the callee
    /// still holds the call.
    waiting: Option<T>,
    deadline: Moment,
    /// Where the call's frame ends in the stream of bytes sent.
    end: u64,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { id: NO_CALL, waiting: None, deadline: Moment::NEVER, end: 0 }
    }
}

/// Where a call stands in the table.
const fn place(id: CallId) -> usize {
    (id.0 & PLACE_MASK) as usize
}

#[derive(Debug)]
pub(super) struct Outgoing<T> {
    slots: Places<Slot<T>>,
    /// How many calls were ever numbered.
    count: u64,
    /// How many may be in flight.
    window: u32,
    /// No deadline is before this: a sweep before it would find nothing.
    next_expiry: Moment,
}

impl<T> Outgoing<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Places::new(), count: 0, window: 0, next_expiry: Moment::NEVER }
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.slots.len()
    }

    pub(super) const fn window(&self) -> u32 {
        self.window
    }

    pub(super) fn grant(&mut self, more: u32) -> Result<(), Violation> {
        let window = self.window.checked_add(more).filter(|w| *w <= MAX_WINDOW);
        self.window = window.ok_or(Violation::CreditOverflow)?;
        Ok(())
    }

    /// The id that the next call gets; `None` without credit.
    #[inline]
    pub(super) fn next_id(&self) -> Option<CallId> {
        if self.slots.len() >= self.window as usize {
            return None;
        }
        Some(CallId((self.count + 1) << PLACE_BITS | self.slots.next() as u64))
    }

    /// Keeps a call that was given [`Outgoing::next_id`].
    #[inline]
    pub(super) fn insert(&mut self, id: CallId, waiting: T, deadline: Moment, end: u64) {
        debug_assert_eq!(self.next_id(), Some(id));
        self.count += 1;
        let slot = self.slots.take(place(id));
        slot.id = id;
        slot.waiting = Some(waiting);
        slot.deadline = deadline;
        slot.end = end;
        self.next_expiry = self.next_expiry.min(deadline);
    }

    fn slot(&mut self, id: CallId) -> Option<&mut Slot<T>> {
        self.slots.get(place(id)).filter(|slot| slot.id == id && id != NO_CALL)
    }

    pub(super) fn waiting(&mut self, id: CallId) -> Option<&mut T> {
        self.slot(id)?.waiting.as_mut()
    }

    /// Nobody waits for this call any more.
    pub(super) fn abandon(&mut self, id: CallId) -> Option<T> {
        let slot = self.slot(id)?;
        slot.deadline = Moment::NEVER;
        slot.waiting.take()
    }

    /// The answer to a call came: its credit is free again.
    #[inline]
    pub(super) fn answered(&mut self, id: CallId) -> Result<Option<T>, Violation> {
        let slot = self.slot(id).ok_or(Violation::NoSuchCall(id))?;
        slot.id = NO_CALL;
        let waiting = slot.waiting.take();
        self.slots.leave(place(id));
        Ok(waiting)
    }

    /// Takes out whoever waits for a call after `last`: it will never be executed.
    pub(super) fn refuse_after(&mut self, last: CallId) -> Vec<T> {
        let mut refused = Vec::new();
        let mut places = Vec::new();
        for (place, slot) in self.slots.slots().filter(|(_, slot)| slot.id > last) {
            slot.id = NO_CALL;
            refused.extend(slot.waiting.take());
            places.push(place);
        }
        places.into_iter().for_each(|place| self.slots.leave(place));
        refused
    }

    pub(super) const fn next_expiry(&self) -> Moment {
        self.next_expiry
    }

    /// Takes out whoever waits for a call whose deadline has passed.
    pub(super) fn expire(&mut self, now: Moment, mut expired: impl FnMut(CallId, T)) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = Moment::NEVER;
        for (_, slot) in self.slots.slots().filter(|(_, slot)| slot.id != NO_CALL) {
            if slot.deadline > now {
                self.next_expiry = self.next_expiry.min(slot.deadline);
            } else if let Some(waiting) = slot.waiting.take() {
                slot.deadline = Moment::NEVER;
                expired(slot.id, waiting);
            }
        }
    }

    pub(super) fn shrink(&mut self) {
        drop(self.slots.shrink());
    }

    /// Takes out everybody, with whether the whole call may have left; `sent` is how many bytes of
    /// the stream did.
    pub(super) fn close(&mut self, sent: u64) -> impl Iterator<Item = (T, bool)> + '_ {
        let slots = std::mem::replace(&mut self.slots, Places::new());
        slots.into_slots().filter_map(move |slot| Some((slot.waiting?, slot.end <= sent)))
    }
}
