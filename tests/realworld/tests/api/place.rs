//! The app as real processes, in any of the placements whose answers must agree.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use seam_tests::http::{Request, Response};
use seam_tests::process::Process;
use seam_tests::shop::Premises;

/// Which services run in which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// One process, arguments moved.
    One,
    /// One process, every call encoded and decoded.
    Encoded,
    /// Two processes.
    Two,
    /// A process for each service.
    Four,
}

impl Placement {
    pub(crate) const ALL: [Self; 4] = [Self::One, Self::Encoded, Self::Two, Self::Four];

    fn topology(self) -> &'static str {
        match self {
            Self::One | Self::Encoded => "one",
            Self::Two => "two",
            Self::Four => "four",
        }
    }

    fn units(self) -> usize {
        match self {
            Self::One | Self::Encoded => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }
}

/// The running app.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) placement: Placement,
    // Before the folder that it works in.
    process: Process,
    premises: Premises,
    edge: SocketAddr,
}

impl Place {
    /// A new, empty one, once it is ready.
    pub(crate) async fn open(placement: Placement) -> io::Result<Self> {
        let mut settings = vec![
            // Hashing is to cost an attacker time, and a test none.
            ("SEAM__SERVICES__USERS__CONFIG__HASHING_KIB", "8"),
            ("SEAM__UNITS__ALL__HTTP", "127.0.0.1:0"),
            ("SEAM__UNITS__ACCOUNTS__HTTP", "127.0.0.1:0"),
            ("SEAM__UNITS__USERS__HTTP", "127.0.0.1:0"),
        ];
        if placement == Placement::Encoded {
            settings.push(("SEAM__CALLS__RESOLUTION", "encoded"));
        }
        let settings = settings.into_iter().map(|(key, value)| (key.into(), value.into()));
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("app.toml");
        let program = env!("CARGO_BIN_EXE_realworld").into();
        let premises = Premises::of(program, config, settings.collect())?;
        let process = premises.start(&["up", placement.topology()])?;
        let edge = premises.edge(placement.units(), true).await?;
        Ok(Self { placement, process, premises, edge })
    }

    /// Stops it and starts it again on what it has written.
    pub(crate) async fn reopen(&mut self) -> io::Result<()> {
        self.stop().await?;
        self.process = self.premises.start(&["up", self.placement.topology()])?;
        self.edge = self.premises.edge(self.placement.units(), true).await?;
        Ok(())
    }

    /// Stops it; it must end well.
    pub(crate) async fn stop(&mut self) -> io::Result<()> {
        let status = self.process.stop().await?;
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("it ended with {status}"))),
        }
    }

    pub(crate) async fn send(&self, request: &Request) -> io::Result<Response> {
        request.send(self.edge).await
    }
}
