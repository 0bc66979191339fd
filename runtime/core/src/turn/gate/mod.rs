//! Who is in: one word per host, so that entering a free service is one compare-and-swap; and small
//! gates beside it, once threads meet at that word.

mod readers;

use std::sync::OnceLock;

#[cfg(seam_loom)]
use loom::sync::atomic::{AtomicU32, Ordering};
#[cfg(not(seam_loom))]
use std::sync::atomic::{AtomicU32, Ordering};

use self::readers::{Barred, Readers};

/// An exclusive turn is in.
const EXCLUSIVE: u32 = 1 << 31;
/// Calls wait in the line: only the pump lets turns in, in their order.
const LINE: u32 = 1 << 30;
/// There is no actor, or a discarded one: nobody enters.
const SHUT: u32 = 1 << 29;
/// Somebody looks at the actor who is no call: beside shared turns, and not counted.
const OBSERVER: u32 = 1 << 28;
/// The reader counters are open: shared turns enter there, and nobody by the gate.
const OPEN: u32 = 1 << 27;
/// Somebody may still be in by a reader counter: nobody is in alone.
const READERS: u32 = 1 << 26;
/// How many turns are in by the gate itself.
const COUNT: u32 = READERS - 1;

/// Threads that met at the gate so often, with no line since, get reader counters. Opening costs as
/// much as a few dozen such meetings.
const CROWD: u32 = if cfg!(seam_loom) { 1 } else { 64 };

/// The gate of a host.
///
/// Whatever opens reader counters, closes them or ends their use is called under one lock, that of
/// the host's line: `open`, `open_readers`, `close_readers`, `form_line`, `end_line`,
/// `enter_from_line` and `shut_down`. Who is in alone needs no lock for the last: beside it there
/// are no reader counters.
#[derive(Debug)]
pub(super) struct Gate {
    word: AtomicU32,
    /// How often threads met since there was a line.
    met: AtomicU32,
    /// Made when they are first opened.
    readers: OnceLock<Readers>,
}

/// How a turn came in, and so how it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// By the gate, to be alone.
    Alone,
    /// By the gate, beside other shared turns.
    Beside,
    /// By that reader counter, beside other shared turns.
    Reader(u8),
}

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
    /// Reader counters are to be opened first, for so many threads meet here; or, for an exclusive
    /// turn, to be closed.
    Crowded,
}

impl Gate {
    /// A gate that is shut.
    pub(super) fn shut() -> Self {
        let word = AtomicU32::new(SHUT | LINE);
        Self { word, met: AtomicU32::new(0), readers: OnceLock::new() }
    }

    /// Opens a shut gate: to all, or with `line` to the pump alone.
    pub(super) fn open(&self, line: bool) {
        if line {
            self.form_line();
        } else {
            self.end_line();
        }
        self.word.fetch_and(!SHUT, Ordering::AcqRel);
    }

    /// Enters past an empty line.
    #[inline(always)] // on the way of every call, and a few instructions of it
    pub(super) fn enter(&self, exclusive: bool, capacity: u32) -> Result<Pass, Refused> {
        if exclusive { self.enter_alone(capacity) } else { self.enter_beside(capacity) }
    }

    #[inline(always)]
    fn enter_alone(&self, capacity: u32) -> Result<Pass, Refused> {
        let entered =
            self.word.compare_exchange(0, EXCLUSIVE | 1, Ordering::Acquire, Ordering::Relaxed);
        match entered {
            Ok(_) => Ok(Pass::Alone),
            Err(word) if word & (LINE | SHUT) != 0 => Err(Refused::Busy),
            Err(word) if word & READERS != 0 => Err(Refused::Crowded),
            Err(word) if word & COUNT >= capacity => Err(Refused::Full),
            Err(_) => Err(Refused::Busy),
        }
    }

