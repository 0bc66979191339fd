//! The lines of a process, the newest first.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt as _, time::SystemTime};

use super::folder::Former;

/// So much is read at once.
const CHUNK: u64 = 64 << 10;
/// What is longer is no line of ours, and is passed over.
pub(super) const LONGEST: usize = 1 << 20;

/// The lines of a process, the newest first, over all its files.
#[derive(Debug)]
pub(super) struct Backwards {
    file: Option<Lines>,
    /// What comes then, the newest last.
    formers: Vec<Former>,
    /// What was written last before then has nothing of interest.
    since: Option<SystemTime>,
}

impl Backwards {
    /// The lines of the file that is written to, and then of those before, the newest last.
    pub(super) const fn new(
        file: Option<Lines>,
        formers: Vec<Former>,
        since: Option<SystemTime>,
    ) -> Self {
        Self { file, formers, since }
    }

    /// Reads the line before, without its end. A file that can't be read, or is gone meanwhile, has none.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        let line = loop {
            if let Some(Ok(Some(line))) = self.file.as_mut().map(Lines::next) {
                break line;
            }
            let former = self.formers.pop()?;
            if self.since.is_some() && former.written < self.since {
                return None;
            }
            self.file = File::open(former.path).and_then(Lines::of).ok();
        };
        Some(&self.file.as_ref()?.bytes[line])
    }
}

/// The lines of a file, the last first.
#[derive(Debug)]
pub(super) struct Lines {
    file: File,
    /// Where in the file that begins which was read.
    at: u64,
    bytes: Vec<u8>,
    /// How much of it comes yet; it ends with the end of a line, or is broken.
    end: usize,
    /// What stands at the end is no whole line.
    broken: bool,
}

impl Lines {
    /// Those that the file has now. What stands behind the last end of a line is none yet.
    pub(super) fn of(file: File) -> io::Result<Self> {
        let at = file.metadata()?.len();
        let mut lines = Self { file, at, bytes: Vec::new(), end: 0, broken: true };
        while lines.broken {
            match memchr::memrchr(b'\n', &lines.bytes[..lines.end]) {
                Some(newline) => (lines.end, lines.broken) = (newline + 1, false),
                None if lines.at > 0 && lines.end <= LONGEST => lines.fill()?,
                None => {
                    lines.end = 0;
                    break;
                }
            }
        }
        Ok(lines)
    }

    /// Where in the file they end, as far as they haven't been read yet.
    pub(super) const fn end(&self) -> u64 {
        self.at + self.end as u64
    }

    /// Where in `bytes` the line before stands, without its end; none at the begin of the file.
    fn next(&mut self) -> io::Result<Option<Range<usize>>> {
        loop {
            let last = if self.broken { self.end } else { self.end.saturating_sub(1) };
            match memchr::memrchr(b'\n', &self.bytes[..last]) {
                Some(newline) => {
                    self.end = newline + 1;
                    if !std::mem::take(&mut self.broken) {
                        return Ok(Some(newline + 1..last));
                    }
                }
                None if self.at > 0 => {
                    if self.end > LONGEST {
                        (self.end, self.broken) = (0, true);
                    }
                    self.fill()?;
                }
                None => {
                    let line = (self.end > 0 && !self.broken).then_some(0..last);
                    self.end = 0;
                    return Ok(line);
                }
            }
        }
    }

    /// Reads what stands before.
    fn fill(&mut self) -> io::Result<()> {
        let more = self.at.min(CHUNK);
        let mut bytes = vec![0; more as usize];
        self.file.read_exact_at(&mut bytes, self.at - more)?;
        bytes.extend_from_slice(&self.bytes[..self.end]);
        self.bytes = bytes;
        self.at -= more;
        self.end += more as usize;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn backwards(text: &[u8]) -> (Vec<String>, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, text).unwrap();
        let lines = Lines::of(File::open(path).unwrap()).unwrap();
        let end = lines.end();
        let mut all = Backwards::new(Some(lines), Vec::new(), None);
        let mut found = Vec::new();
        while let Some(line) = all.next() {
            found.push(String::from_utf8_lossy(line).into_owned());
        }
        (found, end)
    }

    #[test]
    fn whole_lines_come_the_last_first() {
        assert_eq!(backwards(b""), (vec![], 0));
        assert_eq!(backwards(b"torn"), (vec![], 0));
        assert_eq!(backwards(b"a\n"), (vec!["a".into()], 2));
        assert_eq!(backwards(b"a\n\nbc\ntorn"), (vec!["bc".into(), String::new(), "a".into()], 6));
    }

    #[test]
    fn chunks_leave_no_trace_and_what_is_no_line_is_passed_over() {
        for length in [CHUNK as usize - 1, CHUNK as usize, 200_000] {
            let lines: Vec<_> =
                (0..20).map(|number| format!("{number}{}", "x".repeat(length))).collect();
            let text = lines.join("\n") + "\n";
            let (found, end) = backwards(text.as_bytes());
            assert_eq!(end, text.len() as u64);
            assert!(found.iter().eq(lines.iter().rev()));
        }
        let long = "x".repeat(LONGEST + CHUNK as usize + 1);
        assert_eq!(backwards(format!("a\n{long}\nb\n").as_bytes()).0, ["b", "a"]);
        assert_eq!(backwards(format!("{long}\nb\n").as_bytes()).0, ["b"]);
        let (found, _) = backwards(format!("a\n{long}").as_bytes());
        assert_eq!(found, ["a"]);
    }
}
