//! The file whose lock says who owns a folder, with one line of text, so that a person can read it too.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// Its name in the folder.
pub const FILE: &str = "seam.state";

/// The open file.
#[derive(Debug)]
pub struct OwnedFile(File);

impl OwnedFile {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(folder.join(FILE)).map(Self)
    }

    /// Takes the folder, until the file is dropped. False if somebody else has it.
    ///
    /// # Errors
    /// The system's.
    pub fn lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Its line; what isn't text in there is replaced.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&mut self) -> io::Result<String> {
        let mut text = Vec::new();
        self.0.seek(SeekFrom::Start(0))?;
        (&self.0).take(256).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// One write. The line should always be of the same length, so that none is left half done by a
    /// kill.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(line.as_bytes())
    }

    /// Brings it to disk.
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}