    #[inline(always)]
    fn enter_beside(&self, capacity: u32) -> Result<Pass, Refused> {
        let word = self.word.load(Ordering::Relaxed);
        if word & !COUNT == 0 && word < capacity {
            let next = word + 1;
            let entered =
                self.word.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed);
            return if entered.is_ok() { Ok(Pass::Beside) } else { self.enter_met(capacity) };
        }
        self.enter_by_reader(word, capacity)
    }

    #[inline(never)] // callers on one thread pass it by
    fn enter_by_reader(&self, word: u32, capacity: u32) -> Result<Pass, Refused> {
        if word & !(COUNT | OBSERVER) == OPEN | READERS
            && let Some(readers) = self.readers.get()
        {
            let reader = readers.mine();
            match readers.enter(reader) {
                Ok(()) => return Ok(Pass::Reader(reader)),
                // Whether there is room beyond this reader counter's share is found out in line.
                Err(Barred::Full) => return Err(Refused::Busy),
                Err(Barred::Closed) => {}
            }
        }
        self.enter_among(capacity)
    }

    /// Another thread came or went at the same time.
    #[cold]
    fn enter_met(&self, capacity: u32) -> Result<Pass, Refused> {
        if self.met.fetch_add(1, Ordering::Relaxed) + 1 >= CROWD {
            self.met.store(0, Ordering::Relaxed);
            return Err(Refused::Crowded);
        }
        self.enter_among(capacity)
    }

    /// Enters by the gate beside whoever is in, or says why not.
    #[inline(never)]
    fn enter_among(&self, capacity: u32) -> Result<Pass, Refused> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & (LINE | SHUT) != 0 {
                return Err(Refused::Busy);
            }
            if word & OPEN != 0 {
                // They are just being opened.
                return Err(Refused::Crowded);
            }
            if self.inside(word) >= capacity {
                return Err(Refused::Full);
            }
            if word & EXCLUSIVE != 0 {
                return Err(Refused::Busy);
            }
            let next = word + 1;
            match self.word.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Ok(Pass::Beside),
                Err(now) => word = now,
            }
        }
    }

    /// Enters from the head of the line; called by the pump alone.
    pub(super) fn enter_from_line(&self, exclusive: bool) -> Option<Pass> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let others = if exclusive { COUNT | OBSERVER } else { EXCLUSIVE };
            if word & (others | SHUT) != 0 || exclusive && !self.readers_are_deserted(word) {
                return None;
            }
            let (next, pass) = match exclusive {
                true => ((word & !READERS) | EXCLUSIVE | 1, Pass::Alone),
                false => (word + 1, Pass::Beside),
            };
            match self.word.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Some(pass),
                Err(now) => word = now,
            }
        }
    }

    /// Enters beside shared turns without counting as a call; one observer at a time.
    pub(super) fn enter_as_observer(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (EXCLUSIVE | SHUT | OBSERVER) == 0 {
            let next = word | OBSERVER;
            match self.word.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// The observer leaves; says as [`Gate::leave`] does.
    pub(super) fn leave_as_observer(&self) -> Option<Left> {
        Self::left(self.word.fetch_and(!OBSERVER, Ordering::AcqRel))
    }

    /// Whether an observer is in.
    pub(super) fn is_observed(&self) -> bool {
        self.word.load(Ordering::Relaxed) & OBSERVER != 0
    }

    /// Enters behind a shut gate, once nobody is there. To be left with
    /// [`Gate::leave_as_keeper`].
    pub(super) fn enter_as_keeper(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & SHUT != 0
            && word & (EXCLUSIVE | OBSERVER | COUNT) == 0
            && self.readers_are_deserted(word)
        {
            let next = (word & !READERS) | EXCLUSIVE;
            match self.word.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// The keeper leaves.
    pub(super) fn leave_as_keeper(&self) {
        self.word.fetch_and(!EXCLUSIVE, Ordering::Release);
    }

    /// Leaves if nobody can be waiting for that; says whether.
    #[inline(always)] // as entering
    pub(super) fn leave_unnoticed(&self, pass: Pass) -> bool {
        let taken = match pass {
            Pass::Alone => EXCLUSIVE | 1,
            Pass::Beside => 1,
            Pass::Reader(reader) => return self.leave_by_reader(reader),
        };
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (LINE | SHUT) == 0 {
            let next = word - taken;
            match self.word.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[inline(never)] // as entering by one
    fn leave_by_reader(&self, reader: u8) -> bool {
        self.readers.get().is_some_and(|readers| readers.leave_unnoticed(reader))
    }

    /// Leaves, when that may be waited for; says by whom.
    pub(super) fn leave(&self, pass: Pass) -> Option<Left> {
        let taken = match pass {
            Pass::Alone => EXCLUSIVE | 1,
            Pass::Beside => 1,
            Pass::Reader(reader) => {
                if let Some(readers) = self.readers.get() {
                    readers.leave(reader);
                }
                // Which of them it is can't be looked up: the gate may be gone.
                return Some(Left { line: true, shut: true });
            }
        };
        Self::left(self.word.fetch_sub(taken, Ordering::AcqRel))
    }

    #[inline]
    fn left(word: u32) -> Option<Left> {
        let left = Left { line: word & LINE != 0, shut: word & SHUT != 0 };
        (word & (LINE | SHUT) != 0).then_some(left)
    }

    /// Opens the reader counters, unless somebody is in alone, or by them since they were last
    /// open.
    pub(super) fn open_readers(&self, capacity: u32) {
        let readers = self.readers.get_or_init(Readers::closed);
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (EXCLUSIVE | LINE | SHUT | READERS) == 0 {
            let next = word | OPEN | READERS;
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                // From here on the gate's own count only falls.
                Ok(_) => {
                    if !readers.open(capacity.saturating_sub(word & COUNT)) {
                        self.word.fetch_and(!(OPEN | READERS), Ordering::Relaxed);
                    }
                    return;
                }
                Err(now) => word = now,
            }
        }
    }

    /// Closes the reader counters: shared turns enter by the gate again.
    pub(super) fn close_readers(&self) {
        self.close(0);
        self.end(0);
    }

    /// Sends everybody to the line, and says how many are in.
    pub(super) fn form_line(&self) -> u32 {
        let word = self.close(LINE);
        self.inside(word)
    }

    /// Lets turns enter past the line again, which is empty.
    pub(super) fn end_line(&self) {
        self.end(LINE);
    }

    /// Lets nobody enter any more; `true` if the gate was open before.
    pub(super) fn shut_down(&self) -> bool {
        self.close(SHUT) & SHUT == 0
    }

    /// Sets `flag` and closes the reader counters; returns what was before.
    fn close(&self, flag: u32) -> u32 {
        self.met.store(0, Ordering::Relaxed);
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = (word | flag) & !OPEN;
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & OPEN != 0
            && let Some(readers) = self.readers.get()
        {
            readers.close();
        }
        word
    }

    /// Takes `flag` away, and the reader counters out of use if nobody is in by them.
    fn end(&self, flag: u32) {
        let word = self.word.load(Ordering::Relaxed);
        let over = if self.readers_are_deserted(word) { flag | READERS } else { flag };
        self.word.fetch_and(!over, Ordering::AcqRel);
    }

    /// Whether the gate is shut, and everybody has left.
    pub(super) fn is_deserted(&self) -> bool {
        let word = self.word.load(Ordering::Acquire);
        word & SHUT != 0 && word & (COUNT | OBSERVER) == 0 && self.readers_are_deserted(word)
    }

    /// Whether nobody is in.
    pub(super) fn is_empty(&self) -> bool {
        let word = self.word.load(Ordering::Acquire);
        word & (EXCLUSIVE | OBSERVER) == 0 && self.inside(word) == 0
    }

    /// How many turns are in.
    pub(super) fn count(&self) -> u32 {
        self.inside(self.word.load(Ordering::Acquire))
    }

    /// How many turns are in, by the gate as `word` says and by the reader counters.
    #[inline]
    fn inside(&self, word: u32) -> u32 {
        let by_gate = word & COUNT;
        if word & READERS == 0 {
            return by_gate;
        }
        by_gate + self.readers.get().map_or(0, Readers::count)
    }

    /// Whether nobody is in by a reader counter, and nobody can enter by one.
    fn readers_are_deserted(&self, word: u32) -> bool {
        word & READERS == 0 || self.readers.get().is_none_or(Readers::are_deserted)
    }
}

#[cfg(all(test, seam_loom))]
mod models;
#[cfg(all(test, not(seam_loom)))]
mod tests;
