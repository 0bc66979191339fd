//! A service that waits for a call isn't entered by it again.

use seam::prelude::*;
use seam::{App, Running};
use tempfile::TempDir;

use std::sync::Arc;

use super::in_modes;
use crate::support::house::{Mode, start, stop};
use crate::support::lab::Lab;
use crate::support::probe::{Act, ProbeClient, ProbeError, ProbeService};
use crate::support::until;

in_modes! {
    a_shared_turn_that_calls_its_own_service_is_refused: Inline Arbiter Encoded Remote;
    an_exclusive_turn_that_calls_its_own_service_is_refused: Inline Arbiter Encoded Remote;
    a_cycle_is_refused_with_its_path: Inline Arbiter Encoded Remote;
    a_cycle_through_a_spawned_task_is_refused: Inline Arbiter Encoded Remote;
    a_call_goes_through_32_services_and_no_more: Inline Arbiter Encoded Remote;
    a_detached_turn_keeps_its_deadline_for_the_calls_it_makes: Inline Arbiter Encoded Remote;
}

/// Forty probes, each of which may call any other past all `Needs`.
struct Ring {
    lab: Arc<Lab>,
    first: ProbeClient,
    units: (Running, Option<Running>),
    _folder: TempDir,
}

impl Ring {
    async fn open(mode: Mode) -> Self {
        let (lab, folder) = (Lab::open(), tempfile::tempdir().unwrap());
        let names: Vec<_> = (0..40).map(|number| format!("p{number}")).collect();
        let app = App::new("suite");
        let app = names.iter().fold(app, |app, name| app.service_as::<ProbeService>(name));
        let settings = |name: &String| {
            format!("[services.{name}]\n[services.{name}.config]\nlab = {}\n", lab.id)
        };
        let settings: String = names.iter().map(settings).collect();
        let units = start(app, mode, &settings, &folder).await;
        for name in &names {
            lab.put(name, units.0.client_of::<ProbeClient>(name).unwrap());
        }
        let first = lab.get("p0");
        Self { lab, first, units, _folder: folder }
    }

    async fn close(self) {
        stop(&self.units.0, self.units.1.as_ref()).await;
    }
}

fn path(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("p{number}")).collect()
}

/// The innermost cause, as it is told through all the services that passed it on.
fn told(outcome: Result<u64, CallError<ProbeError>>) -> String {
    let Err(CallError::Unknown(Unknown::Inner(inner))) = outcome else { panic!("{outcome:?}") };
    inner.to_string()
}

async fn a_shared_turn_that_calls_its_own_service_is_refused(mode: Mode) {
    let ring = Ring::open(mode).await;
    let told = told(ring.first.beside("it".into(), vec![Act::Relay(path([0]))]).await);
    assert_eq!(told, "p0.beside failed: not executed: a cycle of calls: p0 -> p0");
    assert_eq!(ring.lab.all("begin "), ["it"]);
    ring.close().await;
}

async fn an_exclusive_turn_that_calls_its_own_service_is_refused(mode: Mode) {
    let ring = Ring::open(mode).await;
    let acts = vec![Act::Yield(1), Act::Relay(path([0]))];
    let told = told(ring.first.alone("it".into(), acts).await);
    assert_eq!(told, "p0.beside failed: not executed: a cycle of calls: p0 -> p0");
    assert_eq!(ring.first.count().await, Ok(1));
    ring.close().await;
}

async fn a_cycle_is_refused_with_its_path(mode: Mode) {
    let ring = Ring::open(mode).await;
    let told = told(ring.first.alone("it".into(), vec![Act::Relay(path([1, 2, 3, 1]))]).await);
    assert!(told.ends_with("not executed: a cycle of calls: p1 -> p2 -> p3 -> p1"), "{told}");
    assert_eq!(ring.lab.all("begin "), ["it", "p1", "p2", "p3"]);
    ring.close().await;
}

async fn a_cycle_through_a_spawned_task_is_refused(mode: Mode) {
    let ring = Ring::open(mode).await;
    let told = told(ring.first.alone("it".into(), vec![Act::SpawnRelay(path([1, 0]))]).await);
    assert!(told.ends_with("not executed: a cycle of calls: p0 -> p1 -> p0"), "{told}");
    ring.close().await;
}

async fn a_call_goes_through_32_services_and_no_more(mode: Mode) {
    let ring = Ring::open(mode).await;
    ring.first.beside("it".into(), vec![Act::Relay(path(1..32))]).await.unwrap();
    assert_eq!(ring.lab.all("begin ").len(), 32);
    let error = ring.first.beside("it".into(), vec![Act::Relay(path(1..33))]).await.unwrap_err();
    assert!(error.unknown(), "{error}");
    assert_eq!(ring.lab.all("begin ").len(), 64, "the 33rd is never entered");
    assert!(!ring.lab.saw("begin p32"));
    ring.close().await;
}

async fn a_detached_turn_keeps_its_deadline_for_the_calls_it_makes(mode: Mode) {
    let ring = Ring::open(mode).await;
    let acts = vec![Act::Pass("go".into()), Act::Relay(path([1]))];
    let outcome = ring.first.alone("it".into(), acts).deadline(ms(50)).await;
    assert_eq!(outcome, Err(CallError::Unknown(Unknown::DeadlineExceeded)));
    // Where the call came over the wire, its time runs from when it was read there.
    until("the turn begins", async || ring.lab.saw("begin it")).await;
    tokio::time::sleep(ms(50)).await;
    ring.lab.release("go");
    assert_eq!(ring.first.read().await, Ok(0), "it failed, so it didn't count");
    assert_eq!(ring.lab.all("end "), ["it"]);
    assert_eq!(ring.lab.all("begin "), ["it"], "the call that it made has no time left");
    ring.close().await;
}

/// Two services that need each other.
mod declared {
    use seam::prelude::*;

    #[seam::contract(name = "egg", version = "1.0")]
    pub(super) trait Egg {
        async fn hatch(&self);
    }

    #[seam::contract(name = "hen", version = "1.0")]
    pub(super) trait Hen {
        async fn lay(&self);
    }

    pub(super) struct EggService;
    pub(super) struct HenService;

    impl Actor for EggService {
        type Contract = EggContract;
        type Config = ();
        type Needs = (HenClient,);

        async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
            panic!("it must not be started");
        }
    }

    impl Egg for EggService {
        async fn hatch(&self) {}
    }

    impl Actor for HenService {
        type Contract = HenContract;
        type Config = ();
        type Needs = (EggClient,);

        async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
            panic!("it must not be started");
        }
    }

    impl Hen for HenService {
        async fn lay(&self) {}
    }
}

#[tokio::test]
async fn a_declared_cycle_is_found_before_anything_starts() {
    let app = App::new("suite").service::<declared::EggService>().service::<declared::HenService>();
    let config = "[units.all]\nservices = [\"*\"]\n";
    let failure = app.config_text(config).start().await.unwrap_err();
    assert!(failure.is_config());
    let text = failure.to_string();
    assert!(text.contains("egg") && text.contains("hen"), "{text}");
}
