//! What calls carry, while somebody looks at them one by one: arguments and answers, beside the records.
//!
//! A record has a fixed size, so what it is of goes another way: it is laid here by the thread of the call
//! before the record is written, and taken by whoever reads the records. Nobody waits: what has no room, or
//! would have to wait for the reader, is dropped and counted.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

use crate::context::SpanId;
use crate::contract::MethodSpec;

/// The longest arguments or answer that are shown, in bytes of JSON: 16 KiB.
pub const LONGEST_BODY: usize = 16 << 10;
/// So many calls' bodies wait for the reader, at most.
const MOST: usize = 1_024;
/// And so many bytes of them.
const ROOM: usize = 4 << 20;
/// So many calls may be on their way to their turns on one thread, each begun by the one before.
const DEEP: usize = 64;

/// How closely calls to a service are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    /// Not beyond what is recorded anyhow.
    #[default]
    Off = 0,
    /// Each call is recorded.
    Calls = 1,
    /// And its arguments and answer are told.
    Bodies = 2,
}

impl Watch {
    pub(crate) const fn of(number: u8) -> Self {
        match number {
            0 => Self::Off,
            1 => Self::Calls,
            _ => Self::Bodies,
        }
    }
}

/// What a call carries, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    /// Its arguments by name; none where they aren't known any more.
    pub arguments: Option<Box<[u8]>>,
    /// Its answer; none if there is none.
    pub answer: Option<Box<[u8]>>,
}

/// Where what calls carry waits for its reader.
#[derive(Debug, Default)]
pub struct Tap {
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
    requests: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    bodies: Vec<(SpanId, Bodies)>,
    bytes: usize,
}

impl Tap {
    /// Has each request at the edge be recorded, or only those that are anyhow.
    pub fn watch_requests(&self, on: bool) {
        self.requests.store(on, Ordering::Relaxed);
    }

    /// Whether each request is recorded.
    pub fn watches_requests(&self) -> bool {
        self.requests.load(Ordering::Relaxed)
    }

    /// Lays down what the call of that span carries, which is made only if there is room for it.
    #[cold]
    pub(crate) fn lay(&self, span: SpanId, bodies: impl FnOnce() -> Bodies) {
        let has_room = |waiting: &Waiting| waiting.bodies.len() < MOST && waiting.bytes < ROOM;
        if !self.waiting.try_lock().is_some_and(|waiting| has_room(&waiting)) {
            return self.drop_one();
        }
        let bodies = bodies();
        match self.waiting.try_lock() {
            Some(mut waiting) if has_room(&waiting) => {
                waiting.bytes += bodies.size();
                waiting.bodies.push((span, bodies));
            }
            _ => self.drop_one(),
        }
    }

    /// Takes what was laid down since the last time.
    pub fn take(&self) -> Vec<(SpanId, Bodies)> {
        std::mem::take(&mut *self.waiting.lock()).bodies
    }

