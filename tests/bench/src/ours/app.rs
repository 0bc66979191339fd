//! The bench's app: started by a program, as docs and tests start theirs, with seam's defaults but
//! for what a cell is about.

use anyhow::Context;
use seam::{App, Running};
use tempfile::TempDir;

use super::prices::{PricesClient, PricesService};

/// A unit of the app, and the folder that goes with it.
#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) unit: Running,
    _data: TempDir,
}

impl Ours {
    async fn start(config: &str, unit: &str) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let app = App::new("bench")
            .service::<PricesService>()
            .config_text(config)
            .set("SEAM__APP__DATA", data.path().display().to_string())
            .unit(unit);
        let unit = app.start().await.context("starting seam's unit")?;
        Ok(Self { unit, _data: data })
    }

    /// A client of the service, wherever it is.
    pub(crate) fn client(&self) -> anyhow::Result<PricesClient> {
        Ok(self.unit.client::<PricesClient>()?)
    }
}

/// The service in this process. `more` is appended to the config.
pub(crate) async fn all_in_one(more: &str) -> anyhow::Result<Ours> {
    Ours::start(&format!("[units.all]\nservices = [\"prices\"]\n{more}"), "all").await
}

/// The service, with an edge on a free port.
pub(crate) async fn edge() -> anyhow::Result<Ours> {
    let config = "[units.all]\nservices = [\"prices\"]\nhttp = \"127.0.0.1:0\"\n\
                  [edge]\nconnections_per_address = 4096\n";
    Ours::start(config, "all").await
}

/// The service, reachable at `listen`.
pub(crate) async fn remote_server(listen: &str) -> anyhow::Result<Ours> {
    Ours::start(&split(listen), "server").await
}

/// A unit without services, whose calls go to `address`.
pub(crate) async fn remote_client(address: &str) -> anyhow::Result<Ours> {
    Ours::start(&split(address), "client").await
}

/// Limits as high as everybody's.
fn split(address: &str) -> String {
    format!(
        "[units.client]\nservices = []\n\
         [units.server]\nservices = [\"prices\"]\nlisten = \"{address}\"\n\
         [topologies]\nsplit = [\"client\", \"server\"]\n\
         [services.prices]\nmailbox = 4096\n"
    )
}
