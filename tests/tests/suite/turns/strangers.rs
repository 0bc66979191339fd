//! Values of callers whose `Drop` is not to be trusted: it calls the very service that they are
//! dropped by, or panics.
//!
//! A lock that is held across such a `Drop` would hold its thread for ever, so that these tests run
//! on threads that a failure can leave behind.

use std::sync::mpsc;

use seam::App;
use seam::prelude::*;

use crate::support::house::{Mode, start};
use crate::support::lab::Lab;
use crate::support::{PATIENCE, expect_panics, once, soon, until};

/// A message that does something when it is dropped.
#[seam::message]
pub(crate) struct Loud {
    lab: u64,
    panics: bool,
}

impl Drop for Loud {
    fn drop(&mut self) {
        let lab = Lab::of(self.lab);
        lab.note("dropped");
        assert!(!self.panics, "told to");
        let mut call = lab.get::<LoudlyClient>("client").touch();
        let waker = std::task::Waker::noop();
        let _ = std::pin::Pin::new(&mut call).poll(&mut std::task::Context::from_waker(waker));
        lab.note("called");
    }
}

#[seam::contract(name = "loudly", version = "1.0")]
pub(crate) trait Loudly {
    /// Waits at home until the lab says `go`; with `hold`, its thread does nothing else meanwhile.
    async fn wait(&mut self, lab: u64, hold: bool);
    async fn take(&mut self, loud: Loud);
    async fn touch(&self) -> u64;
}

pub(crate) struct LoudlyService;

impl Actor for LoudlyService {
    type Contract = LoudlyContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Loudly for LoudlyService {
    async fn wait(&mut self, lab: u64, hold: bool) {
        let lab = Lab::of(lab);
        tokio::task::yield_now().await;
        lab.note("at home");
        if hold {
            while !lab.saw("go") {
                std::thread::yield_now();
            }
        } else {
            lab.pass("go").await;
        }
    }

    async fn take(&mut self, loud: Loud) {
        drop(loud);
    }

    async fn touch(&self) -> u64 {
        7
    }
}

/// A service whose thread is held or not, with a loud call in its line that was taken back.
async fn taken_back(mode: Mode, panics: bool, hold: bool) {
    expect_panics();
    let (lab, folder) = (Lab::open(), tempfile::tempdir().unwrap());
    let app = App::new("suite").service::<LoudlyService>();
    let (unit, _) = start(app, mode, "[services.loudly]\nmailbox = 2\n", &folder).await;
    let client: LoudlyClient = unit.client().unwrap();
    lab.put("client", client.clone());
    let mut first = client.wait(lab.id, hold);
    assert!(once(&mut first).await.is_pending());
    until("the first is at home", async || lab.saw("at home")).await;
    let mut second = client.take(Loud { lab: lab.id, panics });
    assert!(once(&mut second).await.is_pending());
    drop(second);
    // Either this one makes room of it, on its caller's thread, or the pump has done so at home.
    let mut third = client.touch();
    assert!(once(&mut third).await.is_pending());
    until("it is dropped", async || lab.saw(if panics { "dropped" } else { "called" })).await;
    lab.note("go");
    lab.release("go");
    soon("the first", first).await.unwrap();
    assert_eq!(soon("the third", third).await, Ok(7));
    assert_eq!(soon("another", client.touch()).await, Ok(7));
    soon("the end", unit.stop()).await;
}

/// Runs a test on threads that are left behind if they hang.
fn on_its_own<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().build().unwrap().block_on(test());
        let _ = done.send(());
    });
    waiting.recv_timeout(2 * PATIENCE).unwrap();
}

#[test]
fn the_next_caller_clears_out_a_message_that_calls() {
    on_its_own(|| taken_back(Mode::Inline, false, true));
}

#[test]
fn the_next_caller_clears_out_a_message_that_panics() {
    on_its_own(|| taken_back(Mode::Inline, true, true));
}

#[test]
fn the_pump_clears_out_a_message_that_calls() {
    on_its_own(|| taken_back(Mode::Inline, false, false));
    on_its_own(|| taken_back(Mode::Arbiter, false, false));
}

#[test]
fn the_pump_clears_out_a_message_that_panics() {
    on_its_own(|| taken_back(Mode::Inline, true, false));
    on_its_own(|| taken_back(Mode::Arbiter, true, false));
}

#[test]
fn a_message_that_panics_after_its_deadline_stops_nothing() {
    on_its_own(|| async {
        expect_panics();
        let (lab, folder) = (Lab::open(), tempfile::tempdir().unwrap());
        let app = App::new("suite").service::<LoudlyService>();
        let (unit, _) = start(app, Mode::Inline, "", &folder).await;
        let client: LoudlyClient = unit.client().unwrap();
        let mut first = client.wait(lab.id, false);
        assert!(once(&mut first).await.is_pending());
        let late = client.take(Loud { lab: lab.id, panics: true }).deadline(ms(1));
        // The message never ran, so it is its caller's again, and so is its panic.
        let mut late = Box::pin(late);
        let refused = soon("the late one", &mut late).await;
        assert_eq!(refused, Err(NotExecuted::DeadlineExceeded.into()));
        assert!(!lab.saw("dropped"), "the caller has it");
        let theirs = soon("its caller", tokio::spawn(async move { drop(late) })).await;
        assert!(theirs.unwrap_err().is_panic());
        assert!(lab.saw("dropped"));
        lab.release("go");
        soon("the first", first).await.unwrap();
        assert_eq!(soon("another", client.touch()).await, Ok(7));
        soon("the end", unit.stop()).await;
    });
}
