//! Trace context after W3C Trace Context, level 1.

use std::cell::Cell;
use std::fmt;

/// Which trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId {
    // Two halves, for a context that needs no more than a word's alignment is smaller.
    high: u64,
    low: u64,
}

impl TraceId {
    /// The id of that number.
    pub const fn new(id: u128) -> Self {
        Self { high: (id >> 64) as u64, low: id as u64 }
    }

    /// The number.
    pub const fn get(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }

    /// The number in hexadecimal digits, as headers carry it.
    pub fn hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.get().to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        hex
    }
}

/// Which call in the trace.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SpanId(pub u64);

impl SpanId {
    /// No span: what begins a trace has none above it.
    pub const NONE: Self = Self(0);

    /// A new one.
    #[inline]
    pub fn random() -> Self {
        Self(random().0 | 1)
    }

    /// The span, if it is one.
    pub fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// Where a call belongs in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace, the same from the edge to the last call.
    pub trace: TraceId,
    /// The call itself; [`SpanId::NONE`] of a trace that is about to begin.
    pub span: SpanId,
    /// Whether somebody records the trace.
    pub sampled: bool,
}

/// Where a finished call stands in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The trace.
    pub trace: TraceId,
    /// The call.
    pub span: SpanId,
    /// What it is a part of; [`SpanId::NONE`] if it has begun the trace.
    pub parent: SpanId,
    /// Whether somebody records the trace.
    pub sampled: bool,
}

impl Spot {
    /// The spot of a call that was made in `around`.
    #[inline]
    pub fn within(around: &TraceContext, span: SpanId) -> Self {
        let TraceContext { trace, span: parent, sampled } = *around;
        Self { trace, span, parent, sampled }
    }
}

impl TraceContext {
    /// The beginning of a new trace: what comes first in it has no parent.
    #[inline]
    pub fn root() -> Self {
        let (first, second) = random();
        // An id of zero means "none" to the standard.
        let trace = TraceId { high: first, low: second | 1 };
        Self { trace, span: SpanId::NONE, sampled: false }
    }

    /// The first call of a new trace.
    #[inline]
    pub(crate) fn first() -> Self {
        let root = Self::root();
        let TraceId { high, low } = root.trace;
        Self { span: SpanId(high.rotate_left(32) ^ low | 1), ..root }
    }

    /// A call inside this one.
    #[inline]
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span: SpanId::random(), ..*self }
    }

    /// Reads a `traceparent` header; `None` if it is none.
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.trim_matches([' ', '\t']).splitn(5, '-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lengths = (version.len(), trace.len(), span.len(), flags.len());
        let is_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let hex = [version, trace, span, flags].into_iter().all(is_hex);
        // Later versions may say more behind a dash.
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        if lengths != (2, 32, 16, 2) || !hex || !known {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace: TraceId::new(trace), span: SpanId(span), sampled: flags & 1 == 1 })
    }

    /// The `traceparent` header of this call.
    pub fn to_traceparent(&self) -> String {
        self.traceparent().iter().copied().map(char::from).collect()
    }

    /// The same as bytes, all of which are ASCII.
    pub fn traceparent(&self) -> [u8; 55] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        hex(&mut text[3..35], self.trace.get());
        hex(&mut text[36..52], self.span.0.into());
        text[54] += u8::from(self.sampled);
        text
    }
}

/// Writes a number, its last digit at the end.
fn hex(digits: &mut [u8], mut number: u128) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

/// Two random numbers, for one access to the thread's generator.
#[inline]
fn random() -> (u64, u64) {
    thread_local! {
        static RANDOM: Cell<u64> = const { Cell::new(0) };
    }
    let state = RANDOM.get();
    let mut random = fastrand::Rng::with_seed(if state == 0 { fastrand::u64(1..) } else { state });
    let numbers = (random.u64(..), random.u64(..));
    RANDOM.set(random.get_seed() | 1);
    numbers
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.get())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_survives_the_round_trip() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = TraceContext::from_traceparent(header).unwrap();
        assert!(trace.sampled);
        assert_eq!(trace.to_traceparent(), header);
        assert_eq!(trace.child().trace, trace.trace);
        assert_ne!(trace.child().span, trace.span);
        for later in [
            &format!("\t {header} \t"),
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-",
        ] {
            assert_eq!(TraceContext::from_traceparent(later), Some(trace), "{later}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for header in [
            "",
            "00",
            "00-0-0-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.later",
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "000-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b71-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-001",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-.0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-.0f067aa0ba902b7-01",
            "0.-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "CC-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::from_traceparent(header), None, "{header}");
        }
    }
}
