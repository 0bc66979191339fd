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
    async fn open(mode: Mode, folder: TempDir) -> Self {
        let data = folder.path().display();
        let resolution = if matches!(mode, Mode::Encoded) { "encoded" } else { "direct" };
        let layout = match mode {
            Mode::Direct | Mode::Encoded => {
                "[units.all]\n[topologies]\none = [\"all\"]\n".to_owned()
            }
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
        let app = app.config_text(text);
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

/// Does the same in each place.
pub(super) async fn each(check: impl AsyncFn(Place)) {
    expect_panics();
    for mode in [Mode::Direct, Mode::Encoded, Mode::Split] {
        println!("{mode:?}");
        check(Place::open(mode, tempfile::tempdir().unwrap()).await).await;
    }
}
