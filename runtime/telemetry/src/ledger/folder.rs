//! The ledgers of all units of a machine, those included that don't run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{book::Book, entry::Entry, file};

/// The folder in the data folder.
pub const FOLDER: &str = "ledger";
const SUFFIX: &str = ".jsonl";

pub(super) fn path(folder: &Path, process: &str) -> PathBuf {
    folder.join(format!("{process}{SUFFIX}"))
}

/// The latest entries of all units, the newest first, each with the name of its process: `pay`, `pay.1`.
///
/// # Errors
/// A file can't be read.
pub fn read(data: &Path, most: usize) -> io::Result<Vec<(String, Entry)>> {
    let files = match fs::read_dir(data.join(FOLDER)) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    for found in files {
        let path = found?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(process) = name.and_then(|name| name.strip_suffix(SUFFIX)) else { continue };
        let mut book = Book::new(most, usize::MAX);
        file::load(&path, |entry| book.put(&entry))?;
        all.extend(book.iter().map(|entry| (process.to_owned(), entry)));
    }
    // Their times are texts of one form.
    all.sort_by(|(_, one), (_, other)| other.at.cmp(&one.at));
    all.truncate(most);
    Ok(all)
}
