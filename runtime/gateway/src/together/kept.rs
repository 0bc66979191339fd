//! What an edge must not forget when it is started again: sessions that have ended, and values that were
//! used once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// A file of lines: until when something counts, in milliseconds since 1970 began in UTC, and its id.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    /// Whether what was added has to outlive the machine, too, and not the process alone.
    durable: bool,
    /// None while there is nothing to keep.
    writing: Mutex<Option<Writing>>,
}

#[derive(Debug)]
struct Writing {
    file: File,
    lines: usize,
    /// From how many lines on it is written anew, without those whose time is over.
    anew_at: usize,
    /// The last line may not be whole.
    torn: bool,
    /// Whether the file outlives the machine under its name.
    placed: bool,
}

/// The file isn't written anew below so many lines.
const FEW: usize = 1_024;

impl Kept {
    /// Opens the file, if there is one: it is made once there is something to keep. Lines that aren't
    /// whole are dropped, and so are those whose time is over: without any it is left as it is. Blocks.
    ///
    /// # Errors
    /// If it can't be read or written.
    pub(super) fn open(path: &Path, durable: bool) -> io::Result<Self> {
        let writing = match text(path)? {
            None => None,
            Some(text) => {
                let lines = lines(&text);
                let dropped = lines.len() < text.lines().count() || !is_ended(&text);
                Some(if dropped { write_anew(path, &lines)? } else { go_on(path, lines.len())? })
            }
        };
        Ok(Self { path: path.to_owned(), durable, writing: Mutex::new(writing) })
    }

    /// Those that are kept, and for how long they still count. Blocks.
    pub(super) fn read(&self) -> Vec<(String, Duration)> {
        let _writing = self.writing.lock();
        let now = now();
        let text = text(&self.path).ok().flatten().unwrap_or_default();
        let left = lines(&text).into_iter();
        let lasting = |until: u64| Duration::from_millis(until.saturating_sub(now));
        left.map(|(until, id)| (id.to_owned(), lasting(until))).collect()
    }

    /// Adds some, which are kept afterwards. Blocks.
    ///
    /// # Errors
    /// If they can't be written.
    pub(super) fn add(&self, ids: &[(String, Duration)]) -> io::Result<()> {
        let now = now();
        let mut writing = self.writing.lock();
        let writing = match &mut *writing {
            Some(writing) => writing,
            none => none.insert(anew(&self.path)?),
        };
        if !writing.placed {
            place(&self.path)?;
            writing.placed = true;
        }
        // What was written in part is a line of its own, and none.
        let mut text = String::from(if writing.torn { "\n" } else { "" });
        for (id, lasting) in ids.iter().filter(|(id, _)| is_plain(id)) {
            let lasting = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
            text.push_str(&line(now.saturating_add(lasting), id));
        }
        writing.torn = true;
        writing.file.write_all(text.as_bytes())?;
        if self.durable {
            writing.file.sync_data()?;
        }
        writing.torn = false;
        writing.lines += ids.len();
        if writing.lines >= writing.anew_at {
            match anew(&self.path) {
                Ok(new) => *writing = new,
                // They are kept, in a file that is longer than it need be.
                Err(error) => {
                    let path = self.path.display();
                    tracing::warn!(%error, %path, "a file can't be written anew, and grows");
                    writing.anew_at = 2 * writing.lines;
                }
            }
        }
        Ok(())
    }
}

/// Makes the file, or writes it anew.
fn anew(path: &Path) -> io::Result<Writing> {
    let text = text(path)?.unwrap_or_default();
    write_anew(path, &lines(&text))
}

/// Goes on behind that many lines, which are all that is there.
fn go_on(path: &Path, lines: usize) -> io::Result<Writing> {
    let file = OpenOptions::new().append(true).open(path)?;
    Ok(Writing { file, lines, anew_at: anew_at(lines), torn: false, placed: false })
}

fn anew_at(lines: usize) -> usize {
    (2 * lines).max(FEW)
}

