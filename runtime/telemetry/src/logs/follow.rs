//! Lines as they come, of all processes.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::{
    LogEntry, Query,
    backwards::{Backwards, LONGEST, Lines},
    filter::Filter,
    folder,
    query::{Source, newest},
};

/// So much of a process is read at once.
const CHUNK: usize = 1 << 20;

/// Lines as they come, of all processes: of those that run, and of those that begin to. Reads files,
/// and blocks for as long as that takes.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    filter: Filter,
    tails: BTreeMap<String, Tail>,
}

/// The end of what a process has written.
#[derive(Debug, Default)]
struct Tail {
    /// What is read now, and from where; none if it isn't there.
    file: Option<(File, u64)>,
    /// The begin of a line whose end isn't there yet.
    begun: Vec<u8>,
    /// That line is too long to be one.
    broken: bool,
}

impl Follower {
    /// The newest lines that are asked for, as [`query`](super::query) finds them, and whoever tells of
    /// those that come: none is missed between them, and none comes twice.
    pub fn begin(folder: &Path, query: &Query) -> (Vec<LogEntry>, Self) {
        let filter = Filter::new(query);
        let (mut sources, mut tails) = (Vec::new(), BTreeMap::new());
        for files in folder::open(folder) {
            let following = files.current.as_ref().and_then(|file| file.try_clone().ok());
            let lines = files.current.and_then(|file| Lines::of(file).ok());
            let from = lines.as_ref().map_or(0, Lines::end);
            let file = following.map(|file| (file, from));
            tails.insert(files.process, Tail { file, ..Tail::default() });
            let lines = Backwards::new(lines, files.formers, filter.since());
            sources.push(Source::new(lines, &filter));
        }
        let found = newest(sources, &filter);
        (found, Self { folder: folder.to_owned(), filter, tails })
    }

    /// What has come since the last time, in order of time. Much of it comes at several times.
    pub fn poll(&mut self) -> Vec<LogEntry> {
        let mut found = Vec::new();
        for process in folder::all(&self.folder).into_keys() {
            let tail = self.tails.entry(process.clone()).or_insert_with(|| {
                // A process that wasn't there before.
                let first = folder::formers(&self.folder, &process).into_iter().next();
                let first = first.and_then(|former| File::open(former.path).ok());
                Tail { file: first.map(|file| (file, 0)), ..Tail::default() }
            });
            tail.read(&self.folder, &process, |line| found.extend(self.filter.read(line)));
        }
        found.sort_by(|one, other| one.at().cmp(other.at()));
        found
    }
}

impl Tail {
    /// Reads what has come, up to about a chunk.
    fn read(&mut self, folder: &Path, process: &str, mut tell: impl FnMut(&[u8])) {
        let (mut bytes, mut read) = (Vec::new(), 0);
        while read < CHUNK {
            let Some((file, from)) = &mut self.file else {
                let Ok(file) = File::open(folder::current(folder, process)) else { return };
                self.file = Some((file, 0));
                continue;
            };
            // Asked before it is read: what is a former file then has all of its lines.
            let next = Self::next(folder, process, file);
            let length = file.metadata().map_or(0, |known| known.len()).saturating_sub(*from);
            // Mostly there is little or nothing.
            bytes.resize(usize::try_from(length).unwrap_or(CHUNK).min(CHUNK), 0);
            let some = file.read_at(&mut bytes, *from).unwrap_or(0);
            *from += some as u64;
            read += some;
            self.take(&bytes[..some], &mut tell);
            match next {
                Some(next) if some == 0 => {
                    // What was begun there has no end.
                    self.begun.clear();
                    self.broken = false;
                    self.file = next.map(|file| (file, 0));
                }
                None if some == 0 => return,
                _ => {}
            }
        }
    }

    /// If the file is written to no more: the one after it, or none if that is the current one.
    fn next(folder: &Path, process: &str, file: &File) -> Option<Option<File>> {
        let here = folder::identity(file);
        let current = File::open(folder::current(folder, process)).ok()?;
        if folder::identity(&current) == here {
            return None;
        }
        let formers = folder::formers(folder, process);
        let at = formers.iter().position(|former| Some(former.identity) == here);
        // If it is gone, so are some of those after it: the oldest is the next.
        let next = formers.get(at.map_or(0, |at| at + 1));
        Some(next.and_then(|former| File::open(&former.path).ok()))
    }

