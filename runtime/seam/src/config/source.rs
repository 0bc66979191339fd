//! The text of a config file, read once.

use std::{fs::File, io, io::Read as _, path::Path};

use super::{
    origin::Origin,
    problem::{Problem, Problems},
};

/// The file that is read if none is named.
pub(crate) const DEFAULT_FILE: &str = "app.toml";
/// The most bytes that a file may have.
pub(crate) const LONGEST: u64 = 1 << 20;

/// The text of a config file, under the name that messages give it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As the user named it: `app.toml`, or what followed `--config`.
    pub(crate) name: String,
    /// The whole file.
    pub(crate) text: String,
}

impl Source {
    /// Reads `file`, or `app.toml` in the working directory; nothing is in it if that isn't there.
    ///
    /// # Errors
    /// A named file that isn't there; one that can't be read, or is too long.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Problems> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let name = path.display().to_string();
        let refused = |reason: String, fix: &str| {
            Err(Problem::new(&Origin::Whole(name.as_str().into()), reason, fix).into())
        };
        match read(path) {
            Ok(text) if text.len() as u64 > LONGEST => refused(
                format!("has more than {LONGEST} bytes, which is no config any more"),
                "name the app's TOML file after --config",
            ),
            Ok(text) => Ok(Self { name, text }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && file.is_none() => {
                Ok(Self { name, text: String::new() })
            }
            Err(error) => refused(
                format!("can't be read: {error}"),
                "name a readable TOML file after --config, or leave it out for app.toml",
            ),
        }
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
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
