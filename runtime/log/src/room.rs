//! Whether there is room to write: asked before the engine writes, because it keeps its first error
//! until it is opened anew.

use std::path::Path;

use seam_store::disk;

use crate::LogError;

/// Everything is written to a journal and to a table.
const AMPLIFICATION: u64 = 2;

/// Whether `bytes` can be written, and what is to become a table by then.
pub(crate) fn check(path: &Path, bytes: u64) -> Result<(), LogError> {
    let lacking = disk::lacking(path, bytes.saturating_mul(AMPLIFICATION));
    match lacking.map_err(|error| LogError::disk(&error))? {
        Some(cause) => Err(LogError::Full { cause }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_a_shortage() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(check(folder.path(), u64::MAX), Err(LogError::Full { .. })));
    }
}
