//! The file beside the records that says what they must hold, and where they begin. Whoever has it
//! locked owns the log.

use std::{io, path::Path, process};

pub(crate) use seam_store::disk::FILE;
use seam_store::disk::OwnedFile;

use crate::Position;

/// One line of text, so that a person can read it too. It is written after each sync and isn't
/// synced itself, so that after a power cut it may be older than the log, but never newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// The last acknowledged position: a log that comes back with less has lost records.
    pub(crate) head: Position,
    /// The first position that isn't trimmed.
    pub(crate) first: Position,
    /// The owner's process id.
    pub(crate) owner: u32,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct StateFile(OwnedFile);

impl StateFile {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        OwnedFile::open(folder).map(Self)
    }

    /// Takes the log, until the file is dropped. False if somebody else has it.
    pub(crate) fn lock(&self) -> io::Result<bool> {
        self.0.lock()
    }

    /// What it says; `None` if it is empty or damaged.
    pub(crate) fn read(&mut self) -> io::Result<Option<State>> {
        Ok(parse(&self.0.read()?))
    }

    /// One write of always the same length, so that none is left half done by a kill.
    pub(crate) fn write(&mut self, head: Position, first: Position) -> io::Result<()> {
        let line = format!("head {head:020} first {first:020} owner {:010}\n", process::id());
        self.0.write(&line)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

fn parse(line: &str) -> Option<State> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["head", head, "first", first, "owner", owner] = words[..] else { return None };
    Some(State { head: head.parse().ok()?, first: first.parse().ok()?, owner: owner.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = StateFile::open(folder.path()).unwrap();
        assert_eq!(file.read().unwrap(), None);
        for (head, first) in [(u64::MAX, 7), (0, 1)] {
            file.write(head, first).unwrap();
            let state = State { head, first, owner: process::id() };
            assert_eq!(file.read().unwrap(), Some(state));
        }
    }

    #[test]
    fn damage_is_no_state() {
        for line in ["", "head 1", "head x first 1 owner 1", "\0\0\0"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
