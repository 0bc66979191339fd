//! Which processes there are on this machine, by the data folder that they share: each has a file there
//! for as long as it listens, whatever config it was started with.
//!
//! A file is locked by its process, so that the system itself takes it back, however the process ends:
//! one that nobody holds says nothing.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use seam_wire::{Address, Identity};
use serde::{Deserialize, Serialize};

use crate::config::process;
use crate::unit::peers::absolute;

/// What the names of the files end with.
const ENDS: &str = "unit";
/// No announcement is longer, in bytes.
const LONGEST: u64 = 4_096;
/// So many are read at most.
const MOST: usize = 1_000;

/// A process, as it announces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Announced {
    app: String,
    pub(super) unit: String,
    pub(super) instance: u16,
    /// Where it listens: the name of a socket beside the file, or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    socket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// This process's file, until it is dropped.
#[derive(Debug)]
pub(in crate::unit) struct Announcement {
    path: PathBuf,
    file: File,
}

/// Where they are.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("links")
}

impl Announcement {
    /// Announces this process, which listens there.
    ///
    /// # Errors
    /// The system's.
    pub(in crate::unit) fn new(data: &Path, own: &Identity, listen: &Address) -> io::Result<Self> {
        let folder = folder(data);
        let beside = |path: &PathBuf| {
            let is_here = path.parent().is_some_and(|parent| *parent == *folder);
            path.file_name().filter(|_| is_here).map(|name| name.to_string_lossy().into_owned())
        };
        let socket = match listen {
            Address::Unix(path) => beside(path),
            Address::Tcp { .. } => None,
        };
        let address = socket.is_none().then(|| absolute(listen).to_string());
        let announced = Announced {
            app: own.app.clone(),
            unit: own.unit.clone(),
            instance: own.instance,
            socket,
            address,
        };
        fs::create_dir_all(&folder)?;
        let name = process(&own.unit, own.instance);
        let (path, new) =
            (folder.join(format!("{name}.{ENDS}")), folder.join(format!(".{name}.{}", own.launch)));
        let mut file = File::create(&new)?;
        file.lock()?;
        file.write_all(&serde_json::to_vec(&announced)?)?;
        // Whole, and held, from the moment on when others see it.
        fs::rename(&new, &path)?;
        Ok(Self { path, file })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let inode = |metadata: io::Result<fs::Metadata>| metadata.ok().map(|data| data.ino());
        let own = inode(self.file.metadata());
        // Whoever came in its place has a file of its own.
        if own.is_some() && own == inode(fs::metadata(&self.path)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The processes of an app that announce themselves now, and where they are dialled.
pub(super) fn announced(data: &Path, app: &str) -> Vec<(Announced, Address)> {
    let folder = folder(data);
    // A folder that isn't there has none.
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST);
    let paths = entries.map(|entry| entry.path());
    let files = paths.filter(|path| path.extension().is_some_and(|ends| ends == ENDS));
    let read = files.filter_map(|path| {
        let announced = read(&path)?;
        let address = match (&announced.socket, &announced.address) {
            (Some(socket), _) if !socket.contains('/') => {
                format!("unix:{}", folder.join(socket).display()).parse()
            }
            (_, Some(address)) => address.parse(),
            _ => return None,
        };
        (announced.app == app).then_some((announced, address.ok()?))
    });
    read.collect()
}

/// What a file says, if the process that wrote it is there.
fn read(path: &Path) -> Option<Announced> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        // Nobody holds it any more.
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_announced_for_as_long_as_it_is_there() {
        let data = tempfile::tempdir().unwrap();
        let own = |unit: &str| Identity::new("shop", unit, "dev");
        let socket = |name: &str| Address::Unix(folder(data.path()).join(name));
        let here = || {
            let mut all = announced(data.path(), "shop");
            all.sort_by(|a, b| a.0.unit.cmp(&b.0.unit));
            all.into_iter().map(|(own, at)| (own.unit, own.instance, at)).collect::<Vec<_>>()
        };
        assert!(here().is_empty());
        let loyalty = socket("loyalty.sock");
        let first = Announcement::new(data.path(), &own("loyalty"), &loyalty).unwrap();
        let tcp: Address = "127.0.0.1:7401".parse().unwrap();
        let other = own("pay").instance(2);
        let _pay = Announcement::new(data.path(), &other, &tcp).unwrap();
        let _others =
            Announcement::new(data.path(), &Identity::new("x", "x", "dev"), &tcp).unwrap();
        let both = [("loyalty".to_owned(), 0, loyalty.clone()), ("pay".to_owned(), 2, tcp)];
        assert_eq!(here(), both);
        // Who comes in the place of another isn't taken away with it.
        let second = Announcement::new(data.path(), &own("loyalty"), &loyalty).unwrap();
        drop(first);
        assert_eq!(here(), both);
        drop(second);
        assert_eq!(here(), both[1..]);
    }

    #[test]
    fn what_nobody_holds_says_nothing() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder(data.path())).unwrap();
        let text = r#"{"app":"shop","unit":"gone","instance":0,"address":"127.0.0.1:7401"}"#;
        fs::write(folder(data.path()).join("gone.unit"), text).unwrap();
        assert!(announced(data.path(), "shop").is_empty());
    }
}
