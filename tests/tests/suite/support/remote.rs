//! The medley in a process of its own, and a unit here that calls it.

use std::path::PathBuf;

use seam::Running;
use seam_tests::medley::{MedleyClient, app};
use seam_tests::process::{Process, example};
use tempfile::TempDir;

use super::until;

/// A child process that hosts the medley, and its caller.
pub(crate) struct Remote {
    pub(crate) child: Process,
    pub(crate) caller: Running,
    pub(crate) client: MedleyClient,
    /// Where the child listens.
    pub(crate) address: String,
    file: PathBuf,
    folder: TempDir,
}

impl Remote {
    /// Starts the child at a port that the system chooses, or at a Unix socket.
    pub(crate) async fn open(listen: Listen) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.toml");
        let listen = match listen {
            Listen::AnyPort => "127.0.0.1:0".to_owned(),
            Listen::Socket => format!("unix:{}/callee.sock", folder.path().display()),
        };
        let text = |listen: &str| {
            format!(
                "[app]\nname = \"shop\"\nthreads = 2\ndata = \"{}\"\n\
                 [services.medley]\nmailbox = 3000\n\
                 [units.pay]\nservices = []\n\
                 [units.callee]\nservices = [\"*\"]\nlisten = \"{listen}\"\n\
                 [topologies]\nsplit = [\"pay\", \"callee\"]\n",
                folder.path().join("data").display()
            )
        };
        std::fs::write(&file, text(&listen)).unwrap();
        let child = start(&file, &folder);
        let mut address = String::new();
        until("the child listens", async || {
            let log = child.log();
            // The last line may be on its way still.
            let mut whole = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let found = whole.find_map(|line| line.split_once("other units address="));
            found.map(|(_, rest)| address = rest.trim().to_owned()).is_some()
        })
        .await;
        let caller = app().config_text(text(&address)).unit("pay").start().await.unwrap();
        until("the link", async || caller.ready().await.is_ok()).await;
        let client = caller.client().unwrap();
        Self { child, caller, client, address, file, folder }
    }

    /// Starts the child again, after it was killed.
    pub(crate) fn restart(&mut self) {
        self.child = start(&self.file, &self.folder);
    }

    pub(crate) async fn close(mut self) {
        self.caller.stop().await;
        assert_eq!(self.child.stop().await.unwrap().code(), Some(0));
    }
}

/// Where the child is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listen {
    AnyPort,
    Socket,
}

fn start(file: &std::path::Path, folder: &TempDir) -> Process {
    let program = example("medley").unwrap();
    let arguments = ["run", "--unit", "callee", "--config", file.to_str().unwrap()];
    Process::start(&program, arguments, &[], &folder.path().join("callee.log")).unwrap()
}
