//! The file that a process writes its lines to, and how the oldest make room for the newest.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{folder, line::LONGEST};

/// So many files hold what is kept: at least all but one of these shares.
const SHARES: u64 = 8;

/// How much of a process's lines is kept, in bytes; may be changed while it writes. 0: nothing is
/// written.
#[derive(Clone, Debug)]
pub struct Keep(Arc<AtomicU64>);

impl Keep {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// So many from now on.
    pub fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// How many.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where a process writes its lines, by whole lines.
///
/// It is opened with the first line, and the folder made. Who can't write is told, and tries again with
/// the next lines.
#[derive(Debug)]
pub struct LogFile {
    folder: PathBuf,
    process: String,
    keep: Keep,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Whether no other process writes to it: then its end may be cut off.
    alone: bool,
    /// Whether it ends within a line.
    torn: bool,
}

impl LogFile {
    /// The lines of `process` in `folder`, e.g. `pay` or `pay.1`.
    pub fn new(folder: impl Into<PathBuf>, process: impl Into<String>, keep: Keep) -> Self {
        Self { folder: folder.into(), process: process.into(), keep, open: None }
    }

    /// What it is written to now.
    fn open(&mut self) -> io::Result<&mut Open> {
        // Somebody may have removed it.
        if let Some(open) = self.open.take().filter(Open::is_there) {
            return Ok(self.open.insert(open));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = folder::current(&self.folder, &self.process);
        let file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        // Held for as long as it is open. Nobody should hold it who isn't about to end.
        let alone = file.try_lock().is_ok();
        let mut open = Open { file, alone, torn: false };
        open.mend()?;
        Ok(self.open.insert(open))
    }

    /// Goes on in a new file, and removes the oldest.
    fn rotate(&mut self, share: u64) -> io::Result<()> {
        let formers = folder::formers(&self.folder, &self.process);
        let number = formers.last().map_or(1, |last| last.number + 1);
        let current = folder::current(&self.folder, &self.process);
        let former = folder::former(&self.folder, &self.process, number);
        self.open = None;
        fs::rename(current, former)?;
        let formers = folder::formers(&self.folder, &self.process);
        let mut bytes: u64 = formers.iter().map(|former| former.bytes).sum();
        for former in formers {
            if bytes + share <= self.keep.bytes() {
                break;
            }
            fs::remove_file(&former.path)?;
            bytes -= former.bytes;
        }
        Ok(())
    }

    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        let share = (self.keep.bytes() / SHARES).max(LONGEST as u64);
        let length = self.open()?.length()?;
        if length > 0 && length + lines.len() as u64 > share {
            self.rotate(share)?;
        }
        self.open()?.put(lines)
    }
}

impl Open {
    fn is_there(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Sees to it that the next line begins as one, after a process that was killed while it wrote.
    fn mend(&mut self) -> io::Result<()> {
        let length = self.length()?;
        let from = length.saturating_sub(LONGEST as u64);
        let mut end = vec![0; (length - from) as usize];
        self.file.read_exact_at(&mut end, from)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole == end.len() {
            return Ok(());
        }
        match self.alone {
            true => self.file.set_len(from + whole as u64),
            false => {
                self.torn = true;
                Ok(())
            }
        }
    }

    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        let length = self.length()?;
        self.file.write_all(lines).inspect_err(|_| {
            // No half a line stays.
            self.torn = !self.alone || self.file.set_len(length).is_err();
        })
    }
}

/// Whole lines, all of them or none.
impl Write for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.keep.bytes() > 0 {
            self.put(lines)?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::small::SmallDisk;

    /// The lines of all files, in order, and how many bytes they are.
    fn lines(folder: &Path, process: &str) -> (Vec<String>, u64) {
        let formers = folder::formers(folder, process).into_iter().map(|former| former.path);
        let text: String = formers
            .chain([folder::current(folder, process)])
            .map(|path| fs::read_to_string(path).unwrap_or_default())
            .collect();
        (text.lines().map(str::to_owned).collect(), text.len() as u64)
    }

    #[test]
    fn what_is_kept_stays_within_its_bounds_and_is_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::new(1 << 20);
        let mut file = LogFile::new(folder.path(), "pay", keep.clone());
        let line = |number: u32| format!("{number:>99}\n");
        for number in 0..30_000 {
            file.write_all(line(number).as_bytes()).unwrap();
            if number % 1_000 == 0 {
                assert!(lines(folder.path(), "pay").1 <= 1 << 20);
            }
        }
        let (kept, bytes) = lines(folder.path(), "pay");
        assert!((3 << 18..=1 << 20).contains(&bytes), "{bytes} bytes");
        let first = 30_000 - kept.len() as u32;
        assert!(kept.iter().zip(first..).all(|(kept, number)| *kept == line(number).trim_end()));

        // Another bound holds from the next file on.
        keep.set(1 << 19);
        (0..1_500).for_each(|number| file.write_all(line(number).as_bytes()).unwrap());
        assert!(lines(folder.path(), "pay").1 <= 1 << 19);
        keep.set(0);
        let before = lines(folder.path(), "pay");
        file.write_all(b"nothing\n").unwrap();
        assert_eq!(lines(folder.path(), "pay"), before);
    }

    #[test]
    fn a_line_that_was_cut_off_by_a_kill_is_gone_and_the_next_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pay.jsonl");
        fs::write(&path, "whole\n{\"half").unwrap();
        let mut file = LogFile::new(folder.path(), "pay", Keep::new(1 << 20));
        file.write_all(b"next\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nnext\n");
        // Another process beside it cuts nothing off.
        File::options().append(true).open(&path).unwrap().write_all(b"{\"half").unwrap();
        let mut other = LogFile::new(folder.path(), "pay", Keep::new(1 << 20));
        other.write_all(b"other\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nnext\n{\"half\nother\n");
    }

    #[test]
    fn a_file_that_is_removed_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("logs");
        let mut file = LogFile::new(&folder, "pay", Keep::new(1 << 20));
        file.write_all(b"one\n").unwrap();
        fs::remove_dir_all(&folder).unwrap();
        file.write_all(b"two\n").unwrap();
        assert_eq!(lines(&folder, "pay").0, ["two"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("pay.jsonl"))), (0o700, 0o600));
    }

    #[test]
    fn a_full_disk_is_told_leaves_no_half_line_and_is_over_when_it_is_over() {
        let Some(disk) = SmallDisk::mount("tmpfs", 2) else { return };
        let folder = disk.at().join("logs");
        let mut file = LogFile::new(&folder, "pay", Keep::new(1 << 20));
        file.write_all(b"one\n").unwrap();
        let line = [&[b'x'; 10_000][..], b"\n"].concat();
        for _ in 0..2 {
            disk.fill();
            // What was given to the file before may take one.
            while file.write_all(&line).is_ok() {}
            assert!(file.write_all(&line).is_err());
            disk.free();
            file.write_all(b"two\n").unwrap();
        }
        let (lines, _) = lines(&folder, "pay");
        let whole =
            |line: &&String| ["one", "two"].contains(&line.as_str()) || line.len() == 10_000;
        assert_eq!(lines.iter().filter(whole).count(), lines.len());
        assert_eq!(lines.iter().filter(|line| *line == "two").count(), 2);
    }
}