    pub(super) fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls, or what they carried, there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Bodies {
    fn size(&self) -> usize {
        let sizes =
            [&self.arguments, &self.answer].map(|body| body.as_ref().map_or(0, |b| b.len()));
        sizes.iter().sum()
    }
}

/// A value as JSON, as it is shown: a text that says so if it is longer than [`LONGEST_BODY`]; `None` if
/// JSON can't say it.
#[cold]
pub(crate) fn shown<T: Serialize + ?Sized>(value: &T) -> Option<Box<[u8]>> {
    let mut short = Short(Vec::new());
    match serde_json::to_writer(&mut short, value) {
        Ok(()) => Some(short.0.into()),
        Err(error) if error.is_io() => Some(too_long()),
        Err(_) => None,
    }
}

/// The same of what is JSON already.
#[cold]
pub(crate) fn shown_json(json: &[u8]) -> Box<[u8]> {
    if json.len() > LONGEST_BODY { too_long() } else { json.into() }
}

fn too_long() -> Box<[u8]> {
    format!("\"(longer than {LONGEST_BODY} bytes)\"").into_bytes().into()
}

/// Takes no more than is shown.
struct Short(Vec<u8>);

impl io::Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_BODY {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// Arguments of calls on their way to their turns, which take the messages: a call that is begun by the
    /// first poll of a turn lies above that turn's own.
    static ON_THE_WAY: RefCell<Vec<Arguments>> = const { RefCell::new(Vec::new()) };
}

type Arguments = (&'static MethodSpec, Option<Box<[u8]>>);

/// Lays arguments aside, until [`fetch`] fetches them on this thread.
#[cold]
pub(crate) fn lay_aside(method: &'static MethodSpec, arguments: Option<Box<[u8]>>) {
    let _ = ON_THE_WAY.try_with(|aside| {
        let mut aside = aside.borrow_mut();
        if aside.len() >= DEEP {
            // Calls that came nowhere leave theirs.
            aside.clear();
        }
        aside.push((method, arguments));
    });
}

/// The arguments that were laid aside last for a call of that method.
#[cold]
pub(crate) fn fetch(method: &'static MethodSpec) -> Option<Box<[u8]>> {
    let fetched = ON_THE_WAY.try_with(|aside| {
        let mut aside = aside.borrow_mut();
        // A constant has no address of its own.
        let is_it = |known: &MethodSpec| (known.index, known.name) == (method.index, method.name);
        let at = aside.iter().rposition(|(known, _)| is_it(known))?;
        aside.drain(at..).next()?.1
    });
    fetched.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    static CHARGE: MethodSpec = MethodSpec::plain("charge", 0);
    static PLACE: MethodSpec = MethodSpec::plain("place", 1);

    fn bodies(length: usize) -> Bodies {
        Bodies { arguments: Some(vec![b'1'; length].into()), answer: None }
    }

    #[test]
    fn what_is_laid_down_is_taken_once_and_what_has_no_room_is_counted() {
        let tap = Tap::default();
        (0..MOST as u64 + 3).for_each(|span| tap.lay(SpanId(span), || bodies(1)));
        assert_eq!((tap.take().len(), tap.dropped()), (MOST, 3));
        assert!(tap.take().is_empty());
        (0..1_000).for_each(|span| tap.lay(SpanId(span), || bodies(LONGEST_BODY)));
        assert_eq!(tap.take().len(), ROOM / LONGEST_BODY);
        tap.lay(SpanId(1), || bodies(7));
        assert_eq!(tap.take(), [(SpanId(1), bodies(7))]);
        let reads = tap.waiting.lock();
        let dropped = tap.dropped();
        tap.lay(SpanId(1), || unreachable!("nobody waits for the reader"));
        drop(reads);
        assert_eq!(tap.dropped(), dropped + 1);
    }

    #[test]
    fn what_is_long_is_cut_before_it_is_written() {
        let texts = |count| vec!["abcdefgh"; count];
        assert_eq!(shown(&texts(2)).as_deref(), Some(&b"[\"abcdefgh\",\"abcdefgh\"]"[..]));
        let long = shown(&texts(1 << 20)).unwrap();
        assert_eq!(&*long, b"\"(longer than 16384 bytes)\"");
        assert_eq!(shown_json(&vec![b'1'; LONGEST_BODY + 1]), long);
    }

    #[test]
    fn arguments_come_back_to_the_call_that_they_are_of() {
        let arguments = |text: &str| Some(text.as_bytes().into());
        lay_aside(&PLACE, arguments("outer"));
        lay_aside(&CHARGE, arguments("inner"));
        lay_aside(&CHARGE, arguments("came nowhere"));
        assert_eq!(fetch(&CHARGE), arguments("came nowhere"));
        assert_eq!(fetch(&PLACE), arguments("outer"));
        assert_eq!(fetch(&CHARGE), None, "what lay above is gone");
        (0..=DEEP).for_each(|_| lay_aside(&PLACE, None));
        ON_THE_WAY.with(|aside| assert_eq!(aside.borrow().len(), 1));
    }
}
