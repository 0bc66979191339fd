//! The versions that a config had: `<data>/config/NAME-HASH/N.json`, for their owner alone; NAME and
//! HASH are of the file, for another file has another history.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    super::{control::Text, reloading::Parse, user::user},
    act::Act,
    diff::{Values, differences, summary},
    note::Note,
};
use crate::config::{Config, Files, Problems, Source, now, private_folder, replace_file, time};

/// How a version came about: with the start of the app.
pub(in crate::command) const START: &str = "start";
/// By a file that was written, whoever wrote it.
pub(in crate::command) const FILE: &str = "file";

/// How many versions are kept; the oldest go.
const KEPT: usize = 200;
/// How many bytes they may have together.
const BYTES: u64 = 64 << 20;

/// The versions of one config file.
#[derive(Clone, Debug)]
pub(in crate::command) struct History {
    data: PathBuf,
    folder: PathBuf,
}

/// Writes down a config that was accepted, and how that came about if nobody has left a note.
pub(in crate::command) type Recorder = Arc<dyn Fn(&Source, &str) + Send + Sync>;

/// A version.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::command) struct Version {
    /// Its number; the first is 1.
    pub(in crate::command) version: u64,
    /// When it was accepted.
    pub(in crate::command) at: String,
    /// Who changed it.
    pub(in crate::command) by: String,
    /// How: `start`, `file`, `reload`, `move payment to front`, `rollback to 3`.
    pub(in crate::command) how: String,
    /// The [version](Config::version) that units tell.
    pub(in crate::command) config_version: String,
    /// What differs from the version before, in one line.
    pub(in crate::command) summary: String,
    /// The files.
    pub(in crate::command) source: Text,
    /// What was in effect, but for what was set.
    pub(super) values: Values,
}

/// How a config is written down, which `parse` reads.
pub(in crate::command) fn recorder(history: History, parse: Parse) -> Recorder {
    Arc::new(move |source, how| {
        let bare = Source { set: Vec::new(), ..source.clone() };
        let recorded = |config: &Config| history.record(bare.clone(), config, how);
        let recorded = (parse)(&bare).map(|config| recorded(&config));
        match recorded {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the config's version can't be written down");
            }
            // It was accepted a moment ago.
            Err(problems) => log(&problems),
        }
    })
}

fn log(problems: &Problems) {
    tracing::warn!(%problems, "the config's version can't be written down");
}

impl History {
    /// Of a config file, in a data folder.
    pub(in crate::command) fn new(data: &Path, files: &Files) -> Self {
        let path = fs::canonicalize(files.path()).or_else(|_| std::path::absolute(files.path()));
        let path = path.unwrap_or_else(|_| files.path().to_owned());
        let hash = xxh3_64(path.as_os_str().as_encoded_bytes());
        let name = files.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = data.join("config").join(format!("{name}-{:08x}", hash >> 32));
        Self { data: data.to_owned(), folder }
    }

    /// All versions that are kept, the oldest first.
    ///
    /// # Errors
    /// They can't be read.
    pub(in crate::command) fn all(&self) -> io::Result<Vec<Version>> {
        self.numbers()?.into_iter().map(|number| self.read(number)).collect()
    }

    /// One version; `None` if it isn't kept.
    ///
    /// # Errors
    /// It can't be read.
    pub(in crate::command) fn get(&self, number: u64) -> io::Result<Option<Version>> {
        match self.read(number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// The last one.
    ///
    /// # Errors
    /// It can't be read.
    pub(in crate::command) fn last(&self) -> io::Result<Option<Version>> {
        self.numbers()?.last().map(|number| self.read(*number)).transpose()
    }

    /// The number of the last version, if there is one.
    pub(in crate::command) fn last_number(&self) -> Option<u64> {
        self.numbers().ok()?.last().copied()
    }

    /// The number of the last version, if it is that of a config.
    pub(in crate::command) fn number_of(&self, config_version: &str) -> Option<u64> {
        let last = self.last().ok().flatten()?;
        (last.config_version == config_version).then_some(last.version)
    }

    /// The numbers of all that are kept, in order.
    pub(super) fn numbers(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let number = |entry: fs::DirEntry| {
            entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok())
        };
        let mut numbers: Vec<u64> = entries.flatten().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number}.json"))
    }

    fn read(&self, number: u64) -> io::Result<Version> {
        Ok(serde_json::from_slice(&fs::read(self.path(number))?)?)
    }

    /// Writes down a config, unless it is the last version's.
    fn record(&self, source: Source, config: &Config, how: &str) -> io::Result<()> {
        private_folder(&self.data.join("config"))?;
        private_folder(&self.folder)?;
        // Several units that were started by `run` may accept the same at once.
        loop {
            let last = self.last()?;
            if last.as_ref().is_some_and(|last| last.config_version == config.version()) {
                return Ok(());
            }
            let number = last.as_ref().map_or(1, |last| last.version + 1);
            let version = self.version(number, last, source.clone(), config, how);
            if self.claim(&version)? {
                return self.forget();
            }
        }
    }