/// Writes these lines to a new file in place of the old one.
fn write_anew(path: &Path, lines: &[(u64, &str)]) -> io::Result<Writing> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Behind the whole name: others beside it differ in what stands behind a dot.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&beside)?;
    let text: String = lines.iter().map(|(until, id)| line(*until, id)).collect();
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    fs::rename(&beside, path)?;
    let lines = lines.len();
    Ok(Writing { file, lines, anew_at: anew_at(lines), torn: false, placed: false })
}

/// Has the file outlive the machine under its name.
fn place(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// What is in the file; none if there is none.
fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether no line was being written when the process died.
fn is_ended(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

/// The lines of those whose time isn't over.
fn lines(text: &str) -> Vec<(u64, &str)> {
    let now = now();
    // One that has no end was being written when the process died, and nobody was told that it is kept.
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let read = whole.filter_map(|line| {
        let (until, id) = line.split_once(' ')?;
        let until = until.parse().ok().filter(|until| *until > now)?;
        is_plain(id).then_some((until, id))
    });
    read.collect()
}

fn line(until: u64, id: &str) -> String {
    format!("{until} {id}\n")
}

/// Whether a line can hold it.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn ids(kept: &Kept) -> Vec<String> {
        let mut ids: Vec<_> = kept.read().into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_until_its_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("edge").join("ended");
        let kept = Kept::open(&path, true).unwrap();
        kept.add(&[("a".into(), HOUR), ("over".into(), Duration::ZERO)]).unwrap();
        kept.add(&[("b".into(), HOUR)]).unwrap();
        drop(kept);
        // The process died while it wrote a line.
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"junk\n99999999999999 torn").unwrap();
        let kept = Kept::open(&path, true).unwrap();
        assert_eq!(ids(&kept), ["a", "b"]);
        kept.add(&[("c".into(), HOUR)]).unwrap();
        assert_eq!(ids(&Kept::open(&path, true).unwrap()), ["a", "b", "c"]);
        let left = kept.read()[0].1;
        assert!(left <= HOUR && left > HOUR - Duration::from_secs(60), "{left:?}");
    }

    #[test]
    fn what_has_another_name_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| folder.path().join(name);
        fs::write(of("edge.new"), "another's").unwrap();
        Kept::open(&of("edge.ended"), true).unwrap().add(&[("a".into(), HOUR)]).unwrap();
        Kept::open(&of("edge.claimed"), false).unwrap().add(&[("b".into(), HOUR)]).unwrap();
        assert_eq!(fs::read_to_string(of("edge.new")).unwrap(), "another's");
    }

    #[test]
    fn a_file_of_which_all_counts_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ended");
        Kept::open(&path, true).unwrap().add(&[("a".into(), HOUR)]).unwrap();
        // Nothing can be written beside it.
        fs::create_dir(folder.path().join("ended.new")).unwrap();
        let kept = Kept::open(&path, true).unwrap();
        kept.add(&[("b".into(), HOUR)]).unwrap();
        assert_eq!(ids(&kept), ["a", "b"]);
        kept.add(&[("over".into(), Duration::ZERO)]).unwrap();
        assert!(Kept::open(&path, true).is_err());
    }

    #[test]
    fn what_is_written_is_kept_also_where_the_file_cannot_be_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ended");
        let kept = Kept::open(&path, true).unwrap();
        kept.add(&[("a".into(), HOUR)]).unwrap();
        fs::create_dir(folder.path().join("ended.new")).unwrap();
        let over: Vec<_> = (0..FEW).map(|n| (format!("over-{n}"), Duration::ZERO)).collect();
        kept.add(&over).unwrap();
        kept.add(&[("b".into(), HOUR)]).unwrap();
        assert_eq!(ids(&kept), ["a", "b"]);
    }

    #[test]
    fn the_file_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ended");
        let kept = Kept::open(&path, true).unwrap();
        for round in 0..20 {
            let over: Vec<_> = (0..200).map(|n| (format!("{round}-{n}"), Duration::ZERO)).collect();
            kept.add(&over).unwrap();
            kept.add(&[(format!("kept-{round}"), HOUR)]).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap().lines().count();
        assert!(written < 2 * FEW, "{written}");
        assert_eq!(ids(&kept).len(), 20);
    }
}
