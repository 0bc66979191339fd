//! A PostgreSQL of the tests' own, on a free port and in a folder of its own. Where it isn't
//! installed its tests are skipped and say so, unless `SEAM_NO_SKIP` is set.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long it may take to start again after it was killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the server and removes its folder when the test's process has gone, however it went.
const JANITOR: &str = r#"
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
for _ in $(seq 100); do
    grep -qs '^State:.[^Z]' "/proc/$pid/status" || break
    sleep 0.05
done
rm -rf "$1"
"#;

/// A server. Dropped, it is ended.
#[derive(Debug)]
pub(crate) struct Server {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    janitor: Child,
}

impl Server {
    /// Starts one; `None`, and a word of it, if it isn't installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let missing = "skipped: PostgreSQL isn't installed";
            assert!(
                std::env::var_os("SEAM_NO_SKIP").is_none(),
                "{missing}, and SEAM_NO_SKIP is set"
            );
            #[expect(clippy::print_stderr, reason = "said with the test's result")]
            {
                eprintln!("{missing}");
            }
            return None;
        };
        let folder = tempfile::Builder::new().prefix("seam-postgres-").tempdir().unwrap().keep();
        let janitor = Command::new("sh")
            .args(["-c", JANITOR, "janitor"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        // Nobody gets the port meanwhile: the system gives out others first.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, programs, port, janitor };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&server.folder)).unwrap();
        }
        let (data, mut initdb) = (server.folder.join("data"), server.program("initdb"));
        let options = ["-U", "seam", "-A", "trust", "--no-sync", "-E", "UTF8"];
        run(initdb.arg("-D").arg(data).args(options)).unwrap();
        server.resume();
        Some(server)
    }

    /// The one that most tests use, each with a schema of its own.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// Kills it, as `kill -9` does, and waits until all of it has gone.
    pub(crate) fn kill(&self) {
        let all = self.processes();
        kill_process(self.pid(), Signal::KILL).unwrap();
        for pid in all {
            wait_for(|| has_ended(pid));
        }
    }

    /// Has it stand still, or go on.
    pub(crate) fn freeze(&self, still: bool) {
        let signal = if still { Signal::STOP } else { Signal::CONT };
        for pid in self.processes() {
            // A child may have ended meanwhile.
            let _ = kill_process(pid, signal);
        }
    }

    /// Starts it, again on what it has kept, and waits until it answers.
    pub(crate) fn resume(&self) {
        let socket = self.folder.display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={socket} \
             -c max_connections=200 -c shared_buffers=32MB",
            self.port
        );
        let started = || {
            let (data, log) = (self.folder.join("data"), self.folder.join("log"));
            let mut start = self.program("pg_ctl");
            start.arg("-D").arg(data).arg("-l").arg(log).args(["-w", "-o", &options, "start"]);
            run(&mut start).is_ok()
        };
        // What is left of one that was killed may be in its way for a moment.
        wait_for(started);
    }

    fn pid(&self) -> Pid {
        let file = fs::File::open(self.folder.join("data/postmaster.pid")).unwrap();
        let line = BufReader::new(file).lines().next().unwrap().unwrap();
        Pid::from_raw(line.trim().parse().unwrap()).unwrap()
    }

    /// The first of its processes, and those that serve.
    fn processes(&self) -> Vec<Pid> {
        let pid = self.pid();
        let children = format!("/proc/{0}/task/{0}/children", pid.as_raw_pid());
        let children = fs::read_to_string(children).unwrap_or_default();
        let children =
            children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        children.chain([pid]).collect()
    }

    /// One of its programs, by a user that it accepts: never root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("postgres://seam@127.0.0.1:{port}/postgres")
}

/// Debian's newest.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let programs = versions.map(|version| version.path().join("bin"));
    programs.filter(|path| path.join("initdb").exists()).max()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn run(command: &mut Command) -> io::Result<()> {
    // Nothing of it is inherited: it outlives the command.
    let command = command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

/// Nobody may wait for the end of a process that isn't its child, so one stays that has ended.
fn has_ended(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid()));
    status.is_err() || status.is_ok_and(|status| status.contains("State:\tZ"))
}

fn wait_for(reached: impl Fn() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}");
        thread::park_timeout(Duration::from_millis(20));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}
