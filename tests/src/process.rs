//! A program that runs for a test, and doesn't outlive it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// The path of an example of this package, which cargo has built with the tests.
///
/// # Errors
/// It isn't there: `cargo test` builds it, `cargo test --test suite` alone doesn't.
pub fn example(name: &str) -> io::Result<PathBuf> {
    // target/debug/deps/suite-… → target/debug/examples/name
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let program = folder.join("examples").join(name);
    let missing = || io::Error::other(format!("{}: `cargo build --examples`", program.display()));
    program.exists().then_some(()).ok_or_else(missing)?;
    Ok(program)
}

/// A running program. Dropped, it is killed; dropped in a panic, it shows its log.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it prints is added to the file `log`.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        environment: &[(String, String)],
        log: &Path,
    ) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(program);
        command.args(arguments).envs(environment.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true);
        Ok(Self { child: command.spawn()?, log: log.to_owned() })
    }

    /// The process's id, until it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks the program to end, by SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// It has ended before.
    pub async fn stop(&mut self) -> io::Result<ExitStatus> {
        let id = self.child.id().ok_or_else(|| io::Error::other("it has ended by itself"))?;
        signal(id, Signal::TERM)?;
        self.child.wait().await
    }

    /// Kills the program, and waits until it is gone.
    ///
    /// # Errors
    /// The system refused.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

/// Sends a signal to a process.
///
/// # Errors
/// There is no such process.
pub fn signal(id: u32, signal: Signal) -> io::Result<()> {
    let id = Pid::from_raw(id.cast_signed()).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(id, signal)?)
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            let place = self.log.display();
            // For who reads the failure; the file is gone with its folder.
            #[expect(clippy::print_stderr, reason = "shown with the failed test")]
            {
                eprintln!("--- the end of {place} ---\n{last}\n---");
            }
        }
    }
}
