//! Where a unit's control socket is, and who may have it.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Write as _},
    os::{
        fd::AsRawFd,
        unix::fs::{DirBuilderExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

use crate::config::MAX_INSTANCES;

/// The longest path that a Unix socket takes.
const LONGEST: usize = 107;
/// What the names of the sockets of `up` begin with.
const UP: &str = "up+";

/// A bound control socket. Its file goes when it is dropped.
#[derive(Debug)]
pub(in crate::command) struct ControlSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Held as long as the socket is ours; the kernel lets go of it however the process ends.
    _lock: File,
}

/// Why a unit can't have its control socket.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum BindError {
    /// It is running already.
    #[error(
        "{} is already running with the data folder {}{}\n  \
         fix: stop it, or name another data folder: SEAM__APP__DATA=…",
        running_as(.unit), .data.display(),
        .pid.as_ref().map(|pid| format!(", as process {pid}")).unwrap_or_default()
    )]
    Running {
        /// Its name.
        unit: String,
        /// Its process, if it has said so already.
        pid: Option<u32>,
        /// The data folder.
        data: PathBuf,
    },
    /// The folder or the socket can't be made.
    #[error(
        "the control socket {} can't be opened: {error}\n  \
         fix: make the data folder writable, or name another: SEAM__APP__DATA=…", .path.display()
    )]
    Io {
        /// The socket, or the folder that it should be in.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl BindError {
    fn running(data: &Path, unit: &str) -> Self {
        Self::Running { unit: unit.into(), pid: holder(data, unit), data: data.into() }
    }
}

/// What it is that has a socket of that name.
fn running_as(name: &str) -> String {
    match name.strip_prefix(UP) {
        Some(topology) => format!("`up {topology}`"),
        None => format!("unit `{name}`"),
    }
}

/// The name of the socket of `up`, by the topology that it runs. No unit's name has a `+`.
pub(in crate::command) fn socket_of(topology: &str) -> String {
    format!("{UP}{topology}")
}

/// Whether a socket of that name is one of `up`.
pub(in crate::command) fn is_of_up(name: &str) -> bool {
    name.starts_with(UP)
}

/// The names of all sockets that are there, whether anybody listens or not.
pub(in crate::command) fn names(data: &Path) -> Vec<String> {
    // A folder that isn't there, or isn't ours, has none.
    let entries = fs::read_dir(folder(data)).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| {
        entry.file_name().to_str().and_then(|name| name.strip_suffix(".sock")).map(String::from)
    };
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort_unstable();
    names
}

fn folder(data: &Path) -> PathBuf {
    data.join("control")
}

/// The process that has taken, or had taken, the socket of that name, if it has said so.
pub(in crate::command) fn holder(data: &Path, unit: &str) -> Option<u32> {
    let holder = fs::read_to_string(folder(data).join(format!("{unit}.lock")));
    holder.ok().and_then(|text| text.trim().parse().ok())
}

/// The instances of a unit that have, or had, a control socket, by number; the first isn't looked for.
pub(in crate::command) fn instances(data: &Path, unit: &str) -> Vec<u16> {
    let number = |name: &str| {
        let number = name.strip_prefix(unit)?.strip_prefix('.')?.strip_suffix(".sock")?;
        number.parse().ok().filter(|number| *number < MAX_INSTANCES)
    };
    // A folder that isn't there, or isn't ours, has none.
    let entries = fs::read_dir(folder(data)).into_iter().flatten().flatten();
    let mut found: Vec<u16> =
        entries.filter_map(|entry| number(&entry.file_name().to_string_lossy())).collect();
    found.sort_unstable();
    found
}

impl ControlSocket {
    /// Takes the socket of a unit, over what a killed process may have left of it.
    ///
    /// # Errors
    /// The unit is running already, or the data folder doesn't let us.
    pub(in crate::command) fn bind(data: &Path, unit: &str) -> Result<Self, BindError> {
        let folder = folder(data);
        let path = folder.join(format!("{unit}.sock"));
        let failed = |error| BindError::Io { path: path.clone(), error };
        DirBuilder::new().recursive(true).create(data).map_err(failed)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).map_err(failed)?;
        let mut lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(format!("{unit}.lock")))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BindError::running(data, unit));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        lock.set_len(0).map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let (short, _held) = shortened(&path).map_err(failed)?;
        let listener = UnixListener::bind(short).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, path, _lock: lock })
    }

    /// The next client.
    ///
    /// # Errors
    /// The system has no descriptor left, say.
    pub(in crate::command) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Ours by the lock; if it is gone already, so much the better.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether none of these units runs on the data folder.
