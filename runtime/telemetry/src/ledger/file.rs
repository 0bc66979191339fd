//! The file that a unit writes its ledger to: a line for each entry, and another one for each change of it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{book::Book, entry::Entry, folder};

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 << 10;
/// So many bytes of a file may be of no use any more, beside as many as are.
const SLACK: u64 = 1 << 20;

/// The file that a unit writes its ledger to. A line is in the system's hands once it is written: it
/// survives the death of its process.
///
/// It is opened with the first line, and the folder made. Who can't write is told; with the next change
/// all is written anew, so that a disk that was full has everything again.
#[derive(Debug)]
pub struct LedgerFile {
    path: PathBuf,
    open: Option<File>,
    /// Whether something in the book isn't in the file.
    behind: bool,
}

impl LedgerFile {
    /// That of `process`, e.g. `pay` or `pay.1`, in a data folder.
    pub fn new(data: &Path, process: &str) -> Self {
        let path = folder::path(&data.join(folder::FOLDER), process);
        Self { path, open: None, behind: false }
    }

    /// Reads what is there into a book. What no process has written whole is passed over.
    ///
    /// # Errors
    /// It can't be read.
    pub fn load(&self, book: &mut Book) -> io::Result<()> {
        load(&self.path, |entry| book.put(&entry))
    }

    /// Whether something couldn't be written yet.
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Writes changed entries, which are in the book already.
    ///
    /// # Errors
    /// They aren't in the file yet.
    pub fn write(&mut self, changed: &[Entry], book: &Book) -> io::Result<()> {
        let written = self.try_write(changed, book);
        self.behind = written.is_err();
        if self.behind {
            self.open = None;
        }
        written
    }

    fn try_write(&mut self, changed: &[Entry], book: &Book) -> io::Result<()> {
        if self.behind {
            return self.write_anew(book);
        }
        let mut lines = Vec::new();
        for entry in changed {
            lines.extend(entry.line()?);
        }
        if lines.is_empty() {
            return Ok(());
        }
        let file = self.open()?;
        let length = file.metadata()?.len();
        if length + lines.len() as u64 > 2 * book.size() as u64 + SLACK {
            return self.write_anew(book);
        }
        file.write_all(&lines).inspect_err(|_| {
            // Nothing that is half a line stays; if that fails, it is passed over by who reads.
            let _ = file.set_len(length);
        })
    }

