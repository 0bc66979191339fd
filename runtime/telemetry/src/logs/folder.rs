//! The files in the folder of the logs: of each process the one that it writes to, and those before.
//!
//! A process is called as its control socket is: `pay`, `pay.1`, `up+split`. None of these has a `@`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What the names of all files end with.
const END: &str = ".jsonl";

/// The file that a process writes to.
pub(super) fn current(folder: &Path, process: &str) -> PathBuf {
    folder.join(format!("{process}{END}"))
}

/// The file of that number: what the process wrote before.
pub(super) fn former(folder: &Path, process: &str, number: u64) -> PathBuf {
    folder.join(format!("{process}@{number:06}{END}"))
}

/// Which file it is, of those in the file system.
pub(super) fn identity(file: &File) -> Option<u64> {
    file.metadata().ok().map(|metadata| metadata.ino())
}

/// A file that a process doesn't write to any more.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    /// Which file it is, of those in the file system.
    pub(super) identity: u64,
    pub(super) bytes: u64,
    /// When something was written to it last.
    pub(super) written: Option<SystemTime>,
}

/// The former files of all processes, the oldest first; a process that has none is there, too.
pub(super) fn all(folder: &Path) -> BTreeMap<String, Vec<Former>> {
    let mut all: BTreeMap<String, Vec<Former>> = BTreeMap::new();
    // A folder that isn't there, or isn't ours, has none.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_suffix(END)) else { continue };
        let (process, number) = match name.split_once('@') {
            None => (name, None),
            Some((process, number)) => match number.parse() {
                Ok(number) => (process, Some(number)),
                Err(_) => continue,
            },
        };
        let formers = all.entry(process.to_owned()).or_default();
        // It may be gone meanwhile.
        if let (Some(number), Ok(metadata)) = (number, entry.metadata()) {
            formers.push(Former {
                number,
                path: entry.path(),
                identity: metadata.ino(),
                bytes: metadata.len(),
                written: metadata.modified().ok(),
            });
        }
    }
    all.values_mut().for_each(|formers| formers.sort_by_key(|former| former.number));
    all
}

/// The former files of one process, the oldest first.
pub(super) fn formers(folder: &Path, process: &str) -> Vec<Former> {
    all(folder).remove(process).unwrap_or_default()
}

/// What there is of a process.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) process: String,
    /// What it writes to, or wrote to last.
    pub(super) current: Option<File>,
    /// Those before, the oldest first.
    pub(super) formers: Vec<Former>,
}

/// What there is of each process now; nothing is missed or comes twice if a file becomes a former one
/// meanwhile.
pub(super) fn open(folder: &Path) -> Vec<Files> {
    let currents: Vec<_> = all(folder)
        .into_keys()
        .map(|process| (File::open(current(folder, &process)).ok(), process))
        .collect();
    // Looked at again: what was opened may be a former file by now.
    let mut all = all(folder);
    let files = currents.into_iter().map(|(current, process)| {
        let mut formers = all.remove(&process).unwrap_or_default();
        let opened = current.as_ref().and_then(identity);
        if let Some(at) = formers.iter().position(|former| Some(former.identity) == opened) {
            formers.truncate(at);
        }
        Files { process, current, formers }
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_files_they_are_and_in_which_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in [
            "pay.jsonl",
            "pay@000010.jsonl",
            "pay@000009.jsonl",
            "pay@1000000.jsonl",
            "pay.1.jsonl",
            "gone@000001.jsonl",
            "up+split.jsonl",
            "pay@x.jsonl",
            "notes.txt",
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
        let all = all(folder);
        let numbers = |process: &str| -> Vec<u64> {
            all[process].iter().map(|former| former.number).collect()
        };
        assert_eq!(all.keys().collect::<Vec<_>>(), ["gone", "pay", "pay.1", "up+split"]);
        assert_eq!((numbers("pay"), numbers("gone")), (vec![9, 10, 1_000_000], vec![1]));
        assert_eq!(numbers("pay.1"), Vec::<u64>::new());
        assert_eq!(former(folder, "pay", 9), all["pay"][0].path);

        let open = open(folder);
        let there: Vec<_> =
            open.iter().map(|files| (files.process.as_str(), files.current.is_some())).collect();
        assert_eq!(there, [("gone", false), ("pay", true), ("pay.1", true), ("up+split", true)]);
        assert!(super::open(&folder.join("none")).is_empty());
    }
}
