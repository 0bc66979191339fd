//! The same services in every way that they can be reached.

use std::sync::Arc;

use seam::{App, Running};
use tempfile::TempDir;

use super::lab::Lab;
use super::probe::{NeighbourClient, NeighbourService, ProbeClient, ProbeService};
use super::{expect_panics, soon, until};

/// How the callers reach the service, and where its turns run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// In this process, turns inline.
    Inline,
    /// In this process, turns on the service's own thread.
    Arbiter,
    /// In this process, every call encoded and decoded.
    Encoded,
    /// In another unit, over a Unix socket.
    Remote,
}

/// One or two units with a probe in them.
pub(crate) struct House {
    pub(crate) lab: Arc<Lab>,
    /// Where calls are made.
    pub(crate) here: Running,
    /// Where the services live, if not here.
    there: Option<Running>,
    pub(crate) probe: ProbeClient,
    pub(crate) neighbour: NeighbourClient,
    _folder: TempDir,
}

impl House {
    pub(crate) async fn open(mode: Mode) -> Self {
        Self::with(mode, "").await
    }

    /// A house whose probe has more in its `[services.probe]`.
    pub(crate) async fn with(mode: Mode, settings: &str) -> Self {
        Self::prepared(mode, settings, |_| {}).await
    }

    /// A house whose lab was prepared before the services start.
    pub(crate) async fn prepared(mode: Mode, settings: &str, prepare: impl Fn(&Lab)) -> Self {
        let lab = Lab::open();
        prepare(&lab);
        let folder = tempfile::tempdir().unwrap();
        let app = App::new("suite").service::<ProbeService>().service::<NeighbourService>();
        let settings =
            format!("[services.probe]\n{settings}\n[services.probe.config]\nlab = {}\n", lab.id);
        let (here, there) = start(app, mode, &settings, &folder).await;
        let probe = here.client().unwrap();
        let neighbour = here.client().unwrap();
        Self { lab, here, there, probe, neighbour, _folder: folder }
    }

    /// The unit that hosts the services.
    pub(crate) fn host(&self) -> &Running {
        self.there.as_ref().unwrap_or(&self.here)
    }

    /// Waiting and running calls of the probe.
    pub(crate) async fn in_flight(&self) -> u64 {
        self.service().await.in_flight
    }

    /// The probe as `status` shows it.
    pub(crate) async fn service(&self) -> seam::ServiceStatus {
        let status = self.host().status().await;
        status.services.into_iter().find(|service| service.service == "probe").unwrap()
    }

    /// Returns once so many calls wait and run.
    pub(crate) async fn settles_at(&self, calls: u64) {
        until(&format!("{calls} calls in flight"), async || self.in_flight().await == calls).await;
    }

    pub(crate) async fn close(self) {
        stop(&self.here, self.there.as_ref()).await;
        assert!(!self.lab.saw("entered a broken instance"), "{:?}", self.lab.log());
    }
}

/// The same settings, with every service that has some on the `arbiter` lane.
fn on_arbiters(settings: &str) -> String {
    let line = |line: &str| match line.strip_prefix("[services.") {
        Some(rest) if !rest.contains('.') => format!("{line}\nlane = \"arbiter\"\n"),
        _ => format!("{line}\n"),
    };
    settings.lines().map(line).collect()
}

/// Stops what [`start`] has started.
pub(crate) async fn stop(here: &Running, there: Option<&Running>) {
    soon("the end of the unit", here.stop()).await;
    if let Some(there) = there {
        soon("the end of the other unit", there.stop()).await;
    }
}

/// Starts an app's services in a mode: the unit to call from, and the one that hosts, if another.
pub(crate) async fn start(
    app: App,
    mode: Mode,
    settings: &str,
    folder: &TempDir,
) -> (Running, Option<Running>) {
    expect_panics();
    let data = folder.path().display();
    let resolution = if mode == Mode::Encoded { "encoded" } else { "direct" };
    let common = format!(
        "[app]\nname = \"suite\"\nthreads = 2\ndata = \"{data}\"\n[calls]\nresolution = \"{resolution}\"\n"
    );
    let settings = match mode {
        Mode::Arbiter => on_arbiters(settings),
        _ => settings.to_owned(),
    };
    if mode != Mode::Remote {
        let text = format!(
            "{common}{settings}\n[units.all]\nservices = [\"*\"]\n[topologies]\none = [\"all\"]\n"
        );
        return (app.config_text(text).start().await.unwrap(), None);
    }
    let text = format!(
        "{common}{settings}\n[units.caller]\nservices = []\n\
         [units.callee]\nservices = [\"*\"]\nlisten = \"unix:{data}/callee.sock\"\n\
         [topologies]\ntwo = [\"caller\", \"callee\"]\n"
    );
    let app = app.config_text(text);
    let there = app.clone().unit("callee").start().await.unwrap();
    let here = app.unit("caller").start().await.unwrap();
    until("the link", async || here.ready().await.is_ok()).await;
    (here, Some(there))
}
