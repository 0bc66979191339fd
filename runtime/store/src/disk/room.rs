//! Whether there is room to write: asked before an engine writes, because engines keep their first error
//! until they are opened anew.

use std::{io, path::Path};

use rustix::{fs::statvfs, io::Errno};

/// What must be free besides what is written: a share of the disk, within bounds. Engines write more
/// than they are given, and others may write at the same time.
const SHARE: u64 = 32;
const LEAST: u64 = 256 * 1024;
const MOST: u64 = 16 * 1024 * 1024;

/// What is lacking for so many bytes to be written to the disk of a folder, in words; `None` if nothing
/// is.
///
/// # Errors
/// The disk can't be looked at.
pub fn lacking(folder: &Path, bytes: u64) -> io::Result<Option<String>> {
    let disk = statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let all = disk.f_blocks.saturating_mul(disk.f_frsize);
    let needed = (all / SHARE).clamp(LEAST, MOST).saturating_add(bytes);
    let short = free < needed;
    Ok(short.then(|| format!("{free} bytes are free on its disk, and {needed} are needed")))
}

/// Whether an error is one of a shortage, which may pass: of space, of a quota, of open files.
pub fn is_shortage(error: &io::Error) -> bool {
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
        assert!(lacking(folder.path(), u64::MAX).unwrap().is_some());
    }
}
