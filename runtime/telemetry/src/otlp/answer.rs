//! What a collector says to what it was sent.

use std::time::Duration;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has taken all but so many.
    Taken { rejected: u64 },
    /// It doesn't take it, and won't the next time.
    Refused(String),
    /// It couldn't take it now, or wasn't reached; it may say when to come again.
    Later { why: String, after: Option<Duration> },
}

impl Answer {
    /// By what HTTP says, and the body.
    pub(super) fn new(status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let why = || format!("it answers {status}");
        match status {
            200..300 => Self::Taken { rejected: rejected(body).unwrap_or(0) },
            429 | 502..=504 => {
                let seconds = retry_after.and_then(|after| after.trim().parse().ok());
                Self::Later { why: why(), after: seconds.map(Duration::from_secs) }
            }
            _ => Self::Refused(why()),
        }
    }
}

/// How many are in an answer's `partial_success.rejected_…`; none if it is no such answer.
fn rejected(body: &[u8]) -> Option<u64> {
    let partial = field(body, 1)?;
    match field(partial.bytes?, 1)? {
        Field { number, bytes: None } => Some(number),
        Field { .. } => None,
    }
}

/// A field of a protobuf message: a number, or bytes.
struct Field<'b> {
    number: u64,
    bytes: Option<&'b [u8]>,
}

/// The first field of a number in a message.
fn field(mut message: &[u8], wanted: u64) -> Option<Field<'_>> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let field = match tag & 7 {
            0 => Field { number: varint(&mut message)?, bytes: None },
            1 => Field { number: 0, bytes: Some(take(&mut message, 8)?) },
            2 => {
                let length = varint(&mut message)?;
                Field { number: 0, bytes: Some(take(&mut message, length)?) }
            }
            5 => Field { number: 0, bytes: Some(take(&mut message, 4)?) },
            _ => return None,
        };
        if tag >> 3 == wanted {
            return Some(field);
        }
    }
    None
}

fn take<'b>(message: &mut &'b [u8], length: u64) -> Option<&'b [u8]> {
    let (taken, rest) = message.split_at_checked(usize::try_from(length).ok()?)?;
    *message = rest;
    Some(taken)
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_taken_later_is_told_from_what_never_is() {
        let later = |after: Option<u64>| Answer::Later {
            why: "it answers 429".into(),
            after: after.map(Duration::from_secs),
        };
        assert_eq!(Answer::new(429, Some(" 7"), b""), later(Some(7)));
        assert_eq!(Answer::new(429, Some("-1"), b""), later(None));
        assert_eq!(Answer::new(429, Some("Sat, 28 Nov 2026 21:00:00 GMT"), b""), later(None));
        for status in [502, 503, 504] {
            assert!(matches!(Answer::new(status, None, b""), Answer::Later { .. }), "{status}");
        }
        for status in [301, 400, 401, 404, 413, 500] {
            assert!(matches!(Answer::new(status, None, b""), Answer::Refused(_)), "{status}");
        }
    }

    #[test]
    fn what_was_rejected_is_read() {
        let taken = |body: &[u8]| match Answer::new(200, None, body) {
            Answer::Taken { rejected } => rejected,
            other => panic!("{other:?}"),
        };
        assert_eq!(taken(b""), 0);
        assert_eq!(taken(b"\x0a\x06\x08\x96\x01\x12\x01x"), 150);
        assert_eq!(taken(b"\x0a\x03\x12\x01x"), 0);
        assert_eq!(taken(b"\x12\x01x\x0a\x02\x08\x07"), 7);
        let broken: [&[u8]; 5] = [b"\x0a", b"\x0a\xff", b"\x0a\x02\x08", b"\x0b", &[0xff; 20]];
        for body in broken {
            assert_eq!(taken(body), 0, "{body:x?}");
        }
    }
}
