//! The operator's own token: `<data>/control/admin.token`, for the owner of the app alone.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The shortest token that is believed not to be guessed, in bytes.
const SHORTEST: usize = 16;
/// A file that is longer is none of ours.
const LONGEST: u64 = 4096;

/// The operator's token. Shown, it is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorToken(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file can't be made or read.
    #[error("the token {} can't be read or made: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{} holds no token\n  fix: remove it: a new one is made at the next start", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl OperatorToken {
    /// Where it is.
    pub fn path(data: &Path) -> PathBuf {
        data.join("control").join("admin.token")
    }

    /// The token that is there, or a new one. Blocks.
    ///
    /// # Errors
    /// The folder can't be written, or the file holds something else.
    pub fn open(data: &Path) -> Result<Self, TokenError> {
        let path = Self::path(data);
        let made = made(&path).map_err(|error| TokenError::Io { path: path.clone(), error });
        made.and_then(|()| Self::read(data))
    }

    /// The token that is there. Blocks.
    ///
    /// # Errors
    /// There is none, or the file holds something else.
    pub fn read(data: &Path) -> Result<Self, TokenError> {
        let path = Self::path(data);
        let read = || {
            let length = fs::metadata(&path)?.len();
            if length > LONGEST { Ok(String::new()) } else { fs::read_to_string(&path) }
        };
        match read() {
            Ok(text) => {
                let token = text.trim();
                let sound = token.len() >= SHORTEST && token.bytes().all(|b| b.is_ascii_graphic());
                sound.then(|| Self(token.to_owned())).ok_or(TokenError::Malformed { path })
            }
            Err(error) => Err(TokenError::Io { path, error }),
        }
    }

    /// All of it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorToken(***)")
    }
}

/// Makes the file unless it is there, at once with all that is in it; it is the owner's alone in any case.
fn made(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if !path.exists() {
        let new = folder.join(format!(".admin.token.{}", random()?));
        let mut file = File::options().create_new(true).write(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", random()?)?;
        file.sync_all()?;
        // Another process may have made one meanwhile: then that one holds.
        let linked = fs::hard_link(&new, path);
        fs::remove_file(&new)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// 256 bits that nobody guesses, as a text.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    let random = SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(OperatorToken::read(data.path()), Err(TokenError::Io { .. })));
        let token = OperatorToken::open(data.path()).unwrap();
        assert_eq!(token.reveal().len(), 43);
        assert_eq!(OperatorToken::open(data.path()).unwrap(), token);
        let path = OperatorToken::path(data.path());
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        OperatorToken::open(data.path()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(format!("{token:?}"), "OperatorToken(***)");
    }

    #[test]
    fn several_that_start_at_once_have_the_same() {
        let data = tempfile::tempdir().unwrap();
        let all: Vec<_> = std::thread::scope(|scope| {
            let open = || OperatorToken::open(data.path()).unwrap();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.iter().all(|token| *token == all[0]));
    }

    #[test]
    fn what_is_no_token_is_not_believed() {
        let data = tempfile::tempdir().unwrap();
        OperatorToken::open(data.path()).unwrap();
        for text in ["", "short", "with a space in its middle", "\u{7}\u{7}\u{7}\u{7}"] {
            fs::write(OperatorToken::path(data.path()), text).unwrap();
            let opened = OperatorToken::open(data.path());
            assert!(matches!(opened, Err(TokenError::Malformed { .. })), "{text}");
        }
    }
}
