//! The config's files, written anew.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path};

use super::super::Failure;
use crate::config::{Files, Source, replace_file};

/// Writes what differs: the file, its profile's, or both.
///
/// # Errors
/// One can't be written; what was written before that is as it was.
pub(in crate::command) fn written(
    files: &Files,
    before: &Source,
    next: &Source,
) -> Result<(), Failure> {
    let over = |source: &Source| source.over.as_ref().map(|over| over.text.clone());
    let (old, new) = (over(before), over(next));
    let path = files.over();
    if let (Some(path), Some(text)) = (&path, new.as_ref().filter(|_| old != new)) {
        write(path, text).map_err(|error| unwritten(path, &error))?;
    }
    if before.text == next.text {
        return Ok(());
    }
    write(files.path(), &next.text).map_err(|error| {
        if let (Some(path), Some(text)) = (&path, old.as_ref().filter(|_| old != new)) {
            // It could be written a moment ago.
            let _ = write(path, text);
        }
        unwritten(files.path(), &error)
    })
}

/// Puts another text in the place of the file, at once and with the rights that it has, also where a link
/// leads to it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&path).map_or(0o644, |file| file.permissions().mode() & 0o7777);
    replace_file(&path, text.as_bytes(), mode)
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::usage(format!("{path} can't be written: {error}\n  fix: it must be yours"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.toml");
        fs::write(&path, "a = 1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let files = Files { file: Some(path.clone()), profile: None };
        let before = files.read().unwrap();
        let next = Source { text: "a = 2\n".into(), ..before.clone() };
        written(&files, &before, &next).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a = 2\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
