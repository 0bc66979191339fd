//! The medley in every mode at once.

use futures_util::future::join_all;
use seam::{App, Running};
use seam_tests::medley::{MedleyClient, app};
use seam_tests::process::{Process, example};
use tempfile::TempDir;

use super::script::{Seen, Step, run};
use crate::support::{expect_panics, soon, until};

/// The medley in every mode, each with its client.
pub(super) struct Places {
    clients: Vec<(&'static str, MedleyClient)>,
    units: Vec<Running>,
    child: Process,
    _folder: TempDir,
}

impl Places {
    pub(super) async fn open() -> Self {
        expect_panics();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let one = |name: &str, rest: &str| {
            app().config_text(format!("[app]\nthreads = 2\ndata = \"{path}/{name}\"\n{rest}"))
        };
        let all = "[units.all]\nservices = [\"*\"]\n";
        let direct = start(one("direct", all)).await;
        let rest = format!("[calls]\nresolution = \"encoded\"\n{all}");
        let encoded = start(one("encoded", &rest)).await;
        let rest =
            ["medley", "echo"].map(|name| format!("[services.{name}]\nlane = \"arbiter\"\n"));
        let arbiter = start(one("arbiter", &format!("{}{all}", rest.concat()))).await;

        // The medley in a unit of its own, over TCP; its helper where the calls come from.
        // On an address of its own, for both must know its port.
        let part = || fastrand::u8(1..255);
        let address = format!("127.{}.{}.{}:7400", part(), part(), part());
        let split = || {
            let text = format!(
                "[units.here]\nservices = [\"echo\"]\nlisten = \"unix:{path}/here.sock\"\n\
                 http = \"127.0.0.1:0\"\nprogram = true\n\
                 [units.there]\nservices = [\"medley\"]\nlisten = \"{address}\"\n\
                 [topologies]\nsplit = [\"here\", \"there\"]\n"
            );
            one("split", &text)
        };
        let there = start(split().unit("there")).await;
        let here = start(split().unit("here")).await;

        // Both in another process, over a Unix socket.
        let text = format!(
            "[app]\nname = \"medley\"\nthreads = 2\ndata = \"{path}/child\"\n\
             [units.caller]\nservices = []\n\
             [units.callee]\nservices = [\"*\"]\nlisten = \"unix:{path}/callee.sock\"\n\
             [topologies]\nsplit = [\"caller\", \"callee\"]\n"
        );
        let file = folder.path().join("app.toml");
        std::fs::write(&file, &text).unwrap();
        let program = example("medley").unwrap();
        let arguments = ["run", "--unit", "callee", "--config", file.to_str().unwrap()];
        let log = folder.path().join("callee.log");
        let child = Process::start(&program, arguments, &[], &log).unwrap();
        let caller = start(app().config_text(text).unit("caller")).await;

        for unit in [&direct, &encoded, &arbiter, &there, &here, &caller] {
            until("every unit is ready", async || unit.ready().await.is_ok()).await;
        }
        let clients = vec![
            ("direct", direct.client().unwrap()),
            ("encoded", encoded.client().unwrap()),
            ("arbiter", arbiter.client().unwrap()),
            ("split", here.client().unwrap()),
            ("another process", caller.client().unwrap()),
        ];
        let units = vec![direct, encoded, arbiter, here, there, caller];
        Self { clients, units, child, _folder: folder }
    }

    /// Those whose calls are encoded.
    pub(super) fn encoded(&self) -> impl Iterator<Item = &(&'static str, MedleyClient)> {
        self.clients.iter().filter(|(place, _)| !["direct", "arbiter"].contains(place))
    }

    /// What each call of a script comes to, in every mode.
    pub(super) async fn run(&self, steps: &[Step]) -> Vec<(&'static str, Vec<Seen>)> {
        let runs = self.clients.iter().map(async |(name, client)| {
            let steps = steps.to_vec();
            (*name, tokio::spawn(run(client.clone(), steps)).await.unwrap())
        });
        join_all(runs).await
    }

    pub(super) async fn close(mut self) {
        for unit in &self.units {
            soon("the end of a unit", unit.stop()).await;
        }
        let status = soon("the end of the other process", self.child.stop()).await.unwrap();
        assert_eq!(status.code(), Some(0));
    }
}

async fn start(app: App) -> Running {
    app.start().await.unwrap()
}
