//! Whether there is room to write: asked before the engine writes, because it keeps its first error
//! until it is opened anew.

use std::{io, path::Path};

use rustix::{fs::statvfs, io::Errno};

use crate::LogError;

/// What must be free besides what is written: a share of the disk, within bounds. Others may write at
/// the same time.
const SHARE: u64 = 32;
const LEAST: u64 = 256 * 1024;
const MOST: u64 = 16 * 1024 * 1024;

/// Everything is written to a journal and to a table.
const AMPLIFICATION: u64 = 2;

/// Whether `bytes` can be written, and what is to become a table by then.
pub(crate) fn check(path: &Path, bytes: u64) -> Result<(), LogError> {
    let disk = statvfs(path).map_err(|error| LogError::disk(&error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let all = disk.f_blocks.saturating_mul(disk.f_frsize);
    let needed =
        (all / SHARE).clamp(LEAST, MOST).saturating_add(bytes.saturating_mul(AMPLIFICATION));
    if free >= needed {
        return Ok(());
    }
    let cause = format!("{free} bytes are free on its disk, and {needed} are needed");
    Err(LogError::Full { cause })
}

/// Whether an error is one of a shortage, which may pass: of space, of a quota, of open files.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let short = [Errno::NOSPC, Errno::DQUOT, Errno::MFILE, Errno::NFILE];
    let by_number = error
        .raw_os_error()
        .is_some_and(|raw| short.iter().any(|errno| errno.raw_os_error() == raw));
    let by_kind = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    by_number || by_kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_told_from_a_failure() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::MFILE, Errno::NFILE] {
            let error = io::Error::from(errno);
            assert!(is_shortage(&error), "{error}");
        }
        assert!(!is_shortage(&io::Error::from(Errno::IO)));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(check(folder.path(), u64::MAX), Err(LogError::Full { .. })));
    }
}
