//! Servers of others that a suite needs: each test starts its own, on a port of its own, in a folder of
//! its own. Where one isn't installed the test is skipped and says so, unless `SEAM_NO_SKIP` is set.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::process::{Process, signal};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Debian's `nats-server`, with JetStream.
    Nats,
    /// Debian's `zookeeper`, alone.
    ZooKeeper,
}

/// A server that runs for a test. Dropped, it is killed.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    port: u16,
    process: Option<Process>,
    // After the process that works in it.
    folder: TempDir,
}

impl Kind {
    const fn package(self) -> &'static str {
        match self {
            Self::Nats => "nats-server",
            Self::ZooKeeper => "zookeeper",
        }
    }

    fn program(self) -> Option<PathBuf> {
        let places: &[&str] = match self {
            Self::Nats => &["/usr/sbin/nats-server", "/usr/local/bin/nats-server"],
            Self::ZooKeeper if !Path::new(ZOOKEEPER).exists() => &[],
            Self::ZooKeeper => &["/usr/bin/java"],
        };
        places.iter().map(PathBuf::from).find(|program| program.exists())
    }
}

/// Debian's.
const ZOOKEEPER: &str = "/usr/share/java/zookeeper.jar";

impl Broker {
    /// Starts one; `None`, and a word of it, if it isn't installed.
    ///
    /// # Errors
    /// It doesn't start, or isn't installed where nothing may be skipped.
    pub async fn start(kind: Kind) -> io::Result<Option<Self>> {
        if kind.program().is_none() {
            let missing = format!("{} isn't installed", kind.package());
            if std::env::var_os("SEAM_NO_SKIP").is_some() {
                return Err(io::Error::other(format!("{missing}, and SEAM_NO_SKIP is set")));
            }
            #[expect(clippy::print_stderr, reason = "said with the test's result")]
            {
                eprintln!("skipped: {missing}");
            }
            return Ok(None);
        }
        // Nobody gets the port meanwhile: the system gives out others first.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut broker = Self { kind, port, process: None, folder: tempfile::tempdir()? };
        broker.resume().await?;
        Ok(Some(broker))
    }

    /// Where it is, as `[registry] url` says it.
    pub fn url(&self) -> String {
        let scheme = match self.kind {
            Kind::Nats => "nats",
            Kind::ZooKeeper => "zookeeper",
        };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Kills it, as `kill -9` does.
    ///
    /// # Errors
    /// It doesn't run.
    pub async fn kill(&mut self) -> io::Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill().await,
            None => Err(io::Error::other("it doesn't run")),
        }
    }

    /// Has it stand still, or go on.
    ///
    /// # Errors
    /// It doesn't run.
    pub fn freeze(&self, still: bool) -> io::Result<()> {
        let id = self.process.as_ref().and_then(Process::id);
        let id = id.ok_or_else(|| io::Error::other("it doesn't run"))?;
        signal(id, if still { Signal::STOP } else { Signal::CONT })
    }

    /// Starts it again, on what it has kept, and waits until it answers.
    ///
    /// # Errors
    /// It doesn't.
    pub async fn resume(&mut self) -> io::Result<()> {
        let program = self.kind.program().ok_or(io::ErrorKind::NotFound)?;
        let data = self.folder.path().join("data").display().to_string();
        let log = self.folder.path().join("log");
        let port = self.port.to_string();
        let arguments: Vec<String> = match self.kind {
            Kind::Nats => {
                ["-js", "-sd", &data, "-a", "127.0.0.1", "-p", &port].map(Into::into).into()
            }
            Kind::ZooKeeper => {
                let config = self.folder.path().join("zoo.cfg");
                std::fs::write(
                    &config,
                    format!(
                        "dataDir={data}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
                         tickTime=200\nadmin.enableServer=false\n4lw.commands.whitelist=*\n"
                    ),
                )?;
                let main = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
                let sparing = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
                let class_path = ["-cp", ZOOKEEPER, main].map(String::from);
                let arguments = sparing.map(String::from).into_iter().chain(class_path);
                arguments.chain([config.display().to_string()]).collect()
            }
        };
        self.process = Some(Process::start(&program, arguments, &[], &log)?);
        let began = Instant::now();
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        while TcpStream::connect(address).await.is_err() {
            if began.elapsed() > PATIENCE {
                let package = self.kind.package();
                return Err(io::Error::other(format!("{package} isn't up after {PATIENCE:?}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}
