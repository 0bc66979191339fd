//! Whether there is room to write: asked before sled writes, because it keeps its first error until
//! it is opened anew.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use super::database::disk_error;
use crate::{StoreError, disk};

/// sled may write a page anew for a small change.
const AMPLIFICATION: u64 = 4;

/// What sled needs to be opened: some files, and a snapshot.
const FILES: usize = 8;
const PROBE: usize = 256 * 1024;

/// Whether `bytes` can be written.
pub(crate) fn check(path: &Path, bytes: usize) -> Result<(), StoreError> {
    let bytes = AMPLIFICATION.saturating_mul(bytes as u64);
    match disk::lacking(path, bytes).map_err(|error| disk_error(&error))? {
        Some(cause) => Err(StoreError::Full { cause }),
        None => Ok(()),
    }
}

/// Whether sled can be opened: by doing what it does, so that a quota shows too.
pub(crate) fn probe(path: &Path) -> Result<(), StoreError> {
    check(path, 0)?;
    let file = path.join("seam.room");
    let tried = (|| {
        let open = (0..FILES).map(|_| File::open(path)).collect::<io::Result<Vec<_>>>()?;
        let mut written = File::create(&file)?;
        written.write_all(&vec![0xA5; PROBE])?;
        written.sync_all()?;
        drop(open);
        Ok(())
    })();
    // It was made by this, and holds nothing.
    let _ = fs::remove_file(&file);
    tried.map_err(|error| disk_error(&error))
}

/// Whether an error is one of a shortage, which may pass: of space, of a quota, of open files.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    // sled's copies of an error have its kind and its text alone.
    disk::is_shortage(error) || error.to_string().contains("Too many open files")
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_shortage_is_told_from_a_failure() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::MFILE, Errno::NFILE] {
            let error = io::Error::from(errno);
            assert!(is_shortage(&error), "{error}");
            // As sled copies it.
            let copy = io::Error::new(error.kind(), format!("{error:?}"));
            assert!(is_shortage(&copy) || errno == Errno::NFILE, "{copy}");
        }
        assert!(!is_shortage(&io::Error::from(Errno::IO)));
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        probe(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(matches!(check(folder.path(), usize::MAX >> 4), Err(StoreError::Full { .. })));
    }
}