///
/// # Errors
/// Names the first that does.
pub(in crate::command) async fn none_runs(data: &Path, units: &[String]) -> Result<(), BindError> {
    for unit in units {
        match connect(data, unit).await {
            Ok(None) => {}
            Ok(Some(_)) => return Err(BindError::running(data, unit)),
            Err(error) => {
                let path = folder(data).join(format!("{unit}.sock"));
                return Err(BindError::Io { path, error });
            }
        }
    }
    Ok(())
}

/// Connects to a unit's control socket; `None` if the unit isn't running.
///
/// # Errors
/// The socket is there, but isn't ours to open.
pub(in crate::command) async fn connect(data: &Path, unit: &str) -> io::Result<Option<UnixStream>> {
    let path = folder(data).join(format!("{unit}.sock"));
    let (short, _held) = match shortened(&path) {
        Ok(short) => short,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match UnixStream::connect(short).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A path that the kernel takes for a socket: a long one goes through the open folder's entry
/// under `/proc`, which is good for as long as the folder is held.
fn shortened(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok((path.into(), None));
    };
    if path.as_os_str().len() <= LONGEST {
        return Ok((path.into(), None));
    }
    let folder = File::open(folder)?;
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok((short, Some(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn only_the_owner_may_open_it() {
        let data = tempfile::tempdir().unwrap();
        let socket = ControlSocket::bind(data.path(), "all").unwrap();
        assert_eq!(mode(&data.path().join("control")), 0o700);
        assert_eq!(mode(&data.path().join("control/all.sock")), 0o600);
        assert!(connect(data.path(), "all").await.unwrap().is_some());
        drop(socket);
        assert!(!data.path().join("control/all.sock").exists());
        assert!(connect(data.path(), "all").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_folder_left_open_is_closed() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("control");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let _socket = ControlSocket::bind(data.path(), "all").unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_replaced() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("control");
        fs::create_dir(&folder).unwrap();
        // A listener that is gone without taking its file along.
        drop(std::os::unix::net::UnixListener::bind(folder.join("all.sock")).unwrap());
        assert!(connect(data.path(), "all").await.unwrap().is_none());
        let _socket = ControlSocket::bind(data.path(), "all").unwrap();
        assert!(connect(data.path(), "all").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_unit_runs_once_per_data_folder() {
        let data = tempfile::tempdir().unwrap();
        let _first = ControlSocket::bind(data.path(), "all").unwrap();
        let second = ControlSocket::bind(data.path(), "all").unwrap_err();
        let text = second.to_string();
        assert!(text.starts_with("unit `all` is already running with the data folder"), "{text}");
        assert!(text.contains(&format!(", as process {}\n", std::process::id())), "{text}");
        let all = none_runs(data.path(), &["pay".into(), "all".into()]).await.unwrap_err();
        assert_eq!(all.to_string(), text);
        none_runs(data.path(), &["pay".into()]).await.unwrap();
        assert!(ControlSocket::bind(data.path(), "pay").is_ok());
        assert!(connect(data.path(), "all").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn instances_are_found_by_their_sockets() {
        let data = tempfile::tempdir().unwrap();
        assert!(instances(data.path(), "pay").is_empty());
        let names = ["pay", "pay.7", "pay.1", "payment.2", "pay.64"];
        let _all: Vec<_> = names.map(|n| ControlSocket::bind(data.path(), n).unwrap()).into();
        assert_eq!(instances(data.path(), "pay"), [1, 7]);
        assert_eq!(holder(data.path(), "pay.7"), Some(std::process::id()));
        assert_eq!(holder(data.path(), "pay.8"), None);
    }

    #[tokio::test]
    async fn a_data_folder_may_lie_deep() {
        let data = tempfile::tempdir().unwrap();
        let deep = data.path().join("d".repeat(120));
        assert!(connect(&deep, "all").await.unwrap().is_none());
        let _socket = ControlSocket::bind(&deep, "all").unwrap();
        assert!(deep.join("control/all.sock").exists());
        assert!(connect(&deep, "all").await.unwrap().is_some());
    }
}
