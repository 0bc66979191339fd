//! What a config is read from: a file, the profile that lies over it, and what was set while the app ran.

use std::{
    fs::File,
    io,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::{
    live::LiveSetting,
    origin::Origin,
    problem::{Problem, Problems},
    profile::{Over, Profile},
    tree::parse_what_can_be,
};

/// The file that is read if none is named.
pub(crate) const DEFAULT_FILE: &str = "app.toml";
/// The most bytes that a file may have.
pub(crate) const LONGEST: u64 = 1 << 20;

/// The text of a config file, under the name that messages give it, and what lies over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// As the user named it: `app.toml`, or what followed `--config`.
    pub(crate) name: String,
    /// The whole file.
    pub(crate) text: String,
    /// The file of the profile, if there is one.
    pub(crate) over: Option<Box<Over>>,
    /// What was set while the app ran, over everything else.
    pub(crate) set: Vec<LiveSetting>,
}

/// Where a config is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// What followed `--config`; `app.toml` without it.
    pub(crate) file: Option<PathBuf>,
    /// Which profile lies over it.
    pub(crate) profile: Option<Profile>,
}

impl Files {
    /// The file, whether it is there or not.
    pub(crate) fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE))
    }

    /// The file of the profile, if there is one.
    pub(crate) fn over(&self) -> Option<PathBuf> {
        self.profile.as_ref().map(|profile| profile.of(self.path()))
    }

    /// Reads them.
    ///
    /// # Errors
    /// A file that was named, or a profile's, isn't there; one can't be read, or is too long.
    pub(crate) fn read(&self) -> Result<Source, Problems> {
        let mut source = Source::read(self.file.as_deref())?;
        if let (Some(profile), Some(path)) = (&self.profile, self.over()) {
            source.over = Some(Box::new(Over::read(profile, &path)?));
        }
        Ok(source)
    }
}

impl Source {
    /// A file of that name and text, with nothing over it.
    pub(crate) fn of(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), ..Self::default() }
    }

    /// Reads `file`, or `app.toml` in the working directory; nothing is in it if that isn't there.
    ///
    /// # Errors
    /// A named file that isn't there; one that can't be read, or is too long.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Problems> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let name = path.display().to_string();
        match text_of(path) {
            Ok(text) => Ok(Self::of(name, text)),
            Err(Unread::Missing(_)) if file.is_none() => Ok(Self::of(name, "")),
            Err(unread) => Err(unread.problem(
                &name,
                "name a readable TOML file after --config, or leave it out for app.toml",
            )),
        }
    }

    /// The units in which something is set that doesn't hold in all.
    pub(crate) fn units_set(&self) -> Vec<&str> {
        let mut units: Vec<&str> = self.set.iter().filter_map(|own| own.unit.as_deref()).collect();
        units.sort_unstable();
        units.dedup();
        units
    }

    /// Whether the profile's file says what is at `path`.
    pub(crate) fn is_said_over(&self, path: &[&str]) -> bool {
        let over = self.over.as_ref().map(|over| Self::of(&*over.name, &*over.text).into());
        over.is_some_and(|over| parse_what_can_be(&over).node(path).is_some())
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }
}

/// Why a file's text isn't known.
pub(super) enum Unread {
    TooLong,
    Missing(io::Error),
    Other(io::Error),
}

impl Unread {
    /// As a problem of the file, with what to do if it can't be read.
    pub(super) fn problem(self, name: &str, fix: &str) -> Problems {
        let (reason, fix) = match self {
            Self::TooLong => (
                format!("has more than {LONGEST} bytes, which is no config any more"),
                "name the app's TOML file after --config",
            ),
            Self::Missing(error) | Self::Other(error) => (format!("can't be read: {error}"), fix),
        };
        Problem::new(&Origin::Whole(name.into()), reason, fix).into()
    }
}

/// The text of a file.
pub(super) fn text_of(path: &Path) -> Result<String, Unread> {
    match read(path) {
        Ok(text) if text.len() as u64 > LONGEST => Err(Unread::TooLong),
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Unread::Missing(error)),
        Err(error) => Err(Unread::Other(error)),
    }
}

/// The text of a file, and at most a byte more of it than there may be.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("long.toml");
        fs::write(&file, "#".repeat(LONGEST as usize)).unwrap();
        assert_eq!(Source::read(Some(&file)).unwrap().text.len() as u64, LONGEST);
        fs::write(&file, "#".repeat(LONGEST as usize + 1)).unwrap();
        let problems = Source::read(Some(&file)).unwrap_err().to_string();
        assert!(problems.contains("has more than 1048576 bytes"), "{problems}");
    }
}
