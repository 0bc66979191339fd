//! The file: appended to by several processes, each line on disk before it counts, bounded by rotation.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::AuditEntry;

/// A file that is longer, in bytes, is put aside.
const LONGEST: u64 = 8 << 20;
/// How many files are kept beside the one that is written: the oldest goes.
const KEPT: u32 = 4;

/// The audit of an app: `audit.jsonl` in its data folder, and `audit.1.jsonl` to `audit.4.jsonl`, the
/// older the larger, of 8 MiB each.
#[derive(Debug)]
pub struct Audit {
    folder: PathBuf,
    longest: u64,
}

impl Audit {
    /// That of what has its data there. Nothing is made yet.
    pub fn new(data: &Path) -> Self {
        Self { folder: data.to_owned(), longest: LONGEST }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join("audit.jsonl")
    }

    fn older(&self, number: u32) -> PathBuf {
        self.folder.join(format!("audit.{number}.jsonl"))
    }

    /// Whether it can be written, as far as that can be known beforehand. Blocks.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn try_open(&self) -> io::Result<()> {
        self.open().map(drop)
    }

    /// Adds an entry; done once it is on disk. Blocks.
    ///
    /// # Errors
    /// It can't be written.
    pub fn append(&self, entry: &AuditEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut file = self.locked()?;
        // Who was killed while it wrote has left half a line.
        if !ends_whole(&mut file)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line)?;
        file.sync_data()
    }

    /// The newest entries, the oldest of them first. Blocks.
    ///
    /// # Errors
    /// It can't be read.
    pub fn newest(&self, limit: usize) -> io::Result<Vec<AuditEntry>> {
        let files = std::iter::once(self.path()).chain((1..=KEPT).map(|number| self.older(number)));
        let mut newest = Vec::new();
        for path in files {
            let text = match fs::read(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let lines = text.split(|byte| *byte == b'\n').rev();
            // Half a line is none.
            let entries = lines.filter_map(|line| serde_json::from_slice(line).ok());
            newest.extend(entries.take(limit - newest.len()));
            if newest.len() >= limit {
                break;
            }
        }
        newest.reverse();
        Ok(newest)
    }

    fn open(&self) -> io::Result<File> {
        File::options().create(true).append(true).read(true).mode(0o600).open(self.path())
    }

    /// The file, held for this process alone, with room for a line.
    fn locked(&self) -> io::Result<File> {
        loop {
            let file = self.open()?;
            file.lock()?;
            // Another process may have put it aside meanwhile.
            match fs::metadata(self.path()) {
                Ok(there) if there.ino() == file.metadata()?.ino() => {}
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            if file.metadata()?.len() < self.longest {
                return Ok(file);
            }
            self.put_aside()?;
        }
    }

    /// Called by who holds the file.
    fn put_aside(&self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            match fs::rename(self.older(number), self.older(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(self.path(), self.older(1))?;
        File::open(&self.folder)?.sync_all()
    }
}

/// Whether a file is empty, or ends with its line.
fn ends_whole(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::acts::Deed;
    use crate::auth::{Role, Who};
    use crate::steering::Judged;

    fn entry(target: &str) -> AuditEntry {
        let who = Who::new("ada", Role::Operator);
        let judged = Judged::new("done");
        AuditEntry::new(&who, Deed::new("drain", target), judged)
    }

    fn targets(audit: &Audit, limit: usize) -> Vec<String> {
        audit.newest(limit).unwrap().into_iter().map(|entry| entry.target).collect()
    }

    #[test]
    fn entries_come_back_and_half_a_line_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::new(folder.path());
        assert!(targets(&audit, 9).is_empty());
        audit.append(&entry("pay")).unwrap();
        let mut file = File::options().append(true).open(audit.path()).unwrap();
        file.write_all(b"{\"at\":\"2026").unwrap();
        audit.append(&entry("front")).unwrap();
        assert_eq!(targets(&audit, 9), ["pay", "front"]);
        assert_eq!(targets(&audit, 1), ["front"]);
        assert!(targets(&audit, 0).is_empty());
        let mode = fs::metadata(audit.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn it_is_bounded_by_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit { longest: 1000, ..Audit::new(folder.path()) };
        for number in 0..100 {
            audit.append(&entry(&number.to_string())).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
        let newest = targets(&audit, 1000);
        assert!((20..60).contains(&newest.len()), "{}", newest.len());
        let expected: Vec<_> = (100 - newest.len()..100).map(|number| number.to_string()).collect();
        assert_eq!(newest, expected, "none is missing in between");
    }

    #[test]
    fn several_write_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    let audit = Audit { longest: 10_000, ..Audit::new(path) };
                    (0..50).for_each(|_| audit.append(&entry("pay")).unwrap());
                });
            }
        });
        assert_eq!(Audit::new(path).newest(1000).unwrap().len(), 200);
    }

    #[test]
    fn a_long_value_is_cut() {
        let who = Who::new("ada", Role::Operator);
        let deed = Deed::new("set", "ä".repeat(9000)).to("x".repeat(9000).into());
        let entry = AuditEntry::new(&who, deed, Judged::new("done"));
        assert!(serde_json::to_vec(&entry).unwrap().len() < 9000);
    }
}
