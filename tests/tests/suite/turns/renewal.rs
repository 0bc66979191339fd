//! Another config while calls are made: actors that are built anew, and services that move.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use seam::config::Config;
use seam::{App, Running};

use super::in_modes;
use crate::support::house::{Mode, start, stop};
use crate::support::lab::Lab;
use crate::support::probe::{NeighbourService, ProbeClient, ProbeService, pass};
use crate::support::{once, soon, until};

in_modes! {
    calls_wait_for_an_actor_that_is_built_anew: Inline Arbiter Encoded Remote;
    who_does_not_start_with_new_settings_is_tried_again: Inline Remote;
}

/// Units whose text is known, to be changed.
struct Scene {
    app: App,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let app = App::new("suite").service::<ProbeService>().service::<NeighbourService>();
        Self { app, folder: tempfile::tempdir().unwrap() }
    }

    fn settings(lab: &Lab) -> String {
        format!("[services.probe.config]\nlab = {}\n", lab.id)
    }

    async fn start(&self, mode: Mode, lab: &Lab) -> (Running, Option<Running>) {
        start(self.app.clone(), mode, &Self::settings(lab), &self.folder).await
    }

    /// The config of `mode`, by the names of `house`.
    fn config(&self, mode: Mode, lab: &Lab) -> Config {
        let data = self.folder.path().display();
        let resolution = if mode == Mode::Encoded { "encoded" } else { "direct" };
        let units = match mode {
            Mode::Remote => format!(
                "[units.caller]\nservices = []\n\
                 [units.callee]\nservices = [\"*\"]\nlisten = \"unix:{data}/callee.sock\"\n\
                 [topologies]\ntwo = [\"caller\", \"callee\"]\n"
            ),
            _ => "[units.all]\nservices = [\"*\"]\n[topologies]\none = [\"all\"]\n".to_owned(),
        };
        let text = format!(
            "[app]\nname = \"suite\"\nthreads = 2\ndata = \"{data}\"\n\
             [calls]\nresolution = \"{resolution}\"\n{}{units}",
            Self::settings(lab)
        );
        Config::parse("app.toml", text, [], &self.app.catalogue()).unwrap()
    }
}

async fn calls_wait_for_an_actor_that_is_built_anew(mode: Mode) {
    let (scene, old, new) = (Scene::new(), Lab::open(), Lab::open());
    let (here, there) = scene.start(mode, &old).await;
    let probe: ProbeClient = here.client().unwrap();
    let host = there.as_ref().unwrap_or(&here);
    let mut first = probe.alone("first".into(), pass("go"));
    assert!(once(&mut first).await.is_pending());
    until("it runs", async || old.saw("first begins") || !old.log().is_empty()).await;
    let config = scene.config(mode, &new);
    let mut taking = Box::pin(host.take(&config));
    assert!(once(&mut taking).await.is_pending(), "it waits for who is in");
    let mut second = probe.alone("second".into(), vec![]);
    assert!(once(&mut second).await.is_pending(), "it waits for the new actor");
    old.release("go");
    let (first, second, taken) = tokio::join!(first, second, soon("the new actor", taking));
    assert_eq!((first, second), (Ok(1), Ok(1)), "each the first of its actor");
    assert!(taken.failed.is_empty() && !taken.version.is_empty(), "{taken:?}");
    assert_eq!((old.starts.load(Ordering::SeqCst), old.stops.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(new.starts.load(Ordering::SeqCst), 1);
    assert_eq!(old.log().last().unwrap(), "stop");
    let probe = host.status().await.services.into_iter().find(|own| own.service == "probe");
    assert_eq!(probe.map(|own| own.restarts), Some(0), "that is no accident");
    stop(&here, there.as_ref()).await;
}

async fn who_does_not_start_with_new_settings_is_tried_again(mode: Mode) {
    let (scene, old, new) = (Scene::new(), Lab::open(), Lab::open());
    let (here, there) = scene.start(mode, &old).await;
    let probe: ProbeClient = here.client().unwrap();
    let host = there.as_ref().unwrap_or(&here);
    new.failing_starts.store(1, Ordering::SeqCst);
    let taken = soon("the failure", host.take(&scene.config(mode, &new))).await;
    assert_eq!(taken.failed.len(), 1, "{taken:?}");
    assert!(taken.failed[0].contains("`probe`") && taken.failed[0].contains("the lab says no"));
    assert_eq!(probe.alone("after".into(), vec![]).await, Ok(1));
    assert_eq!(new.starts.load(Ordering::SeqCst), 2);
    stop(&here, there.as_ref()).await;
}

/// Calls until it is told to stop: how many were answered.
async fn load(probe: ProbeClient, over: Arc<AtomicBool>) -> u64 {
    let mut answered = 0;
    while !over.load(Ordering::Relaxed) {
        probe.alone(format!("n{answered}"), vec![]).await.unwrap();
        answered += 1;
        tokio::task::yield_now().await;
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_moves_to_its_caller_and_back_under_load() {
    let (scene, lab) = (Scene::new(), Lab::open());
    let (caller, callee) = scene.start(Mode::Remote, &lab).await;
    let callee = callee.unwrap();
    let data = scene.folder.path().display();
    let config = |caller: &str, callee: &str| {
        let text = format!(
            "[app]\nname = \"suite\"\nthreads = 2\ndata = \"{data}\"\n{}\
             [units.caller]\nservices = [{caller}]\n\
             [units.callee]\nservices = [{callee}]\nlisten = \"unix:{data}/callee.sock\"\n\
             [topologies]\ntwo = [\"caller\", \"callee\"]\n",
            Scene::settings(&lab)
        );
        Config::parse("app.toml", text, [], &scene.app.catalogue()).unwrap()
    };
    let hosts = async |unit: &Running| {
        unit.status().await.services.iter().any(|own| own.service == "probe")
    };
    let over = Arc::new(AtomicBool::new(false));
    let calls: Vec<_> =
        (0..4).map(|_| tokio::spawn(load(caller.client().unwrap(), Arc::clone(&over)))).collect();
    let there = config("", "\"probe\", \"neighbour\"");
    let here = config("\"probe\"", "\"neighbour\"");
    for _ in 0..5 {
        // Whoever has it gives it up first.
        let taken = [callee.take(&here).await, caller.take(&here).await];
        assert!(
            taken.iter().all(|own| own.failed.is_empty() && own.restart.is_empty()),
            "{taken:?}"
        );
        assert!(hosts(&caller).await && !hosts(&callee).await);
        let taken = [caller.take(&there).await, callee.take(&there).await];
        assert!(
            taken.iter().all(|own| own.failed.is_empty() && own.restart.is_empty()),
            "{taken:?}"
        );
        assert!(!hosts(&caller).await && hosts(&callee).await);
    }
    over.store(true, Ordering::Relaxed);
    let answered: Vec<u64> =
        join_all(calls).await.into_iter().map(|calls| calls.unwrap()).collect();
    assert!(answered.iter().all(|answered| *answered > 0), "{answered:?}");
    assert_eq!(lab.clashes.load(Ordering::SeqCst), 0, "there is one of it at any time");
    assert_eq!(lab.starts.load(Ordering::SeqCst), 11);
    assert_eq!(lab.stops.load(Ordering::SeqCst), 10);
    stop(&caller, Some(&callee)).await;
}
