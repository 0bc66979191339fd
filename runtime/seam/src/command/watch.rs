//! Whether a config file has changed, looked at each second.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::{Files, Problems, Source};

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// A file that was written so long ago isn't written any more in the same tick of the clock.
const SETTLED: Duration = Duration::from_secs(2);

/// A config file that is watched, with its profile's. Editors write it anew or in place, so that a half of it may be read
/// once, and the whole of it then.
#[derive(Debug)]
pub(super) struct FileWatch {
    files: Files,
    stamp: Option<(Stamp, Option<Stamp>)>,
    /// What they were when they were read last; nothing if they couldn't be read.
    seen: Option<Source>,
    looks: Interval,
}

/// What tells a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        let modified = (file.mtime(), file.mtime_nsec());
        Ok(Self { modified, length: file.len(), inode: file.ino() })
    }

    /// Whether it could still be written to without changing this.
    fn is_fresh(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let modified = Duration::from_secs(u64::try_from(self.modified.0).unwrap_or_default());
        now.saturating_sub(modified) < SETTLED
    }
}

impl FileWatch {
    /// Watches these files, which were read as `seen` last.
    pub(super) fn new(files: Files, seen: Source) -> Self {
        let mut looks = interval(PERIOD);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let seen = Source { set: Vec::new(), ..seen };
        Self { files, stamp: None, seen: Some(seen), looks }
    }

    /// Waits until there is another text, and gives that. A file that goes away comes back, mostly: its
    /// absence is no change.
    pub(super) async fn changed(&mut self) -> Result<Source, Problems> {
        loop {
            self.looks.tick().await;
            if let Some(read) = self.look() {
                return read;
            }
        }
    }

    fn look(&mut self) -> Option<Result<Source, Problems>> {
        let over = self.files.over();
        let over = over.as_deref().map(Stamp::of).transpose().ok()?;
        let stamp = (Stamp::of(self.files.path()).ok()?, over);
        let fresh = stamp.0.is_fresh() || over.is_some_and(|over| over.is_fresh());
        if self.stamp.replace(stamp) == Some(stamp) && !fresh {
            return None;
        }
        let read = self.files.read();
        let source = read.as_ref().ok().cloned();
        // One that can't be read is told once.
        (std::mem::replace(&mut self.seen, source.clone()) != source).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(path: &Path) -> FileWatch {
        let files = Files { file: Some(path.to_owned()), profile: None };
        let seen = files.read().unwrap();
        FileWatch::new(files, seen)
    }

    #[test]
    fn another_text_is_seen_once_however_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.toml");
        fs::write(&path, "a = 1").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _within = runtime.enter();
        let mut watch = watched(&path);
        let text = |read: Option<Result<Source, Problems>>| read.map(|read| read.unwrap().text);
        assert_eq!(text(watch.look()), None);
        fs::write(&path, "a = 2").unwrap();
        assert_eq!(text(watch.look()).as_deref(), Some("a = 2"), "in place, as long as before");
        assert_eq!(text(watch.look()), None);
        fs::write(folder.path().join("new"), "a = 3").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(text(watch.look()).as_deref(), Some("a = 3"));
        fs::remove_file(&path).unwrap();
        assert_eq!(text(watch.look()), None, "it may be on its way");
        fs::write(&path, "a = 3").unwrap();
        assert_eq!(text(watch.look()), None, "it is the same");
    }

    #[test]
    fn what_can_not_be_read_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.toml");
        fs::write(&path, "").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _within = runtime.enter();
        let mut watch = watched(&path);
        fs::write(&path, [0xff]).unwrap();
        assert!(watch.look().is_some_and(|read| read.is_err()));
        assert!(watch.look().is_none());
    }
}
