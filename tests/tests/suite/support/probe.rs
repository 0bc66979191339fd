//! A service whose handlers do what the call says, step by step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use seam::prelude::*;

use super::lab::Lab;

/// What a handler does next.
#[seam::message]
pub(crate) enum Act {
    /// Waits until the test opens the gate.
    Pass(String),
    /// Waits until so many are there.
    Meet(String, u32),
    Note(String),
    Yield(u32),
    Sleep(u64),
    /// Spawns with tokio, and waits for it.
    Spawn,
    /// Holds the thread.
    Block(u64),
    Panic,
    Refuse,
    /// Calls the first of these services, by clients from the lab, which calls the next, and so on.
    Relay(Vec<String>),
    /// As `Relay`, from a task spawned with `seam::spawn`.
    SpawnRelay(Vec<String>),
    /// Never ends by itself.
    Hang,
}

#[seam::error]
#[derive(Eq)]
pub(crate) enum ProbeError {
    /// It was told to refuse.
    #[error(status = 409)]
    Refused { after: u64 },
    #[error(inner)]
    Inner(InnerError),
}

/// Handlers that do what they are told, and answer how often an exclusive turn has ended here.
#[seam::contract(name = "probe", version = "1.0")]
pub(crate) trait Probe {
    async fn alone(&mut self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError>;
    async fn beside(&self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError>;
    #[call(complete)]
    async fn through(&self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError>;
    /// Counts, and answers at once.
    async fn count(&mut self) -> u64;
    /// Answers at once.
    async fn read(&self) -> u64;
}

#[seam::config]
pub(crate) struct ProbeConfig {
    pub(crate) lab: u64,
}

pub(crate) struct ProbeService {
    lab: Arc<Lab>,
    counted: u64,
    /// Set while an exclusive turn is under way: who sees it has entered a broken instance.
    torn: bool,
}

impl Actor for ProbeService {
    type Contract = ProbeContract;
    type Config = ProbeConfig;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let lab = Lab::of(setup.config().lab);
        lab.starts.fetch_add(1, Ordering::SeqCst);
        if take_one(&lab.failing_starts) {
            return Err(StartError::failed("the lab says no"));
        }
        assert!(!take_one(&lab.panicking_starts), "the lab says panic");
        Ok(Self { lab, counted: 0, torn: false })
    }

    async fn stop(&mut self) {
        let _presence = self.lab.come_in(true);
        self.lab.note("stop");
        self.lab.stops.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    async fn health(&self) -> Health {
        if self.lab.saw("ill") {
            Health::Bad { reason: "the lab says ill".into() }
        } else {
            Health::Good
        }
    }
}

fn take_one(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

impl Probe for ProbeService {
    async fn alone(&mut self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError> {
        let lab = Arc::clone(&self.lab);
        let _presence = lab.come_in(true);
        let turn = Turn::begin(&lab, name);
        if self.torn {
            lab.note("entered a broken instance");
        }
        self.torn = true;
        let outcome = act(&lab, acts, self.counted).await;
        self.torn = false;
        turn.end();
        outcome?;
        self.counted += 1;
        Ok(self.counted)
    }

    async fn beside(&self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError> {
        self.share(name, acts).await
    }

    async fn through(&self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError> {
        self.share(name, acts).await
    }

    async fn count(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }

    async fn read(&self) -> u64 {
        self.counted
    }
}

impl ProbeService {
    async fn share(&self, name: String, acts: Vec<Act>) -> Result<u64, ProbeError> {
        let _presence = self.lab.come_in(false);
        let turn = Turn::begin(&self.lab, name);
        if self.torn {
            self.lab.note("entered a broken instance");
        }
        let outcome = act(&self.lab, acts, self.counted).await;
        turn.end();
        outcome?;
        Ok(self.counted)
    }
}

/// A turn in the log: `begin NAME`, then `end NAME` or, if it was ended, `drop NAME`.
struct Turn<'a> {
    lab: &'a Lab,
    name: String,
    ended: bool,
}

impl<'a> Turn<'a> {
    fn begin(lab: &'a Lab, name: String) -> Self {
        lab.note(format!("begin {name}"));
        Self { lab, name, ended: false }
    }

    fn end(mut self) {
        self.ended = true;
        self.lab.note(format!("end {}", self.name));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.lab.note(format!("drop {}", self.name));
        }
    }
}

async fn act(lab: &Lab, acts: Vec<Act>, counted: u64) -> Result<(), ProbeError> {
    for act in acts {
        match act {
            Act::Pass(gate) => lab.pass(&gate).await,
            Act::Meet(name, many) => lab.meet(&name, many as usize).await,
            Act::Note(what) => lab.note(what),
            Act::Yield(times) => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }
            Act::Sleep(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            #[allow(clippy::disallowed_methods)] // the very thing to be tested
            Act::Block(millis) => std::thread::sleep(Duration::from_millis(millis)),
            Act::Spawn => tokio::spawn(async { tokio::task::yield_now().await }).await.unwrap(),
            Act::Panic => panic!("told to"),
            Act::Refuse => return Err(ProbeError::Refused { after: counted }),
            Act::Relay(path) => relay(lab, path).await?,
            Act::SpawnRelay(path) => {
                let lab = Lab::of(lab.id);
                seam::spawn(async move { relay(&lab, path).await }).await.unwrap()?;
            }
            Act::Hang => std::future::pending().await,
        }
    }
    Ok(())
}

async fn relay(lab: &Lab, mut path: Vec<String>) -> Result<(), CallError<ProbeError>> {
    if path.is_empty() {
        return Ok(());
    }
    let next = path.remove(0);
    let client = lab.get::<ProbeClient>(&next);
    client.beside(next, vec![Act::Relay(path)]).await?;
    Ok(())
}

/// The acts of a turn that waits for `gate`.
pub(crate) fn pass(gate: &str) -> Vec<Act> {
    vec![Act::Pass(gate.to_owned())]
}

/// A second service, which must never notice what befalls the first.
#[seam::contract(name = "neighbour", version = "1.0")]
pub(crate) trait Neighbour {
    async fn count(&mut self) -> u64;
}

pub(crate) struct NeighbourService(u64);

impl Actor for NeighbourService {
    type Contract = NeighbourContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self(0))
    }
}

impl Neighbour for NeighbourService {
    async fn count(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}
