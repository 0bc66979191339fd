//! The file beside the database that says how it was left, and what it must hold. Whoever has it
//! locked owns the database.

use std::{io, path::Path, process};

use super::database::Group;
pub(crate) use crate::disk::FILE;
use crate::disk::OwnedFile;

/// How the database was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Its first opening isn't through: nothing was ever acknowledged.
    Creating,
    /// In use; found so at opening, the last owner was killed.
    Open,
    /// In use, and a copy from before recovery exists.
    Recovering,
    /// Closed in order.
    Clean,
}

/// One line of text, so that a person can read it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) condition: Condition,
    /// The last acknowledged group. It is written after each sync and isn't synced itself, so
    /// after a power cut it may be older than the database, but never newer: a database that
    /// comes back with less has lost acknowledged writes, which sled's recovery does silently.
    pub(crate) group: Group,
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

    /// Takes the database, until the file is dropped. False if somebody else has it.
    pub(crate) fn lock(&self) -> io::Result<bool> {
        self.0.lock()
    }

    /// What it says; `None` if it is empty or damaged.
    pub(crate) fn read(&mut self) -> io::Result<Option<State>> {
        Ok(parse(&self.0.read()?))
    }

    /// One write of always the same length, so that none is left half done by a kill.
    pub(crate) fn write(&mut self, condition: Condition, group: Group) -> io::Result<()> {
        let word = match condition {
            Condition::Creating => "creating",
            Condition::Open => "open",
            Condition::Recovering => "recovering",
            Condition::Clean => "clean",
        };
        let line = format!("{word:<10} group {group:020} owner {:010}\n", process::id());
        self.0.write(&line)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

fn parse(line: &str) -> Option<State> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [word, "group", group, "owner", owner] = words[..] else { return None };
    let condition = match word {
        "creating" => Condition::Creating,
        "open" => Condition::Open,
        "recovering" => Condition::Recovering,
        "clean" => Condition::Clean,
        _ => return None,
    };
    Some(State { condition, group: group.parse().ok()?, owner: owner.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = StateFile::open(folder.path()).unwrap();
        assert_eq!(file.read().unwrap(), None);
        for condition in
            [Condition::Recovering, Condition::Open, Condition::Creating, Condition::Clean]
        {
            file.write(condition, 42).unwrap();
            let state = State { condition, group: 42, owner: process::id() };
            assert_eq!(file.read().unwrap(), Some(state));
        }
    }

    #[test]
    fn damage_is_no_state() {
        for line in ["", "open", "open group x owner 1", "shut group 1 owner 1", "\0\0\0"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
