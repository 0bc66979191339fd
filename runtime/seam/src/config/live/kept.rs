//! What was set, as it is kept: `<data>/config/set.json`, for its owner alone.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    super::{
        origin::Origin,
        problem::{Problem, Problems},
        replace::{private_folder, replace_file},
    },
    LiveSetting,
};

/// How many settings there may be.
pub(crate) const MOST: usize = 256;
/// The most bytes that the file may have.
const LONGEST: u64 = 4 << 20;

/// Where settings are kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    path: PathBuf,
}

/// What the file has.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Content {
    set: Vec<LiveSetting>,
}

impl Kept {
    /// In this data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { path: data.join("config").join("set.json") }
    }

    /// All of them; those whose time is over, too.
    ///
    /// # Errors
    /// The file is there, and can't be read.
    pub(crate) fn all(&self) -> Result<Vec<LiveSetting>, Problems> {
        let wrong = |reason: String| -> Problems {
            let origin = Origin::Whole(self.path.display().to_string().into());
            let fix = "mend the file, or remove it: then nothing is set any more";
            Problem::new(&origin, reason, fix).into()
        };
        let mut text = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file.take(LONGEST + 1).read_to_end(&mut text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => Err(error),
        }
        .map_err(|error| wrong(format!("can't be read: {error}")))?;
        let content: Content = serde_json::from_slice(&text)
            .map_err(|error| wrong(format!("isn't what was kept: {error}")))?;
        Ok(content.set)
    }

    /// Those that hold now.
    ///
    /// # Errors
    /// As [`Kept::all`].
    pub(crate) fn holding(&self, now: u64) -> Result<Vec<LiveSetting>, Problems> {
        Ok(self.all()?.into_iter().filter(|own| !own.is_over(now)).collect())
    }

    /// Keeps these in place of all.
    ///
    /// # Errors
    /// The data folder can't be written.
    pub(crate) fn write(&self, set: Vec<LiveSetting>) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        replace_file(&self.path, &serde_json::to_vec(&Content { set })?, 0o600)
    }
}
