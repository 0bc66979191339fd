//! The newest lines of all processes, in order of time.

use std::path::Path;

use super::{
    LogEntry, Query,
    backwards::{Backwards, Lines},
    filter::Filter,
    folder,
};

/// So much text is collected at most, whatever the limit.
const MOST: usize = 32 << 20;
/// A process's lines are looked through until one was written so much before what is asked for, in
/// seconds: the clock may have been put back, and threads overtake each other.
const SLACK: u64 = 60;

/// The newest lines that are asked for, in order of time, out of the files in `folder`: that is
/// `<data>/logs`. Nobody has to run. Reads files, and blocks for as long as that takes.
///
/// What is no whole line is passed over, and so are files that can't be read.
pub fn query(folder: &Path, query: &Query) -> Vec<LogEntry> {
    let filter = Filter::new(query);
    let sources = folder::open(folder).into_iter().map(|files| {
        let lines = files.current.and_then(|file| Lines::of(file).ok());
        Source::new(Backwards::new(lines, files.formers, filter.since()), &filter)
    });
    newest(sources.collect(), &filter)
}

/// The lines of a process that are asked for, the newest first.
#[derive(Debug)]
pub(super) struct Source {
    lines: Backwards,
    next: Option<(LogEntry, usize)>,
    /// Nothing of interest was written before.
    until: Option<String>,
}

impl Source {
    pub(super) fn new(lines: Backwards, filter: &Filter) -> Self {
        let slack = std::time::Duration::from_secs(SLACK);
        let until = filter.since().and_then(|since| since.checked_sub(slack));
        let mut source = Self { lines, next: None, until: until.map(super::time::written) };
        source.advance(filter);
        source
    }

    /// When its next line was written.
    fn at(&self) -> &str {
        self.next.as_ref().map_or("", |(entry, _)| entry.at())
    }

    fn advance(&mut self, filter: &Filter) {
        self.next = None;
        while let Some(line) = self.lines.next() {
            let begins = |until: &String| time_of(line).is_some_and(|at| at < until.as_bytes());
            if self.until.as_ref().is_some_and(begins) {
                return;
            }
            if let Some(entry) = filter.read(line) {
                self.next = Some((entry, line.len()));
                return;
            }
        }
    }
}

/// When a line of ours was written, without reading all of it.
fn time_of(line: &[u8]) -> Option<&[u8]> {
    let at = line.strip_prefix(b"{\"timestamp\":\"")?;
    at.get(..memchr::memchr(b'"', at)?)
}

/// The newest of all sources, in order of time.
pub(super) fn newest(mut sources: Vec<Source>, filter: &Filter) -> Vec<LogEntry> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < filter.limit() {
        let next = sources.iter_mut().filter(|source| source.next.is_some());
        // The later source of two at one time, so that they stand in the order of their names.
        let next = next.max_by(|one, other| one.at().cmp(other.at()));
        let Some(source) = next else { break };
        let Some((entry, length)) = source.next.take() else { break };
        bytes += length;
        if bytes > MOST {
            break;
        }
        found.push(entry);
        source.advance(filter);
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Write as _,
        time::{Duration, SystemTime},
    };

    use super::super::{Keep, Level, LogFile, time};
    use super::*;

    const BEGIN: u64 = 1_800_000_000;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(BEGIN + second)
    }

    fn line(unit: &str, second: u64) -> String {
        let entry =
            LogEntry::new(Level::Info, unit, None).with("timestamp", time::written(at(second)));
        entry.with("message", format!("{second}")).line()
    }

    fn told(found: &[LogEntry]) -> Vec<(&str, u64)> {
        found.iter().map(|entry| (entry.unit(), entry.message().parse().unwrap())).collect()
    }

    #[test]
    fn lines_of_all_processes_are_in_order_of_time_over_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut files: Vec<_> = ["a", "b", "c"]
            .map(|unit| (unit, LogFile::new(folder.path(), unit, Keep::new(2 << 20))))
            .into();
        // Many enough for several files each.
        let mut second = 0;
        let turns = 30_000;
        for turn in 0..turns {
            let (unit, file) = &mut files[turn % 3];
            second += (turn as u64 * 7) % 3;
            file.write_all(line(unit, second).as_bytes()).unwrap();
        }
        assert!(folder::formers(folder.path(), "a").len() > 1);
        let all = query(folder.path(), &Query { limit: usize::MAX, ..Query::default() });
        assert_eq!(all.len(), turns);
        assert!(all.is_sorted_by_key(|entry| entry.at().to_owned()));

        let newest = query(folder.path(), &Query { limit: 5, ..Query::default() });
        assert_eq!(told(&newest), told(&all[turns - 5..]));
        let since = Query { since: Some(at(second - 1)), ..Query::default() };
        let expected: Vec<_> = told(&all).into_iter().filter(|(_, at)| *at >= second - 1).collect();
        assert_eq!(told(&query(folder.path(), &since)), expected);
        let one = query(folder.path(), &Query { unit: Some("b".into()), ..Query::default() });
        assert!(one.len() == 1000 && one.iter().all(|entry| entry.unit() == "b"));
    }

    #[test]
    fn the_dead_are_told_of_and_what_is_broken_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(query(&folder.path().join("none"), &Query::default()), []);
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        write("gone@000001.jsonl", line("gone", 1) + &line("gone", 4));
        write(
            "pay.jsonl",
            line("pay", 2) + "\n{\"half\n\u{0}\n[]\n" + &line("pay", 3) + "{\"timest",
        );
        fs::create_dir(folder.path().join("folder.jsonl")).unwrap();
        let found = query(folder.path(), &Query::default());
        assert_eq!(told(&found), [("gone", 1), ("pay", 2), ("pay", 3), ("gone", 4)]);
    }
}
