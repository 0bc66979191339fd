//! The places where the same must hold.

use futures_util::future::join_all;
use seam::{App, Running};
use seam_tests::brokers::Kind;
use tempfile::TempDir;

use super::services::{LedgerClient, LedgerService, TillClient, TillService};
use crate::support::carriers::Carrier;
use crate::support::{expect_panics, soon, until};

#[derive(Clone, Copy, Debug)]
enum Mode {
    Direct,
    Encoded,
    /// Who publishes and who subscribes are in units of their own.
    Split,
    /// The same, and a broker is between them.
    Carried(Kind),
    /// The same, and the one who subscribes is called by its queue.
    Queued,
    /// Who publishes alone, and the other one isn't in the topology.
    Foreign,
}

/// The app in one of them.
pub(super) struct Place {
    mode: Mode,
    units: Vec<Running>,
    pub(super) till: TillClient,
    pub(super) ledger: LedgerClient,
    site: Site,
}

/// Where an app's data is, and what carries its events.
struct Site {
    folder: TempDir,
    broker: Option<Carrier>,
}

impl Place {
    /// In two units.
    pub(super) async fn split() -> Self {
        expect_panics();
        let folder = tempfile::tempdir().unwrap();
        Self::open(Mode::Split, Site { folder, broker: None }).await
    }

    /// In two units, the ledger called by its queue; `None` without a RabbitMQ.
    pub(super) async fn queued() -> Option<Self> {
        Self::with_rabbit(Mode::Queued).await
    }

    /// The till alone: the ledger is somebody else's.
    pub(super) async fn foreign() -> Option<Self> {
        Self::with_rabbit(Mode::Foreign).await
    }

    async fn with_rabbit(mode: Mode) -> Option<Self> {
        expect_panics();
        let broker = Some(Carrier::start(Kind::RabbitMq).await?);
        let folder = tempfile::tempdir().unwrap();
        Some(Self::open(mode, Site { folder, broker }).await)
    }

    /// Where its broker is.
    pub(super) fn url(&self) -> &str {
        self.site.broker.as_ref().map_or("", Carrier::url)
    }

    /// The ledger's unit ends.
    pub(super) async fn stop_ledger(&mut self) {
        soon("the end of the ledger", self.units.remove(0).stop()).await;
    }

    /// The ledger's unit begins again.
    pub(super) async fn start_ledger(&mut self) {
        let unit = app(self.mode, &self.site).unit("ledger").start().await.unwrap();
        until("the ledger is ready", async || unit.ready().await.is_ok()).await;
        self.ledger = unit.client().unwrap();
        self.units.insert(0, unit);
    }

    async fn open(mode: Mode, site: Site) -> Self {
        let app = app(mode, &site);
        let units = match mode {
            Mode::Direct | Mode::Encoded | Mode::Foreign => vec![app.start().await.unwrap()],
            Mode::Split | Mode::Carried(_) | Mode::Queued => {
                let units = ["ledger", "till"].map(|unit| app.clone().unit(unit).start());
                join_all(units).await.into_iter().map(Result::unwrap).collect()
            }
        };
        for unit in &units {
            until("every unit is ready", async || unit.ready().await.is_ok()).await;
        }
        let of = |number: usize| &units[number.min(units.len() - 1)];
        let (till, ledger) = (of(1).client().unwrap(), of(0).client().unwrap());
        Self { mode, units, till, ledger, site }
    }

    /// The same app, started again on the same data.
    pub(super) async fn again(self) -> Self {
        for unit in &self.units {
            soon("the end of a unit", unit.stop()).await;
        }
        Self::open(self.mode, self.site).await
    }

    pub(super) async fn close(self) {
        for unit in &self.units {
            soon("the end of a unit", unit.stop()).await;
        }
    }
}

fn app(mode: Mode, site: &Site) -> App {
    let data = site.folder.path().display();
    let bus = site.broker.as_ref().map(Carrier::config).unwrap_or_default();
    let via = if matches!(mode, Mode::Queued | Mode::Foreign) {
        "[services.ledger]\nvia = \"bus\"\n"
    } else {
        ""
    };
    let resolution = if matches!(mode, Mode::Encoded) { "encoded" } else { "direct" };
    let layout = match mode {
        Mode::Foreign => "[units.till]\nservices = [\"till\"]\nprogram = true\n\
                 [topologies]\none = [\"till\"]\n"
            .to_owned(),
        Mode::Direct | Mode::Encoded => "[units.all]\n[topologies]\none = [\"all\"]\n".to_owned(),
        Mode::Split | Mode::Carried(_) | Mode::Queued => {
            "[units.till]\nservices = [\"till\"]\nprogram = true\n\
                 [units.ledger]\nservices = [\"ledger\"]\nprogram = true\n\
                 [topologies]\ntwo = [\"till\", \"ledger\"]\n"
                .to_owned()
        }
    };
    let text = format!(
        "[app]\nname = \"suite\"\nthreads = 2\ndata = \"{data}\"\n\
             [calls]\nresolution = \"{resolution}\"\n\
             [services.ledger.on]\nattempts = 3\nbackoff = \"20ms\"\n{bus}{via}{layout}"
    );
    let app = App::new("suite").service::<TillService>().service::<LedgerService>();
    app.config_text(text)
}

/// Does the same in each place.
pub(super) async fn each(check: impl AsyncFn(Place)) {
    expect_panics();
    let brokers = [Kind::Nats, Kind::RabbitMq].map(Mode::Carried);
    let all = [Mode::Direct, Mode::Encoded, Mode::Split, Mode::Queued];
    for mode in all.into_iter().chain(brokers) {
        println!("{mode:?}");
        let broker = match mode {
            Mode::Queued => match Carrier::start(Kind::RabbitMq).await {
                None => continue,
                carrier => carrier,
            },
            Mode::Carried(kind) => match Carrier::start(kind).await {
                None => continue,
                carrier => carrier,
            },
            _ => None,
        };
        let folder = tempfile::tempdir().unwrap();
        check(Place::open(mode, Site { folder, broker }).await).await;
    }
}
