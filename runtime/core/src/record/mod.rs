//! Finished calls, as telemetry keeps them: who writes one never waits, and who reads them does so apart.
//!
//! A record has a fixed size and goes to a ring of its thread. Recorded are whole
//! requests, as many a second as the [`Sampler`] begins, and every call that was slow or of which nobody
//! knows that it was done.

mod codes;
mod doubt;
mod ended;
mod fates;
mod repeats;
mod ring;
mod sampler;
mod tap;
mod written;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

pub use self::codes::Text;
pub use self::doubt::Doubt;
pub use self::ended::Ended;
pub use self::fates::{Fate, Fates};
pub(crate) use self::repeats::Tell;
pub use self::repeats::{Repeat, Repeats};
use self::ring::Ring;
pub use self::sampler::Sampler;
pub use self::tap::{Bodies, LONGEST_BODY, Tap, Watch};
pub(crate) use self::tap::{fetch, lay_aside, shown, shown_json};
pub use self::written::{Record, RecordKind};
use crate::context::{CallContext, SpanId};
use crate::contract::ContractDescriptor;
use crate::name::ServiceId;
use crate::thread;
use crate::time::{Clock, Moment};

/// The first threads that write have a ring each; all others share the last.
const RINGS: usize = 16;

/// What a unit's finished calls are written to.
pub struct Recorder {
    rings: [OnceLock<Box<Ring>>; RINGS],
    /// Held by who writes to the last ring.
    shared: Mutex<()>,
    /// Held by who reads.
    reading: Mutex<()>,
    known: RwLock<Vec<Known>>,
    /// Which requests that begin here are recorded.
    sampler: Sampler,
    /// Which of those that others have begun and record are.
    followed: Sampler,
    /// A moment of the clock, and of the world's, in nanoseconds since 1970.
    epoch: (Moment, u64),
    dropped: AtomicU64,
    /// Is told that there is much to read.
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
    fates: Fates,
    tap: Tap,
    /// Is told of calls whose outcome is unknown.
    doubts: OnceLock<Box<dyn Fn(Doubt) + Send + Sync>>,
    repeats: Repeats,
}

/// A service whose calls are recorded.
#[derive(Debug, Clone, Copy)]
struct Known {
    service: ServiceId,
    contract: &'static ContractDescriptor,
}

impl Recorder {
    /// A recorder whose times are those of `clock`; it begins to record `per_second` requests a second,
    /// and as many that others have begun.
    pub fn new(clock: &Clock, per_second: u32) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            rings: Default::default(),
            shared: Mutex::default(),
            reading: Mutex::default(),
            known: RwLock::default(),
            sampler: Sampler::new(per_second),
            followed: Sampler::new(per_second),
            epoch: (clock.now(), u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)),
            dropped: AtomicU64::new(0),
            wake: OnceLock::new(),
            fates: Fates::default(),
            tap: Tap::default(),
            doubts: OnceLock::new(),
            repeats: Repeats::default(),
        }
    }

    /// Begins to record so many requests a second from now on.
    pub fn set_per_second(&self, per_second: u32) {
        self.sampler.set(per_second);
        self.followed.set(per_second);
    }

    /// Whether a request that begins now is recorded.
    #[inline]
    pub fn begins(&self, now: Moment) -> bool {
        self.sampler.takes(now)
    }

    /// The context of what begins now, if it is recorded.
    #[inline]
    pub fn root(&self, now: Moment) -> Option<Arc<CallContext>> {
        if self.begins(now) { Some(recorded()) } else { None }
    }

    /// The same for what begins in `given`, unless that is a part of something already.
    #[cold]
    pub fn within(&self, given: Arc<CallContext>, now: Moment) -> Arc<CallContext> {
        if given.trace.sampled || given.trace.span != SpanId::NONE || !self.begins(now) {
            return given;
        }
        let mut context = CallContext::clone(&given);
        context.trace.sampled = true;
        Arc::new(context)
    }

    /// Whether a request is recorded here, too, that somebody else records who has begun it.
    pub fn follows(&self, now: Moment) -> bool {
        self.followed.takes(now)
    }

    /// `wake` is called, on the threads of calls, whenever a ring has become half full.
    pub fn wake_by(&self, wake: impl Fn() + Send + Sync + 'static) {
        // A unit has one reader.
        let _ = self.wake.set(Box::new(wake));
    }

    /// `tell` is told, on the threads of calls, of each whose outcome is unknown to whoever made it here.
    pub fn doubt_by(&self, tell: impl Fn(Doubt) + Send + Sync + 'static) {
        // A unit has one ledger.
        let _ = self.doubts.set(Box::new(tell));
    }

    /// Who is told of calls whose outcome is unknown.
    pub(crate) fn doubts(&self) -> Option<&(dyn Fn(Doubt) + Send + Sync)> {
        self.doubts.get().map(|tell| &**tell)
    }

    /// What became of calls that ran here and whose callers may not have heard of it.
    #[inline]
    pub const fn fates(&self) -> &Fates {
        &self.fates
    }

    /// What calls carry that are looked at one by one.
    pub const fn tap(&self) -> &Tap {
        &self.tap
    }

    /// Who is told of answers to calls that were made before.
    #[inline]
    pub const fn repeats(&self) -> &Repeats {
        &self.repeats
    }

    /// The number under which a service's calls are recorded.
    pub(crate) fn know(&self, service: ServiceId, contract: &'static ContractDescriptor) -> u32 {
        let mut known = self.known.write();
        let is_it =
            |known: &Known| known.service == service && std::ptr::eq(known.contract, contract);
        let at = known.iter().position(is_it).unwrap_or_else(|| {
            known.push(Known { service, contract });
            known.len() - 1
        });
        at as u32
    }

    /// Writes a record down, unless there is no room for it: what is written only for who looks at calls one
    /// by one leaves half of the room to all else.
    pub fn write(&self, record: &Record) {
        let room = if record.kept { ring::LENGTH } else { ring::LENGTH / 2 };
        let number = thread::number();
        let ring = self.rings[number.min(RINGS - 1)].get_or_init(Box::default);
        let written = if number < RINGS - 1 {
            ring.push(&record.to_words(), room)
        } else {
            let _alone = self.shared.lock();
            ring.push(&record.to_words(), room)
        };
        match written {
            None if !record.kept => self.tap.drop_one(),
            None => _ = self.dropped.fetch_add(1, Ordering::Relaxed),
            Some(true) => {
                if let Some(wake) = self.wake.get() {
                    wake();
                }
            }
            Some(false) => {}
        }
    }

    /// Takes what was written since the last time, thread by thread.
    pub fn drain(&self, mut each: impl FnMut(Record)) {
        let _alone = self.reading.lock();
        for ring in self.rings.iter().filter_map(OnceLock::get) {
            ring.drain(|words| each(Record::from_words(words)));
        }
    }

    /// The service that a record is of, and its contract; `None` of a request.
    pub fn of(&self, record: &Record) -> Option<(ServiceId, &'static ContractDescriptor)> {
        let known = *self.known.read().get(record.known? as usize)?;
        Some((known.service, known.contract))
    }

    /// When that was, in nanoseconds since 1970.
    pub const fn unix_nanos(&self, at: Moment) -> u64 {
        let (moment, nanos) = self.epoch;
        nanos.saturating_add(at.as_nanos()).saturating_sub(moment.as_nanos())
    }

    /// How many records there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cold]
