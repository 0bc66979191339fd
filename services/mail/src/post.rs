//! How a mail gets away: into a folder, or to a mail server.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::contract::MailError;

/// How long a mail server may take for a step of a mail. The turn's own deadline ends all of them.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a file is called after while it is written.
const UNFINISHED: &str = ".part";

/// Where mail goes.
#[derive(Debug)]
pub(crate) enum Post {
    /// A file for each mail, `{name}.eml`, whole from the moment when it is there.
    Folder(PathBuf),
    /// A mail server.
    Server(AsyncSmtpTransport<Tokio1Executor>),
}

impl Post {
    /// A folder, which is made; what an end by force has left unfinished in it is removed.
    pub(crate) fn folder(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.as_os_str().as_encoded_bytes().ends_with(UNFINISHED.as_bytes()) {
                // Another instance may be at it, and finish it or do it again.
                let _ = fs::remove_file(path);
            }
        }
        Ok(Self::Folder(folder))
    }

    /// A mail server, by its URL.
    pub(crate) fn server(url: &str) -> Result<Self, SmtpError> {
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?;
        Ok(Self::Server(server.timeout(Some(PATIENCE)).build()))
    }

    /// Sends a mail. In a folder it is on disk by then; the same name is the same mail.
    pub(crate) async fn send(&self, name: String, letter: Message) -> Result<(), MailError> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let written = tokio::task::spawn_blocking(move || {
                    write(&folder, &format!("{name}.eml"), &letter.formatted())
                });
                let written = written.await.unwrap_or_else(|error| Err(io::Error::other(error)));
                written.map_err(|error| MailError::NotKept { reason: error.to_string() })
            }
            Self::Server(server) => match server.send(letter).await {
                Ok(_) => Ok(()),
                Err(error) => Err(MailError::Undelivered { reason: error.to_string() }),
            },
        }
    }
}

/// Puts a file in its place, whole and on disk.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    // A name of its own: what an earlier attempt has begun may be on its way still.
    let mut file = tempfile::Builder::new().suffix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    File::open(folder)?.sync_all()
}
