//! What becomes of the events of one subscription: a state machine that does no I/O and is told the
//! time.
//!
//! Events come in the order of their publisher's log, each with its key. Those of a key run one after
//! the other, those of different keys side by side. One that fails waits and is tried again; only later
//! events of its key wait behind it. After its last attempt it is a dead letter, and they go on.
//!
//! Whoever drives it keeps what must outlive a crash, in the subscriber's own store:
//!
//! - that an event was handled, with the handler's transaction;
//! - an event that waits after a failure, and those that wait behind it: so that the log needn't be read
//!   from there again, however long that takes;
//! - a dead letter, in place of the event that waited;
//! - the [cursor](Intake::cursor), now and then: nothing up to there is read again.
//!
//! [`Intake::resume`] takes all that up.

mod ready;
mod settled;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use self::ready::Ready;
use self::settled::Settled;

/// An event's place in its publisher's log, from 1.
pub type Position = u64;
/// Events of the same key stay in their order.
pub type Key = Box<[u8]>;
/// Nanoseconds on a clock that only goes on.
pub type Nanos = u64;

/// `[services.X.on]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `attempts`: how often an event is tried before it is a dead letter; 5 by default.
    pub attempts: u32,
    /// `backoff`: how long one waits after its first failure, twice as long after each further one; 1 s
    /// by default.
    pub backoff: Duration,
    /// `backoff_max`: how long it waits at most; 60 s by default.
    pub backoff_max: Duration,
    /// `in_flight`: how many are handled side by side; 64 by default.
    pub in_flight: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let (backoff, backoff_max) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { attempts: 5, backoff, backoff_max, in_flight: 64 }
    }
}

impl Settings {
    /// How long an event waits that has failed so often. It isn't spread: events fail at times of their
    /// own.
    fn pause(&self, failed: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << failed.saturating_sub(1).min(31));
        doubled.min(self.backoff_max)
    }
}

/// How many events per one in flight may be known that aren't kept: what is given beyond the running
/// ones is there at once when one ends, and finds keys that are free.
const AHEAD: usize = 8;
/// So many events are known at most, those included that are kept.
const MOST: usize = 100_000;

/// What a delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was handled, and that is kept.
    Handled,
    /// It failed.
    Failed,
    /// It didn't run: its service is overloaded, stopping or away.
    NotRun,
}

/// What is to be done after a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing: it is settled, or will be tried again.
    Nothing,
    /// Keep the event as one that waits, with so many attempts behind it, and those of its key behind it,
    /// too. Then say so by [`Intake::kept`].
    Keep {
        /// How often it has failed.
        failed: u32,
        /// How long until it is tried again.
        pause: Duration,
        /// Later events of its key that aren't kept yet.
        behind: Vec<Position>,
    },
    /// Keep it as a dead letter, and no more as one that waits. Then say so by [`Intake::buried`].
    Bury {
        /// How often it has failed.
        failed: u32,
    },
}

/// What becomes of an event that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// It will be delivered.
    Lined,
    /// It is to be kept, for an earlier one of its key waits; then say so by [`Intake::kept`].
    Keep,
    /// It was settled before.
    Known,
}

/// An event to be delivered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Which one.
    pub position: Position,
    /// Counted from 1.
    pub attempt: u32,
    /// Whether it is one of those that are kept.
    pub kept: bool,
}

/// An event that waits, as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which one.
    pub position: Position,
    /// Its key.
    pub key: Key,
    /// How often it has failed; 0 if it waits behind another one.
    pub failed: u32,
    /// When it is due.
    pub due: Nanos,
}

#[derive(Debug)]
struct Known {
    key: Key,
    failed: u32,
    kept: bool,
    running: bool,
    /// Whether it waits until it is due, or will once it is kept.
    waits: bool,
    due: Nanos,
}

impl Known {
    fn new(key: &[u8]) -> Self {
        let (failed, kept, running, waits, due) = (0, false, false, false, 0);
        Self { key: key.into(), failed, kept, running, waits, due }
    }
}

/// The events of one subscription that aren't settled.
#[derive(Debug)]
pub struct Intake {
    settings: Settings,
    settled: Settled,
    /// Where it is to be given events from.
    next: Position,
    known: HashMap<Position, Known>,
    /// Those of each key, in their order. The first one runs, or may, or waits for its time.
    lines: HashMap<Key, VecDeque<Position>>,
    /// Those that may run: the first ones of their keys.
    ready: Ready,
    /// Those that wait for their time: the first ones of their keys.
    due: BTreeSet<(Nanos, Position)>,
    running: u32,
    /// How many of the known ones aren't kept.
    loose: usize,
}

impl Intake {
    /// A subscription that has settled everything up to `cursor`.
    pub fn new(settings: Settings, cursor: Position) -> Self {
        Self::resume(settings, cursor, [], [])
    }

    /// Takes up what was kept: what was handled beyond the cursor, and what waits.
    pub fn resume(
        settings: Settings,
        cursor: Position,
        handled: impl IntoIterator<Item = Position>,
        waiting: impl IntoIterator<Item = Waiting>,
    ) -> Self {
        let waiting: BTreeMap<_, _> = waiting.into_iter().map(|one| (one.position, one)).collect();
        let ahead = handled.into_iter().chain(waiting.keys().copied());
        let mut intake = Self {
            settings,
            settled: Settled::new(cursor, ahead),
            next: cursor + 1,
            known: HashMap::new(),
            lines: HashMap::new(),
            ready: Ready::default(),
            due: BTreeSet::new(),
            running: 0,
            loose: 0,
        };
        for Waiting { position, key, failed, due } in waiting.into_values() {
            let line = intake.lines.entry(key.clone()).or_default();
            line.push_back(position);
            // Those behind the first one run as soon as they may.
            let waits = line.len() == 1;
            if waits {
                intake.due.insert((due, position));
            }
            intake
                .known
                .insert(position, Known { failed, kept: true, waits, due, ..Known::new(&key) });
        }
        intake
    }

