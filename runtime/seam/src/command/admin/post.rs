//! Where listeners are: each says so in `<data>/control/NAME.admin`, which it holds for as long as it lives,
//! however it ends.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// What the names of the files end with.
const SUFFIX: &str = ".admin";
/// How often it is tried to hold a file that somebody is just looking at.
const ATTEMPTS: u32 = 100;
/// The longest address, in bytes.
const LONGEST: u64 = 128;

/// A listener's file. It goes when this is dropped.
#[derive(Debug)]
pub(super) struct Post {
    path: PathBuf,
    _held: File,
}

impl Post {
    /// Says where the listener of that name is: `all`, `pay.1`, `up+split`.
    ///
    /// # Errors
    /// The folder can't be written, or another listener of that name lives: [`io::ErrorKind::AddrInUse`].
    pub(super) fn put(data: &Path, name: &str, address: SocketAddr) -> io::Result<Self> {
        let path = folder(data).join(format!("{name}{SUFFIX}"));
        let mut held =
            File::options().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
        hold(&held)?;
        held.set_len(0)?;
        held.rewind()?;
        write!(held, "{address}")?;
        Ok(Self { path, _held: held })
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        // Ours as long as it is held; if it is gone already, so much the better.
        let _ = fs::remove_file(&self.path);
    }
}

fn hold(file: &File) -> io::Result<()> {
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            // Whoever looks holds it for no longer than that takes.
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn folder(data: &Path) -> PathBuf {
    data.join("control")
}

/// The listeners that live, by name and address.
pub(in crate::command) fn posts(data: &Path) -> Vec<(String, SocketAddr)> {
    // A folder that isn't there, or isn't ours, has none.
    let entries = fs::read_dir(folder(data)).into_iter().flatten().flatten();
    let mut posts: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.strip_suffix(SUFFIX)?.to_owned();
            Some((name, read(&entry.path())?))
        })
        .collect();
    posts.sort_unstable();
    posts
}

/// What a file says, if somebody holds it.
fn read(path: &Path) -> Option<SocketAddr> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        _ => return None,
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_found_for_as_long_as_it_lives() {
        let data = tempfile::tempdir().unwrap();
        assert!(posts(data.path()).is_empty());
        fs::create_dir(folder(data.path())).unwrap();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let all = Post::put(data.path(), "all", at(7070)).unwrap();
        let up = Post::put(data.path(), "up+split", at(7171)).unwrap();
        let both = [("all".to_owned(), at(7070)), ("up+split".to_owned(), at(7171))];
        assert_eq!(posts(data.path()), both);
        let twice = Post::put(data.path(), "all", at(1)).unwrap_err();
        assert_eq!(twice.kind(), io::ErrorKind::AddrInUse);
        drop(up);
        assert_eq!(posts(data.path()), both[..1]);
        drop(all);
        // What a killed process left.
        fs::write(folder(data.path()).join("all.admin"), "127.0.0.1:7070").unwrap();
        assert!(posts(data.path()).is_empty());
        let _again = Post::put(data.path(), "all", at(7)).unwrap();
        assert_eq!(posts(data.path()), [("all".to_owned(), at(7))]);
    }
}
