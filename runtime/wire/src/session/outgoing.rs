//! The calls that this side has made: their ids, their credit, their deadlines, and who waits.

use std::task::Poll;

use crate::frame::CallId;
use crate::limits::MAX_WINDOW;
use crate::slots::Slots;
use crate::violation::Violation;
use seam_core::time::Moment;

/// The low bits of a call id are its place in the table, the others count calls: ids grow, and an
/// answer finds its call without a search.
const PLACE_BITS: u32 = 16;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

const _: () = assert!(MAX_WINDOW as u64 <= PLACE_MASK + 1, "a place must fit its bits");

#[derive(Debug)]
struct Slot<T> {
    /// The call. Its place is taken as long as the callee holds it or somebody waits for what comes of
    /// it; at a free place it is the last one's.
    id: CallId,
    held: bool,
    waited: bool,
    /// Whether the callee was told that nobody wants the answer.
    cancelled: bool,
    /// Who waits. It stays as it is, for who waits here next.
    waiting: T,
    deadline: Moment,
    /// Where the call's frame ends in the stream of bytes sent.
    end: u64,
}

impl<T: Default> Default for Slot<T> {
    fn default() -> Self {
        Self {
            id: CallId::default(),
            held: false,
            waited: false,
            cancelled: false,
            waiting: T::default(),
            deadline: Moment::NEVER,
            end: 0,
        }
    }
}

/// Where a call stands in the table.
const fn place(id: CallId) -> usize {
    (id.0 & PLACE_MASK) as usize
}

#[derive(Debug)]
pub(super) struct Outgoing<T> {
    slots: Slots<Slot<T>>,
    /// How many calls were ever numbered.
    count: u64,
    /// How many the callee holds.
    in_flight: u32,
    /// How many may be in flight.
    window: u32,
    /// No deadline is before this: a sweep before it would find nothing.
    next_expiry: Moment,
}

impl<T: Default> Outgoing<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Slots::new(), count: 0, in_flight: 0, window: 0, next_expiry: Moment::NEVER }
    }

    /// The last id given, or what it is to be.
    pub(super) const fn last(&self) -> CallId {
        CallId(self.count << PLACE_BITS)
    }

    pub(super) const fn go_on_after(&mut self, last: CallId) {
        self.count = last.0 >> PLACE_BITS;
    }

    pub(super) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Whether the callee holds no call, and nobody waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) const fn window(&self) -> u32 {
        self.window
    }

    pub(super) fn grant(&mut self, more: u32) -> Result<(), Violation> {
        let window = self.window.checked_add(more).filter(|w| *w <= MAX_WINDOW);
        self.window = window.ok_or(Violation::CreditOverflow)?;
        Ok(())
    }

    /// The id that the next call gets; `None` without credit, and while as many answers as the largest
    /// window has calls wait to be fetched.
    #[inline]
    pub(super) fn next_id(&self) -> Option<CallId> {
        let place = self.slots.next() as u64;
        if self.in_flight >= self.window || place > PLACE_MASK {
            return None;
        }
        Some(CallId((self.count + 1) << PLACE_BITS | place))
    }

    /// Keeps a call that was given [`Outgoing::next_id`]. Who waits is as left by the one before.
    #[inline]
    pub(super) fn insert(&mut self, id: CallId, deadline: Moment, end: u64) -> &mut T {
        debug_assert_eq!(self.next_id(), Some(id));
        self.count += 1;
        self.in_flight += 1;
        self.next_expiry = self.next_expiry.min(deadline);
        let slot = self.slots.take(place(id));
        slot.id = id;
        (slot.held, slot.waited, slot.cancelled) = (true, true, false);
        (slot.deadline, slot.end) = (deadline, end);
        &mut slot.waiting
    }

    /// The place of a call for which somebody waits.
    #[inline]
    fn waited(&mut self, id: CallId) -> Option<&mut Slot<T>> {
        self.slots.get(place(id)).filter(|slot| slot.id == id && slot.waited)
    }

    #[inline]
    pub(super) fn waiting(&mut self, id: CallId) -> Option<&mut T> {
        self.waited(id).map(|slot| &mut slot.waiting)
    }

    /// Looks at who waits for a call; that is over once `look` is ready.
    #[inline]
    pub(super) fn fetch<R>(
        &mut self,
        id: CallId,
        look: impl FnOnce(&mut T) -> Poll<R>,
    ) -> Option<Poll<R>> {
        let slot = self.waited(id)?;
        let looked = look(&mut slot.waiting);
        if looked.is_ready() {
            slot.waited = false;
            if !slot.held {
                self.slots.leave(place(id));
            }
        }
        Some(looked)
    }

    /// Nobody waits for this call any more; whether the callee holds it and is to be told.
    pub(super) fn abandon(&mut self, id: CallId, left: impl FnOnce(&mut T)) -> bool {
        let Some(slot) = self.waited(id) else { return false };
        left(&mut slot.waiting);
        slot.waited = false;
        let tell = slot.held && !slot.cancelled;
        slot.cancelled = true;
        if !slot.held {
            self.slots.leave(place(id));
        }
        tell
    }

    /// The answer to a call came: its credit is free again. Who waits for it, if somebody still does.
    #[inline]
    pub(super) fn answered(&mut self, id: CallId) -> Result<Option<&mut T>, Violation> {
        let slot = self.slots.get(place(id)).filter(|slot| slot.id == id && slot.held);
        let slot = slot.ok_or(Violation::NoSuchCall(id))?;
        slot.held = false;
        self.in_flight -= 1;
        if !slot.waited {
            self.slots.leave(place(id));
            return Ok(None);
        }
        Ok(self.slots.get(place(id)).map(|slot| &mut slot.waiting))
    }

    /// The calls after `last` will never be executed; those for which somebody waits.
    pub(super) fn refuse_after(&mut self, last: CallId) -> Vec<CallId> {
        let held = self.slots.slots().filter(|(_, slot)| slot.held && slot.id > last);
        let refused: Vec<_> = held.map(|(_, slot)| slot.id).collect();
        let mut waited = Vec::new();
        for id in refused {
            if let Ok(Some(_)) = self.answered(id) {
                waited.push(id);
            }
        }
        waited
    }

    pub(super) const fn next_expiry(&self) -> Moment {
        self.next_expiry
    }

    /// Hands out whoever waits for a call whose deadline has passed.
    pub(super) fn expire(&mut self, now: Moment, mut expired: impl FnMut(CallId, &mut T)) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = Moment::NEVER;
        for (_, slot) in self.slots.slots().filter(|(_, slot)| slot.held && !slot.cancelled) {
            if slot.deadline > now {
                self.next_expiry = self.next_expiry.min(slot.deadline);
            } else {
                slot.cancelled = true;
                expired(slot.id, &mut slot.waiting);
            }
        }
    }

    /// Gives memory back, if no place is taken.
    pub(super) fn shrink(&mut self) -> Vec<T> {
        self.slots.shrink().into_slots().map(|slot| slot.waiting).collect()
    }

    /// Takes out everybody who waits. Those whose call the callee was to hold come with whether all of
    /// it may have left; `sent` is how many bytes of the stream did.
    pub(super) fn close(&mut self, sent: u64) -> impl Iterator<Item = (CallId, T, Option<bool>)> {
        self.in_flight = 0;
        let slots = std::mem::replace(&mut self.slots, Slots::new()).into_slots();
        slots.filter(|slot| slot.waited).map(move |slot| {
            let maybe_sent = slot.held.then_some(slot.end <= sent);
            (slot.id, slot.waiting, maybe_sent)
        })
    }
}
