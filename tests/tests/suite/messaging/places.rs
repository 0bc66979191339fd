//! The places where the same must hold.

use futures_util::future::join_all;
use seam::{App, Running};
use tempfile::TempDir;

use super::services::{LedgerClient, LedgerService, TillClient, TillService};
use crate::support::{expect_panics, soon, until};

#[derive(Clone, Copy, Debug)]
enum Mode {
    Direct,
    Encoded,
    /// Who publishes and who subscribes are in units of their own.
    Split,
}

/// The app in one of them.
pub(super) struct Place {
    mode: Mode,
    units: Vec<Running>,
    pub(super) till: TillClient,
    pub(super) ledger: LedgerClient,
    folder: TempDir,
}

impl Place {
    /// In two units.
    pub(super) async fn split() -> Self {
        expect_panics();
        Self::open(Mode::Split, tempfile::tempdir().unwrap()).await
    }

    /// The ledger's unit ends.
    pub(super) async fn stop_ledger(&mut self) {
        soon("the end of the ledger", self.units.remove(0).stop()).await;
    }

    /// The ledger's unit begins again.
    pub(super) async fn start_ledger(&mut self) {
        let unit = app(self.mode, &self.folder).unit("ledger").start().await.unwrap();
        until("the ledger is ready", async || unit.ready().await.is_ok()).await;
        self.ledger = unit.client().unwrap();
        self.units.insert(0, unit);
    }

    async fn open(mode: Mode, folder: TempDir) -> Self {
        let app = app(mode, &folder);
        let units = match mode {
            Mode::Direct | Mode::Encoded => vec![app.start().await.unwrap()],
            Mode::Split => {
                let units = ["ledger", "till"].map(|unit| app.clone().unit(unit).start());
                join_all(units).await.into_iter().map(Result::unwrap).collect()
            }
        };
        for unit in &units {
            until("every unit is ready", async || unit.ready().await.is_ok()).await;
        }
        let of = |number: usize| &units[number.min(units.len() - 1)];
        let (till, ledger) = (of(1).client().unwrap(), of(0).client().unwrap());
        Self { mode, units, till, ledger, folder }
    }

    /// The same app, started again on the same data.
    pub(super) async fn again(self) -> Self {
        for unit in &self.units {
            soon("the end of a unit", unit.stop()).await;
        }
        Self::open(self.mode, self.folder).await
    }

    pub(super) async fn close(self) {
        for unit in &self.units {
            soon("the end of a unit", unit.stop()).await;
        }
    }
}

fn app(mode: Mode, folder: &TempDir) -> App {
    let data = folder.path().display();
    let resolution = if matches!(mode, Mode::Encoded) { "encoded" } else { "direct" };
    let layout = match mode {
        Mode::Direct | Mode::Encoded => "[units.all]\n[topologies]\none = [\"all\"]\n".to_owned(),
        Mode::Split => "[units.till]\nservices = [\"till\"]\nprogram = true\n\
                 [units.ledger]\nservices = [\"ledger\"]\nprogram = true\n\
                 [topologies]\ntwo = [\"till\", \"ledger\"]\n"
            .to_owned(),
    };
    let text = format!(
        "[app]\nname = \"suite\"\nthreads = 2\ndata = \"{data}\"\n\
             [calls]\nresolution = \"{resolution}\"\n\
             [services.ledger.on]\nattempts = 3\nbackoff = \"20ms\"\n{layout}"
    );
    let app = App::new("suite").service::<TillService>().service::<LedgerService>();
    app.config_text(text)
}

/// Does the same in each place.
pub(super) async fn each(check: impl AsyncFn(Place)) {
    expect_panics();
    for mode in [Mode::Direct, Mode::Encoded, Mode::Split] {
        println!("{mode:?}");
        check(Place::open(mode, tempfile::tempdir().unwrap()).await).await;
    }
}
