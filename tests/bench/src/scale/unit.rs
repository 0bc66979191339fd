//! The units that are measured: started as any program starts one, with seam's defaults.

use seam::App;
use serde::{Deserialize, Serialize};

use super::blobs::BlobsService;
use crate::ours::{Ours, PricesService};

/// What a unit hosts, and how it is called.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct UnitJob {
    /// So many services of the contract `prices`, under different names.
    pub(super) actors: usize,
    /// And the echo.
    pub(super) blobs: bool,
    /// Whether other processes can reach it.
    pub(super) listens: bool,
    /// `[calls] resolution = "encoded"`.
    pub(super) encoded: bool,
}

impl UnitJob {
    pub(super) async fn start(&self) -> anyhow::Result<Ours> {
        let mut app = App::new("bench");
        for number in 0..self.actors {
            app = app.service_as::<PricesService>(&name(number));
        }
        if self.blobs {
            app = app.service::<BlobsService>();
        }
        Ours::start(app.config_text(self.config())).await
    }

    fn config(&self) -> String {
        let mut text = "[units.all]\nservices = [\"*\"]\n".to_owned();
        if self.listens {
            text.push_str("listen = \"127.0.0.1:0\"\n");
        }
        if self.encoded {
            text.push_str("[calls]\nresolution = \"encoded\"\n");
        }
        text
    }
}

/// The name of an actor.
pub(super) fn name(number: usize) -> String {
    format!("prices-{number}")
}
