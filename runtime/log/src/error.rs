//! What can go wrong, and what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

use seam_store::disk;
use thiserror::Error;

use crate::Position;

/// Why a log wasn't opened, read or appended to.
///
/// After [`Full`](Self::Full), [`Disk`](Self::Disk) and [`Poisoned`](Self::Poisoned) an append's
/// records may be on disk or not; nobody reads them before they are. Append them again: what is there
/// is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LogError {
    /// Another process, or another [`Log`](crate::Log) of this one, has it open.
    #[error(
        "{} owns the log {}, and one process owns a log at a time: \
         stop that one, or give this one another data folder",
        owner.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}")),
        path.display()
    )]
    Locked {
        /// The log's folder.
        path: PathBuf,
        /// The owner's process id, where it is known.
        owner: Option<u32>,
    },
    /// The files are damaged, or hold less than was acknowledged.
    #[error(
        "the log {} is damaged: {cause}. Nothing was given up. Stop the app, move the folder away, \
         and put a backup in its place",
        path.display()
    )]
    Corrupt {
        /// The log's folder.
        path: PathBuf,
        /// What was found.
        cause: String,
    },
    /// The operating system refused to open it: permissions, space, a broken disk.
    #[error(
        "can't {action} {}: {cause}. Check the folder's owner, its permissions and the free space",
        path.display()
    )]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's words.
        cause: String,
    },
    /// A record's position isn't the one after the record before it. Nothing of the append was
    /// written.
    #[error("a record has position {position}, and the next is {expected}: append in order")]
    Gap {
        /// The position that must come next.
        expected: Position,
        /// The one that came.
        position: Position,
    },
    /// A record, or a part of it, or an append beyond its limit.
    #[error("a {what} of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// `"topic"`, `"key"`, `"header"`, `"body"` or `"append"`.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The log doesn't go back that far any more.
    #[error("position {from} was trimmed away: the log begins at {first}")]
    Trimmed {
        /// The position that was asked for.
        from: Position,
        /// The first that is left.
        first: Position,
    },
    /// There is no room for the append: the disk, a quota or the open files. Reads go on, and so do
    /// appends once there is room.
    #[error("the log has no room to write: {cause}. Free some, and it goes on by itself")]
    Full {
        /// The operating system's words.
        cause: String,
    },
    /// The disk failed a read, or a write before any of it was acknowledged.
    #[error("the disk failed: {cause}")]
    Disk {
        /// The operating system's words.
        cause: String,
    },
    /// An append of before, or this one, couldn't be brought to disk, so none is taken any more.
    #[error(
        "the log takes no more appends, for it can't bring them to disk: {cause}. \
         Mend the disk, then restart"
    )]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    /// All that [`code`](Self::code) may say.
    pub const CODES: &'static [&'static str] = &[
        "log_locked",
        "log_corrupt",
        "log_io",
        "log_gap",
        "log_too_large",
        "log_trimmed",
        "log_full",
        "log_disk",
        "log_poisoned",
        "log_closed",
    ];

    /// The error's stable name for programs; one of [`CODES`](Self::CODES).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "log_locked",
            Self::Corrupt { .. } => "log_corrupt",
            Self::Io { .. } => "log_io",
            Self::Gap { .. } => "log_gap",
            Self::TooLarge { .. } => "log_too_large",
            Self::Trimmed { .. } => "log_trimmed",
            Self::Full { .. } => "log_full",
            Self::Disk { .. } => "log_disk",
            Self::Poisoned { .. } => "log_poisoned",
            Self::Closed => "log_closed",
        }
    }

    /// Whether it is a passing shortage: the same append may do once there is room.
    pub const fn is_shortage(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    pub(crate) fn corrupt(path: &Path, cause: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), cause: cause.into() }
    }

    /// An error of the operating system while the log is in use.
    pub(crate) fn disk(error: &io::Error) -> Self {
        let cause = error.to_string();
        if disk::is_shortage(error) { Self::Full { cause } } else { Self::Disk { cause } }
    }
}

/// Wraps an error with what was done to which file, while the log is opened.
pub(crate) fn failed<'p>(
    action: &'static str,
    path: &'p Path,
) -> impl FnOnce(io::Error) -> LogError + use<'p> {
    move |error| LogError::Io { action, path: path.to_owned(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed() {
        let (path, cause) = (PathBuf::new, String::new);
        let each = [
            LogError::Locked { path: path(), owner: None },
            LogError::Corrupt { path: path(), cause: cause() },
            LogError::Io { action: "open", path: path(), cause: cause() },
            LogError::Gap { expected: 1, position: 2 },
            LogError::TooLarge { what: "body", size: 2, limit: 1 },
            LogError::Trimmed { from: 1, first: 2 },
            LogError::Full { cause: cause() },
            LogError::Disk { cause: cause() },
            LogError::Poisoned { cause: cause() },
            LogError::Closed,
        ];
        assert_eq!(each.map(|error| error.code()), LogError::CODES);
    }
}
