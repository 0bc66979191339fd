//! The units that are measured: started as any program starts one, with seam's defaults.

use anyhow::Context;
use seam::{App, Running};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::blobs::BlobsService;
use crate::ours::PricesService;

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

/// A unit, and the folder that goes with it.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) running: Running,
    _data: TempDir,
}

impl UnitJob {
    pub(super) async fn start(&self) -> anyhow::Result<Unit> {
        let data = tempfile::tempdir()?;
        let mut app = App::new("bench");
        for number in 0..self.actors {
            app = app.service_as::<PricesService>(&name(number));
        }
        if self.blobs {
            app = app.service::<BlobsService>();
        }
        let app = app
            .config_text(self.config())
            .set("SEAM__APP__DATA", data.path().display().to_string());
        let running = app.start().await.context("starting seam's unit")?;
        Ok(Unit { running, _data: data })
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
