//! What something costs that does nothing: two processes that differ by a thousand of it, and the
//! difference of their memory.

use std::thread;
use std::time::Duration;

use anyhow::Context;

use super::between::BetweenJob;
use super::unit::UnitJob;
use crate::measure::{Child, Sample};

/// So many are there in any case, for what the first of them costs once.
const FEW: usize = 10;
/// And so many more in the other process.
const MORE: usize = 1_000;
/// Until what a start has used is given back, and connections have found that nothing happens.
const SETTLE: Duration = Duration::from_millis(3_500);

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

impl Side {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// Bytes per service that was never called.
pub(super) fn service() -> anyhow::Result<Sample> {
    difference(|actors| {
        let unit = UnitJob { actors, ..UnitJob::default() };
        let mut process = Child::start("serve-scale", &unit)?;
        process.address()?;
        Ok(Idle { measured: process, _other: None })
    })
}

/// Bytes per connection over which nothing goes but pings.
pub(super) fn connection(side: Side) -> anyhow::Result<Sample> {
    difference(|connections| {
        let unit = UnitJob { actors: 1, listens: true, ..UnitJob::default() };
        let mut server = Child::start("serve-scale", &unit)?;
        let job = BetweenJob {
            address: server.address()?,
            connections,
            busy: 0,
            in_flight: 0,
            echo: None,
            timing: None,
        };
        let mut client = Child::start("drive-scale", &job)?;
        client.address().context("opening connections")?;
        Ok(match side {
            Side::Server => Idle { measured: server, _other: Some(client) },
            Side::Client => Idle { measured: client, _other: Some(server) },
        })
    })
}

/// A process that does nothing, and whom it does nothing with.
struct Idle {
    measured: Child,
    _other: Option<Child>,
}

/// Both settle at the same time.
fn difference(with: impl Fn(usize) -> anyhow::Result<Idle>) -> anyhow::Result<Sample> {
    let (mut few, mut more) = (with(FEW)?, with(FEW + MORE)?);
    #[expect(clippy::disallowed_methods, reason = "the bench's own thread has nothing else to do")]
    thread::sleep(SETTLE);
    let (few, more) = (few.measured.usage()?.anon_kib, more.measured.usage()?.anon_kib);
    let kib = more as f64 - few as f64;
    Ok(Sample::of_memory(kib * 1024.0 / MORE as f64, more))
}