    fn version(
        &self,
        version: u64,
        last: Option<Version>,
        source: Source,
        config: &Config,
        how: &str,
    ) -> Version {
        let values = Values::of(config);
        let by = if how == START { user().name } else { FILE.to_owned() };
        let act = Note::of(&self.data, config.version());
        let Act { by, how } = act.unwrap_or_else(|| Act { by, how: how.to_owned() });
        let summary = match last {
            Some(last) => summary(&differences(&last.values, &values)),
            None => "the first".into(),
        };
        let (at, config_version) = (time(now()), config.version().to_owned());
        Version { version, at, by, how, config_version, summary, source: source.into(), values }
    }

    /// Writes a version, if nobody else has written one of its number.
    fn claim(&self, version: &Version) -> io::Result<bool> {
        let new = self.folder.join(format!("new.{}", std::process::id()));
        replace_file(&new, &serde_json::to_vec(version)?, 0o600)?;
        let claimed = fs::hard_link(&new, self.path(version.version));
        fs::remove_file(&new)?;
        match claimed {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            claimed => claimed.map(|()| true),
        }
    }

    /// Removes the oldest of too many.
    fn forget(&self) -> io::Result<()> {
        let mut bytes = 0;
        for (index, number) in self.numbers()?.into_iter().rev().enumerate() {
            let path = self.path(number);
            bytes += fs::metadata(&path).map_or(0, |file| file.len());
            if index >= KEPT || (bytes > BYTES && index > 0) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::Catalogue;

    fn kept() -> (tempfile::TempDir, History, Recorder) {
        let data = tempfile::tempdir().unwrap();
        let files = Files { file: Some(data.path().join("shop.toml")), profile: None };
        let history = History::new(data.path(), &files);
        let parse: Parse = Box::new(|source| Config::of(source, None, [], &Catalogue::default()));
        (data, history.clone(), recorder(history, parse))
    }

    fn text(deadline: u32) -> Source {
        let name = "[app]\nname = \"shop\"\n";
        Source::of("shop.toml", format!("{name}[calls]\ndeadline = \"{deadline}s\"\n"))
    }

    #[test]
    fn each_config_is_a_version_once() {
        let (data, history, record) = kept();
        record(&text(1), START);
        record(&text(1), START);
        record(&text(2), FILE);
        let set = crate::config::LiveSetting {
            key: "calls.deadline".into(),
            value: "9s".into(),
            unit: None,
            by: "ada".into(),
            at: 0,
            until: None,
        };
        record(&Source { set: vec![set], ..text(2) }, FILE);
        record(&text(1), FILE);
        let all = history.all().unwrap();
        let told: Vec<_> = all.iter().map(|own| (own.version, &*own.how, &*own.summary)).collect();
        assert_eq!(
            told,
            [
                (1, "start", "the first"),
                (2, "file", "calls.deadline: \"1s\" → \"2s\""),
                (3, "file", "calls.deadline: \"2s\" → \"1s\"")
            ]
        );
        assert_eq!(all[0].config_version, all[2].config_version);
        assert_eq!((&*all[0].by, &*all[1].by), (&*user().name, "file"));
        assert_eq!(Source::from(all[1].source.clone()), text(2));
        assert_eq!(history.number_of(&all[2].config_version), Some(3));
        assert!(history.get(4).unwrap().is_none());
        let mode = fs::metadata(history.path(1)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = Files { file: Some(data.path().join("other.toml")), profile: None };
        assert!(History::new(data.path(), &other).all().unwrap().is_empty());
    }

    #[test]
    fn a_note_says_who_it_was() {
        let (data, history, record) = kept();
        record(&text(1), START);
        let parse = |source: &Source| Config::of(source, None, [], &Catalogue::default()).unwrap();
        let act = Act { by: "ada".into(), how: "rollback to 1".into() };
        {
            let _note = Note::leave(data.path(), parse(&text(3)).version(), &act).unwrap();
            record(&text(2), FILE);
            record(&text(3), FILE);
        }
        record(&text(2), FILE);
        record(&text(3), FILE);
        let all = history.all().unwrap();
        let by: Vec<_> = all[1..].iter().map(|own| (&*own.by, &*own.how)).collect();
        let file = ("file", "file");
        assert_eq!(by, [file, ("ada", "rollback to 1"), file, file]);
    }

    #[test]
    fn the_oldest_go() {
        let (_data, history, record) = kept();
        record(&text(1), START);
        let first = history.read(1).unwrap();
        for version in 2..=KEPT as u64 + 3 {
            let claimed = history.claim(&Version { version, ..first.clone() }).unwrap();
            assert!(claimed);
        }
        assert!(!history.claim(&Version { version: 7, ..first.clone() }).unwrap(), "it is taken");
        record(&text(2), FILE);
        let numbers = history.numbers().unwrap();
        assert_eq!((numbers.len(), numbers[0]), (KEPT, 5));
        assert_eq!(numbers.last(), Some(&(KEPT as u64 + 4)));
    }
}