    /// What it is written to now.
    fn open(&mut self) -> io::Result<&mut File> {
        // Somebody may have removed it.
        let is_there = |file: &File| file.metadata().is_ok_and(|known| known.nlink() > 0);
        if let Some(open) = self.open.take().filter(is_there) {
            return Ok(self.open.insert(open));
        }
        self.make_folder()?;
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&self.path)?;
        mend(&mut file)?;
        Ok(self.open.insert(file))
    }

    fn make_folder(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// Writes all of the book beside the file, and puts it in its place.
    fn write_anew(&mut self, book: &Book) -> io::Result<()> {
        self.make_folder()?;
        let beside = self.path.with_extension("new");
        let written = self.write_beside(&beside, book);
        if written.is_err() {
            // It would only take room.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn write_beside(&mut self, beside: &Path, book: &Book) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = io::BufWriter::new(options.open(beside)?);
        for entry in book.iter() {
            file.write_all(&entry.line()?)?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(beside, &self.path)?;
        self.open = None;
        Ok(())
    }
}

/// Sees to it that the next line begins as one, after a process that was killed while it wrote.
fn mend(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads the entries of a file, the oldest first; none if it isn't there. A later one of the same id takes
/// the place of the one before. What is none is passed over.
pub(super) fn load(path: &Path, mut each: impl FnMut(Entry)) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        // One that is too long is several that are none.
        if let Ok(entry) = serde_json::from_slice(&line) {
            each(entry);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::{entry::Found, folder::read};
    use super::*;
    use crate::small::SmallDisk;

    pub(in crate::ledger) fn entry(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            at: format!("2026-11-28T12:00:00.{:0>3}Z", id.len()),
            trace_id: "t".repeat(32),
            caller: "order".into(),
            callee: "payment.charge".into(),
            code: "deadline_exceeded".into(),
            arguments: json!({ "order": 7, "amount": 900 }),
            state: Default::default(),
            found: None,
            note: None,
        }
    }

    fn book() -> Book {
        Book::new(100_000, 32 << 20)
    }

    fn reloaded(file: &LedgerFile) -> Vec<Entry> {
        let mut book = book();
        file.load(&mut book).unwrap();
        book.iter().collect()
    }

    #[test]
    fn what_is_written_is_there_after_the_process_is_killed_within_a_line() {
        let data = tempfile::tempdir().unwrap();
        let (mut file, mut book) = (LedgerFile::new(data.path(), "front"), book());
        assert!(reloaded(&file).is_empty() && read(data.path(), 9).unwrap().is_empty());
        for id in ["a", "bb"] {
            book.put(&entry(id));
            file.write(&[entry(id)], &book).unwrap();
        }
        let found = book.found("a", Found::Answered).unwrap();
        file.write(std::slice::from_ref(&found), &book).unwrap();
        assert_eq!(reloaded(&file), [found.clone(), entry("bb")]);
        // Killed at each byte of the next line.
        let whole = fs::read(&file.path).unwrap();
        let line = entry("ccc").line().unwrap();
        for cut in 0..line.len() {
            fs::write(&file.path, [&whole, &line[..cut]].concat()).unwrap();
            let mut again = LedgerFile::new(data.path(), "front");
            let mut kept = reloaded(&again);
            // What lacks its end alone is whole.
            kept.retain(|entry| entry.id != "ccc");
            assert_eq!(kept, [found.clone(), entry("bb")]);
            again.write(&[entry("dddd")], &book).unwrap();
            assert_eq!(reloaded(&again).last(), Some(&entry("dddd")), "cut at {cut}");
        }
        let newest: Vec<_> = read(data.path(), 2).unwrap();
        let newest: Vec<_> = newest.iter().map(|(unit, entry)| (&**unit, &*entry.id)).collect();
        assert_eq!(newest[0], ("front", "dddd"));
        assert_eq!(newest.len(), 2);
    }

    #[test]
    fn what_is_no_entry_is_passed_over() {
        let data = tempfile::tempdir().unwrap();
        let mut file = LedgerFile::new(data.path(), "front");
        let mut book = book();
        book.put(&entry("a"));
        file.write(&[entry("a")], &book).unwrap();
        let mut bytes = fs::read(&file.path).unwrap();
        bytes.extend(b"{}\n\xff\xfe\0\n[1]\n");
        bytes.extend(vec![b'x'; LONGEST * 3]);
        bytes.push(b'\n');
        bytes.extend(entry("b").line().unwrap());
        fs::write(&file.path, bytes).unwrap();
        assert_eq!(reloaded(&file), [entry("a"), entry("b")]);
    }

    #[test]
    fn a_file_holds_at_most_twice_what_is_in_the_book() {
        let data = tempfile::tempdir().unwrap();
        let (mut file, mut book) = (LedgerFile::new(data.path(), "front"), Book::new(50, 1 << 20));
        for number in 0..10_000 {
            let entry = entry(&number.to_string());
            book.put(&entry);
            file.write(&[entry], &book).unwrap();
        }
        let length = fs::metadata(&file.path).unwrap().len();
        assert!(length <= 2 * book.size() as u64 + SLACK, "{length}");
        let mut kept = Book::new(50, 1 << 20);
        file.load(&mut kept).unwrap();
        assert!(kept.iter().eq(book.iter()));
        // Removed under it: the next change begins it anew.
        fs::remove_file(&file.path).unwrap();
        file.write(&[entry("x")], &book).unwrap();
        assert_eq!(reloaded(&file), [entry("x")]);
    }

    #[test]
    fn a_full_disk_loses_nothing_that_is_in_the_book() {
        let Some(disk) = SmallDisk::mount("tmpfs", 1) else { return };
        let data = &disk.at();
        let (mut file, mut book) = (LedgerFile::new(data, "front"), book());
        book.put(&entry("a"));
        file.write(&[entry("a")], &book).unwrap();
        disk.fill();
        let mut refused = 0;
        for number in 0..100 {
            let entry = entry(&format!("b{number}"));
            book.put(&entry);
            refused += u32::from(file.write(&[entry], &book).is_err());
        }
        assert!(refused > 0 && file.is_behind());
        disk.free();
        file.write(&[], &book).unwrap();
        assert!(!file.is_behind());
        assert!(reloaded(&file).into_iter().eq(book.iter()));
    }
}
