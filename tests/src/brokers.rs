//! Servers of others that a suite needs: each test starts its own, on a port of its own, in a folder of
//! its own. Where one isn't installed the test is skipped and says so, unless `SEAM_NO_SKIP` is set.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::process::{Process, signal};

mod rabbit;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Debian's `nats-server`, with JetStream.
    Nats,
    /// Debian's `zookeeper`, alone.
    ZooKeeper,
    /// Debian's `rabbitmq-server`.
    RabbitMq,
}

/// A server that runs for a test. Dropped, it is killed.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    port: u16,
    /// Of a server that needs more than one.
    others: [u16; 2],
    /// How many of its parts.
    given: AtomicUsize,
    process: Option<Process>,
    // After the process that works in it.
    folder: TempDir,
}

impl Kind {
    const fn package(self) -> &'static str {
        match self {
            Self::Nats => "nats-server",
            Self::ZooKeeper => "zookeeper",
            Self::RabbitMq => "rabbitmq-server",
        }
    }

    /// Whether it is installed.
    pub fn is_installed(self) -> bool {
        self.program().is_some()
    }

    fn program(self) -> Option<PathBuf> {
        let places: &[&str] = match self {
            Self::Nats => &["/usr/sbin/nats-server", "/usr/local/bin/nats-server"],
            Self::ZooKeeper if !Path::new(ZOOKEEPER).exists() => &[],
            Self::ZooKeeper => &["/usr/bin/java"],
            // Not the one on the path, which wants to be another user.
            Self::RabbitMq => &["/usr/lib/rabbitmq/bin/rabbitmq-server"],
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
        let port = || Ok::<_, io::Error>(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let (port, others) = (port()?, [port()?, port()?]);
        let mut broker = Self {
            kind,
            port,
            others,
            given: AtomicUsize::new(0),
            process: None,
            folder: tempfile::tempdir()?,
        };
        broker.resume().await?;
        Ok(Some(broker))
    }

    /// Where it is, as `[registry] url` and `[bus] url` say it.
    pub fn url(&self) -> String {
        let port = self.port;
        match self.kind {
            Kind::Nats => format!("nats://127.0.0.1:{port}"),
            Kind::ZooKeeper => format!("zookeeper://127.0.0.1:{port}"),
            Kind::RabbitMq => format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
        }
    }

    /// A part of a RabbitMQ server that shares nothing with the others, each time another one: its url.
    ///
    /// # Errors
    /// All of them are given away.
    pub fn apart(&self) -> io::Result<String> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        if number >= rabbit::PARTS {
            return Err(io::Error::other("all parts of this server are given away"));
        }
        Ok(format!("amqp://guest:guest@127.0.0.1:{}/{}", self.port, rabbit::part(number)))
    }

    const fn ports(&self) -> [u16; 3] {
        [self.port, self.others[0], self.others[1]]
    }

    /// Kills it, as `kill -9` does.
    ///
    /// # Errors
    /// It doesn't run.
    pub async fn kill(&mut self) -> io::Result<()> {
        match self.process.take() {
            Some(mut process) => {
                let killed = process.kill().await;
                if self.kind == Kind::RabbitMq {
                    rabbit::sweep(self.ports());
                }
                killed
            }
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
            Kind::RabbitMq => Vec::new(),
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
        let environment = match self.kind {
            Kind::RabbitMq => rabbit::furnish(self.folder.path(), self.ports())?,
            Kind::Nats | Kind::ZooKeeper => Vec::new(),
        };
        self.process = Some(Process::start(&program, arguments, &environment, &log)?);
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

/// What it has started beside itself goes with it.
impl Drop for Broker {
    fn drop(&mut self) {
        if self.kind == Kind::RabbitMq {
            self.process = None;
            rabbit::sweep(self.ports());
        }
    }
}