    /// Puts other settings in force.
    pub const fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Everything up to there is settled, or kept as waiting.
    pub const fn cursor(&self) -> Position {
        self.settled.cursor()
    }

    /// From where on, and how many events it is to be given now; `None` if it has enough.
    pub fn wants(&self) -> Option<(Position, usize)> {
        let most = self.settings.in_flight as usize * AHEAD;
        let room = most.saturating_sub(self.loose).min(MOST.saturating_sub(self.known.len()));
        (room > 0).then_some((self.next, room))
    }

    /// The next event of the log, whose positions may leave out those of other topics.
    pub fn give(&mut self, position: Position, key: &[u8]) -> Given {
        self.pass(position);
        self.next = self.next.max(position + 1);
        if self.settled.has(position) || self.known.contains_key(&position) {
            return Given::Known;
        }
        let line = self.lines.entry(key.into()).or_default();
        let waits = line.front().and_then(|first| self.known.get(first));
        let waits = waits.is_some_and(|first| first.kept);
        line.push_back(position);
        if line.len() == 1 {
            self.ready.insert(position, 0);
        }
        self.known.insert(position, Known::new(key));
        self.loose += 1;
        if waits { Given::Keep } else { Given::Lined }
    }

    /// The log has nothing for it before that position: what was between is of other topics, or isn't
    /// there any more.
    pub fn pass(&mut self, position: Position) {
        if position > self.next {
            self.settled.settle(self.next..=position - 1);
            self.next = position;
        }
    }

    /// The next event to deliver, if one may be.
    pub fn next(&mut self, now: Nanos) -> Option<Delivery> {
        while let Some(&(due, position)) = self.due.first()
            && due <= now
        {
            self.due.pop_first();
            if let Some(known) = self.known.get_mut(&position) {
                known.waits = false;
                self.ready.insert(position, known.failed);
            }
        }
        if self.running >= self.settings.in_flight {
            return None;
        }
        let position = self.ready.pop()?;
        let known = self.known.get_mut(&position)?;
        known.running = true;
        self.running += 1;
        Some(Delivery { position, attempt: known.failed + 1, kept: known.kept })
    }

    /// When the next event that waits is due; `None` if none waits, those aside that were due when the
    /// [`next`](Self::next) one was asked for.
    pub fn due(&self) -> Option<Nanos> {
        self.due.first().map(|(due, _)| *due)
    }

    /// A delivery is over.
    pub fn ended(&mut self, position: Position, how: Ended, now: Nanos) -> Then {
        let Some(known) = self.known.get_mut(&position).filter(|known| known.running) else {
            return Then::Nothing;
        };
        known.running = false;
        self.running -= 1;
        match how {
            Ended::Handled => {
                self.leave(position);
                Then::Nothing
            }
            Ended::NotRun => {
                known.waits = true;
                known.due = now.saturating_add(nanos(self.settings.backoff));
                self.due.insert((known.due, position));
                Then::Nothing
            }
            Ended::Failed => {
                known.failed += 1;
                let failed = known.failed;
                if failed >= self.settings.attempts {
                    return Then::Bury { failed };
                }
                let pause = self.settings.pause(failed);
                // It isn't due before it is kept.
                known.waits = true;
                known.due = now.saturating_add(nanos(pause));
                let line = self.lines.get(&known.key).into_iter().flatten().skip(1);
                let loose = |other: &&Position| self.known.get(other).is_some_and(|it| !it.kept);
                Then::Keep { failed, pause, behind: line.filter(loose).copied().collect() }
            }
        }
    }

    /// Events that wait, or wait behind one, are kept: the log isn't needed for them.
    pub fn kept(&mut self, positions: &[Position]) {
        for position in positions {
            let Some(known) = self.known.get_mut(position) else { continue };
            if known.waits && !known.running {
                self.due.insert((known.due, *position));
            }
            if !std::mem::replace(&mut known.kept, true) {
                self.loose -= 1;
                self.settled.settle(*position..=*position);
            }
        }
    }

    /// A dead letter is to be tried again, and is kept as one that waits: as the last of its key.
    pub fn revive(&mut self, position: Position, key: &[u8]) {
        if self.known.contains_key(&position) {
            return;
        }
        self.settled.settle(position..=position);
        let line = self.lines.entry(key.into()).or_default();
        line.push_back(position);
        if line.len() == 1 {
            self.ready.insert(position, 0);
        }
        let known = Known { kept: true, ..Known::new(key) };
        self.known.insert(position, known);
    }

    /// How many events are known that aren't settled or dead.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// How many of them are kept.
    pub fn kept_len(&self) -> usize {
        self.known.len().saturating_sub(self.loose)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// A dead letter is kept: later events of its key go on.
    pub fn buried(&mut self, position: Position) {
        self.leave(position);
    }

    /// It is settled; the next of its key may run.
    fn leave(&mut self, position: Position) {
        let Some(known) = self.known.remove(&position) else { return };
        if !known.kept {
            self.loose -= 1;
        }
        self.settled.settle(position..=position);
        let Some(line) = self.lines.get_mut(&known.key) else { return };
        line.retain(|other| *other != position);
        match line.front() {
            Some(next) => {
                if let Some(known) = self.known.get(next).filter(|it| !it.running && !it.waits) {
                    self.ready.insert(*next, known.failed);
                }
            }
            None => {
                self.lines.remove(&known.key);
            }
        }
    }
}

fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
