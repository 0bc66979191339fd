//! How far a client has heard: the id of each event that it is sent.
//!
//! Processes push at the same time, and edges hear of them in different orders, so no single number
//! says what a client has seen. The id says it for each process that has pushed anything: `PROCESS-N`,
//! with dots between, or `0` before there is one. Every edge understands it.

use std::fmt;

/// The most processes that one id speaks of; beyond it the oldest are forgotten.
const MOST: usize = 32;
/// What an id of nothing is called: without an id a client wouldn't say that it has been there.
const NOTHING: &str = "0";

/// The latest event that was seen of each process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cursor(Vec<(u32, u64)>);

impl Cursor {
    /// Reads an id; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == NOTHING {
            return Some(Self::default());
        }
        let part = |part: &str| {
            let (process, number) = part.split_once('-')?;
            Some((u32::from_str_radix(process, 16).ok()?, number.parse().ok()?))
        };
        let seen: Option<Vec<_>> = text.split('.').take(MOST + 1).map(part).collect();
        seen.filter(|seen| seen.len() <= MOST).map(Self)
    }

    /// The latest event that was seen of a process.
    pub(super) fn of(&self, process: u32) -> Option<u64> {
        self.0.iter().find(|(known, _)| *known == process).map(|(_, number)| *number)
    }

    /// Notes that everything of a process up to this event was seen.
    pub(super) fn pass(&mut self, process: u32, number: u64) {
        if let Some((_, seen)) = self.0.iter_mut().find(|(known, _)| *known == process) {
            *seen = number;
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((process, number));
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(NOTHING);
        }
        for (at, (process, number)) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{process:x}-{number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_it_was_written_as() {
        let mut cursor = Cursor::default();
        assert_eq!((cursor.to_string(), Cursor::parse("0")), ("0".into(), Some(cursor.clone())));
        cursor.pass(0xbeef, 7);
        cursor.pass(u32::MAX, u64::MAX);
        cursor.pass(0xbeef, 8);
        assert_eq!(cursor.to_string(), "beef-8.ffffffff-18446744073709551615");
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor.clone()));
        assert_eq!((cursor.of(0xbeef), cursor.of(1)), (Some(8), None));
    }

    #[test]
    fn what_is_no_id_is_none() {
        let long = ["1-1"; MOST + 1].join(".");
        for text in
            ["", "x", "1", "1-", "-1", "1-x", "100000000-1", "1-1.", ".1-1", "1-1,2-2", &long]
        {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_stays_short() {
        let mut cursor = Cursor::default();
        (0..100).for_each(|process| cursor.pass(process, 1));
        assert_eq!((cursor.of(67), cursor.of(68)), (None, Some(1)));
        assert!(Cursor::parse(&cursor.to_string()).is_some());
    }
}
