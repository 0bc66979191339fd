//! Three services in a row, by their `Needs`: front calls middle, middle calls back.

use std::sync::Arc;
use std::time::Duration;

use seam::prelude::*;
use seam::{App, Running};
use seam_core::time::Clock;
use tempfile::TempDir;

use super::house::{Mode, start, stop};
use super::lab::Lab;
use super::probe::ProbeConfig;

/// What the last of them does, and how the middle calls it.
#[seam::message]
#[derive(Eq, Copy)]
pub(crate) enum Order {
    Answer,
    Refuse,
    Panic,
    /// The middle's call has no time.
    NoTime,
    /// The middle asks for more time than it has.
    MoreTime,
    /// The middle calls from a task of `seam::spawn`.
    Spawned,
    /// The middle calls from a task of `tokio::spawn`.
    SpawnedPlainly,
}

#[seam::error]
#[derive(Eq)]
pub(crate) enum ChainError {
    /// No.
    Refused,
    #[error(inner)]
    Inner(InnerError),
}

#[seam::contract(name = "front", version = "1.0")]
pub(crate) trait Front {
    async fn go(&self, order: Order) -> Result<u64, ChainError>;
}

#[seam::contract(name = "middle", version = "1.0")]
pub(crate) trait Middle {
    async fn pass_on(&mut self, order: Order) -> Result<u64, ChainError>;
}

#[seam::contract(name = "back", version = "1.0")]
pub(crate) trait Back {
    async fn do_it(&self, order: Order) -> Result<u64, ChainError>;
}

pub(crate) struct FrontService {
    lab: Arc<Lab>,
    middle: MiddleClient,
}

impl Actor for FrontService {
    type Contract = FrontContract;
    type Config = ProbeConfig;
    type Needs = (MiddleClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { lab: Lab::of(setup.config().lab), middle: setup.client()? })
    }
}

impl Front for FrontService {
    async fn go(&self, order: Order) -> Result<u64, ChainError> {
        note(&self.lab, "front");
        Ok(self.middle.pass_on(order).await?)
    }
}

pub(crate) struct MiddleService {
    lab: Arc<Lab>,
    back: BackClient,
}

impl Actor for MiddleService {
    type Contract = MiddleContract;
    type Config = ProbeConfig;
    type Needs = (BackClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { lab: Lab::of(setup.config().lab), back: setup.client()? })
    }
}

impl Middle for MiddleService {
    async fn pass_on(&mut self, order: Order) -> Result<u64, ChainError> {
        note(&self.lab, "middle");
        let call = self.back.do_it(order);
        let call = match order {
            Order::NoTime => call.deadline(Duration::ZERO),
            Order::MoreTime => call.deadline(secs(3600)),
            _ => call,
        };
        Ok(match order {
            Order::Spawned => seam::spawn(call).await.unwrap()?,
            Order::SpawnedPlainly => tokio::spawn(call).await.unwrap()?,
            _ => call.await?,
        })
    }
}

pub(crate) struct BackService {
    lab: Arc<Lab>,
}

impl Actor for BackService {
    type Contract = BackContract;
    type Config = ProbeConfig;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { lab: Lab::of(setup.config().lab) })
    }
}

impl Back for BackService {
    async fn do_it(&self, order: Order) -> Result<u64, ChainError> {
        tokio::task::yield_now().await;
        note(&self.lab, "back");
        match order {
            Order::Refuse => Err(ChainError::Refused),
            Order::Panic => panic!("told to"),
            _ => Ok(42),
        }
    }
}

/// Notes the turn's context: who waits, which trace, whose turn it is, what other tracers say, and how
/// many milliseconds are left.
fn note(lab: &Lab, who: &str) {
    let context = seam::context::current().unwrap();
    let chain: Vec<_> = context.chain.iter().map(|service| service.name()).collect();
    lab.note(format!("chain {who} {}", chain.join(" ")));
    lab.note(format!("trace {}", context.trace.trace));
    let site = seam::context::site().unwrap();
    lab.note(format!("site {who} {}.{}", site.service, site.method));
    let outgoing = seam::context::outgoing();
    assert_eq!(outgoing.traceparent(), Some(&*context.trace.to_traceparent()));
    lab.note(format!("state {who} {}", outgoing.tracestate().unwrap_or("none")));
    lab.note(format!("left {}", context.deadline.since(Clock::fast().now()).as_millis()));
}

/// An app of the three of them, and their settings.
pub(crate) fn row(lab: &Lab) -> (App, String) {
    let app = App::new("suite");
    let app = app.service::<FrontService>().service::<MiddleService>().service::<BackService>();
    let settings =
        |name: &str| format!("[services.{name}]\n[services.{name}.config]\nlab = {}\n", lab.id);
    (app, ["front", "middle", "back"].map(settings).concat())
}

/// The three of them in one unit, or in two.
pub(crate) struct Row {
    pub(crate) lab: Arc<Lab>,
    pub(crate) front: FrontClient,
    here: Running,
    there: Option<Running>,
    _folder: TempDir,
}

impl Row {
    pub(crate) async fn open(mode: Mode) -> Self {
        let (lab, folder) = (Lab::open(), tempfile::tempdir().unwrap());
        let (app, settings) = row(&lab);
        let (here, there) = start(app, mode, &settings, &folder).await;
        Self { lab, front: here.client().unwrap(), here, there, _folder: folder }
    }

    pub(crate) async fn close(self) {
        stop(&self.here, self.there.as_ref()).await;
    }
}