fn recorded() -> Arc<CallContext> {
    let mut context = CallContext::root();
    context.trace.sampled = true;
    Arc::new(context)
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("dropped", &self.dropped()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Spot, TraceId};
    use crate::name::Caller;

    fn record(span: u64) -> Record {
        Record {
            spot: Spot {
                trace: TraceId::new(u128::MAX - 7),
                span: SpanId(span),
                parent: SpanId(span / 2),
                sampled: true,
            },
            link: Some((TraceId::new(5), SpanId(6))),
            kind: RecordKind::Client,
            known: Some(3),
            method: 513,
            caller: Some(Caller::Service(ServiceId::of("record-order").unwrap())),
            began: Moment::from_nanos(11),
            took: 12,
            wait: 13,
            slow: true,
            kept: true,
            tapped: false,
            ended: Ended::Unknown,
            code: Text::of("deadline_exceeded"),
            path: Text::of("/api/user/7"),
            status: 504,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let recorder = Recorder::new(&Clock::fast(), 100);
        let plain = Record { link: None, known: None, caller: None, ..record(2) };
        let written = [record(1), plain];
        written.iter().for_each(|record| recorder.write(record));
        let mut read = Vec::new();
        recorder.drain(|record| read.push(record));
        assert_eq!(read, written);
        assert_eq!(read[0].code.as_str(), "deadline_exceeded");
        recorder.drain(|record| panic!("{record:?}"));
    }

    #[test]
    fn without_room_it_is_counted_and_nobody_waits() {
        let recorder = Recorder::new(&Clock::fast(), 100);
        let woken = std::sync::Arc::new(AtomicU64::new(0));
        let told = std::sync::Arc::clone(&woken);
        recorder.wake_by(move || _ = told.fetch_add(1, Ordering::Relaxed));
        let more = 10;
        (0..ring::LENGTH + more).for_each(|n| recorder.write(&record(n as u64 + 1)));
        assert_eq!(recorder.dropped(), more as u64);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        let mut read = 0;
        recorder.drain(|record| {
            read += 1;
            assert_eq!(record.spot.span, SpanId(read));
        });
        assert_eq!(read, ring::LENGTH as u64);
        recorder.write(&record(1));
        assert_eq!(recorder.dropped(), more as u64, "there is room again");
    }

    #[test]
    fn threads_write_side_by_side_and_nothing_is_torn() {
        let recorder = std::sync::Arc::new(Recorder::new(&Clock::fast(), 100));
        let each = 20_000_u64;
        let threads: Vec<_> = (0..20)
            .map(|_| {
                let recorder = std::sync::Arc::clone(&recorder);
                std::thread::spawn(move || (1..=each).for_each(|n| recorder.write(&record(n))))
            })
            .collect();
        let mut read = 0;
        let mut look = || {
            recorder.drain(|found| {
                assert_eq!(found, record(found.spot.span.0));
                read += 1;
            })
        };
        while threads.iter().any(|thread| !thread.is_finished()) {
            look();
        }
        look();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(read + recorder.dropped(), 20 * each);
    }
}
