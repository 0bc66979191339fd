//! What an act leaves for who writes down the version that comes of it.
//!
//! `up` sees a file that has changed, and nothing else: the note says who has changed it, and how.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::act::Act;
use crate::config::{private_folder, replace_file};

/// A note, until it is dropped.
#[derive(Debug)]
pub(in crate::command) struct Note {
    path: PathBuf,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    config_version: String,
    by: String,
    how: String,
}

fn path(data: &Path) -> PathBuf {
    data.join("config").join("note.json")
}

impl Note {
    /// Says that the config of that version comes of an act.
    ///
    /// # Errors
    /// The data folder can't be written.
    pub(in crate::command) fn leave(data: &Path, version: &str, act: &Act) -> io::Result<Self> {
        let Act { by, how } = act.clone();
        let content = Content { config_version: version.to_owned(), by, how };
        let path = path(data);
        private_folder(path.parent().unwrap_or(data))?;
        replace_file(&path, &serde_json::to_vec(&content)?, 0o600)?;
        Ok(Self { path })
    }

    /// The act that a config of that version comes of, if somebody has said so.
    pub(super) fn of(data: &Path, version: &str) -> Option<Act> {
        let content: Content = serde_json::from_slice(&fs::read(path(data)).ok()?).ok()?;
        let Content { config_version, by, how } = content;
        (config_version == version).then_some(Act { by, how })
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // Who acts next leaves another.
        let _ = fs::remove_file(&self.path);
    }
}