    fn take(&mut self, mut bytes: &[u8], tell: &mut impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            match (self.begun.is_empty(), std::mem::take(&mut self.broken)) {
                (_, true) => {}
                (true, _) => tell(line),
                (false, _) => {
                    self.begun.extend_from_slice(line);
                    tell(&self.begun);
                }
            }
            self.begun.clear();
            bytes = rest;
        }
        if self.begun.len() + bytes.len() > LONGEST {
            self.begun.clear();
            self.broken = true;
        }
        if !self.broken {
            self.begun.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::super::{Keep, Level, LogFile};
    use super::*;

    fn line(unit: &str, number: usize) -> String {
        LogEntry::new(Level::Info, unit, None).with("message", number.to_string()).line()
    }

    fn told(found: &[LogEntry]) -> Vec<usize> {
        found.iter().map(|entry| entry.message().parse().unwrap()).collect()
    }

    fn poll_all(follower: &mut Follower) -> Vec<usize> {
        let mut all = Vec::new();
        loop {
            match told(&follower.poll()) {
                found if found.is_empty() => return all,
                found => all.extend(found),
            }
        }
    }

    #[test]
    fn lines_are_followed_over_files_and_none_is_missed_or_comes_twice() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = LogFile::new(folder.path(), "pay", Keep::new(4 << 20));
        let mut write = |numbers: std::ops::Range<usize>| {
            numbers.for_each(|number| file.write_all(line("pay", number).as_bytes()).unwrap());
        };
        write(0..10_000);
        let query = Query { limit: 3, ..Query::default() };
        let (newest, mut follower) = Follower::begin(folder.path(), &query);
        assert_eq!(told(&newest), [9_997, 9_998, 9_999]);
        assert_eq!(follower.poll(), []);
        // Several files, before it looks again.
        write(10_000..30_000);
        assert!(folder::formers(folder.path(), "pay").len() > 2);
        assert!(poll_all(&mut follower).into_iter().eq(10_000..30_000));
        write(30_000..30_002);
        assert_eq!(told(&follower.poll()), [30_000, 30_001]);
        assert_eq!(follower.poll(), []);
    }

    #[test]
    fn a_line_comes_once_its_end_is_there_and_new_processes_are_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pay.jsonl");
        let (one, two) = (line("pay", 1), line("pay", 2));
        let (begin, end) = two.split_at(20);
        fs::write(&path, format!("{one}{begin}")).unwrap();
        let (newest, mut follower) = Follower::begin(folder.path(), &Query::default());
        assert_eq!((told(&newest), follower.poll()), (vec![1], vec![]));
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(&end.as_bytes()[..5]).unwrap();
        assert_eq!(follower.poll(), []);
        file.write_all(&end.as_bytes()[5..]).unwrap();
        assert_eq!(told(&follower.poll()), [2]);

        let long = vec![b'x'; 2 * LONGEST];
        file.write_all(&long).unwrap();
        assert!(poll_all(&mut follower).is_empty());
        file.write_all(format!("\n{}", line("pay", 3)).as_bytes()).unwrap();
        fs::write(folder.path().join("new@000001.jsonl"), line("new", 4)).unwrap();
        fs::write(folder.path().join("new.jsonl"), line("new", 5)).unwrap();
        let mut found = poll_all(&mut follower);
        found.sort_unstable();
        assert_eq!(found, [3, 4, 5]);
    }

    #[test]
    fn who_is_too_slow_goes_on_with_the_oldest_that_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = LogFile::new(folder.path(), "pay", Keep::new(1 << 20));
        let mut write = |numbers: std::ops::Range<usize>| {
            numbers.for_each(|number| file.write_all(line("pay", number).as_bytes()).unwrap());
        };
        write(0..1);
        let (_, mut follower) = Follower::begin(folder.path(), &Query::default());
        write(1..20_000);
        let found = poll_all(&mut follower);
        // The rest of the file that it had open, and what is left.
        assert_eq!(found[0], 1);
        assert_eq!(found.last(), Some(&19_999));
        assert!(found.is_sorted() && found.len() < 19_999);
    }
}
