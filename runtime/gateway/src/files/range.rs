//! Parts of a file: `Range` (RFC 9110, 14).

use std::ops::Range;

/// What a `Range` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no range, several at once, or none that can be read.
    Whole,
    /// These bytes, some of those that there are.
    Bytes(Range<u64>),
    /// Bytes that there aren't.
    Beyond,
}

/// The part of a content of `length` bytes that a range asks for.
pub(crate) fn part(range: &[u8], length: u64) -> Part {
    asked(range, length).unwrap_or(Part::Whole)
}

fn asked(range: &[u8], length: u64) -> Option<Part> {
    let range = std::str::from_utf8(range).ok()?;
    let (unit, asked) = range.split_once('=')?;
    let (first, last) = asked.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let part = match (first, last) {
        ("", last) => {
            let last = number(last)?;
            length.saturating_sub(last)..if last == 0 { 0 } else { length }
        }
        (first, "") => number(first)?..length,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if part.is_empty() { Part::Beyond } else { Part::Bytes(part) })
}

/// Digits alone; more than there are bytes anywhere is the end of all files.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part() {
        for (range, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-9", 0..10),
            ("bytes=2-5", 2..6),
            ("bytes=2-", 2..10),
            ("bytes=9-", 9..10),
            ("bytes=5-99", 5..10),
            ("bytes=5-99999999999999999999999", 5..10),
            ("bytes=-1", 9..10),
            ("bytes=-10", 0..10),
            ("bytes=-99", 0..10),
            ("Bytes=1-1", 1..2),
        ] {
            assert_eq!(part(range.as_bytes(), 10), Part::Bytes(expected), "{range}");
        }
        for range in ["bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(part(range.as_bytes(), 10), Part::Beyond, "{range}");
        }
        assert_eq!(part(b"bytes=0-", 0), Part::Beyond);
        assert_eq!(part(b"bytes=-5", 0), Part::Beyond);
    }

    #[test]
    fn what_is_no_single_range_is_the_whole() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=1 -2",
            "lines=0-1",
            "\u{fc}=0-1",
        ] {
            assert_eq!(part(range.as_bytes(), 10), Part::Whole, "{range}");
        }
    }
}
