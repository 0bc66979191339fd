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
}

/// The file isn't written anew below so many lines.
const FEW: usize = 1_024;

impl Kept {
    /// Opens the file, if there is one: it is made once there is something to keep. Lines that aren't
    /// whole are dropped, and so are those whose time is over. Blocks.
    ///
    /// # Errors
    /// If it can't be read or written.
    pub(super) fn open(path: &Path, durable: bool) -> io::Result<Self> {
        let writing = if path.try_exists()? { Some(write_anew(path)?) } else { None };
        Ok(Self { path: path.to_owned(), durable, writing: Mutex::new(writing) })
    }

    /// Those that are kept, and for how long they still count. Blocks.
    pub(super) fn read(&self) -> Vec<(String, Duration)> {
        let _writing = self.writing.lock();
        let now = now();
        let left = lines(&self.path).unwrap_or_default().into_iter();
        left.map(|(until, id)| (id, Duration::from_millis(until.saturating_sub(now)))).collect()
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
            none => none.insert(write_anew(&self.path)?),
        };
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
            *writing = write_anew(&self.path)?;
        }
        Ok(())
    }
}

/// Writes those whose time isn't over to a new file in place of the old one.
fn write_anew(path: &Path) -> io::Result<Writing> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let lines = lines(path)?;
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&beside)?;
    let text: String = lines.iter().map(|(until, id)| line(*until, id)).collect();
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(Writing { file, lines: lines.len(), anew_at: (2 * lines.len()).max(FEW), torn: false })
}

/// The lines of those whose time isn't over.
fn lines(path: &Path) -> io::Result<Vec<(u64, String)>> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let now = now();
    // One that has no end was being written when the process died, and nobody was told that it is kept.
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let read = whole.filter_map(|line| {
        let (until, id) = line.split_once(' ')?;
        let until = until.parse().ok().filter(|until| *until > now)?;
        is_plain(id).then(|| (until, id.to_owned()))
    });
    Ok(read.collect())
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
