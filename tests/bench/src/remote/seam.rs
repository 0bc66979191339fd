//! Seam between two units, over TCP or a Unix socket, through its public API.

use std::future::pending;
use std::sync::Arc;

use anyhow::Context;
use tempfile::TempDir;

use super::job::{DriveJob, drive as drive_with, on_one_thread};
use crate::measure::{Ask, Event, Sample, announce};
use crate::messages::{Basket, Priced};
use crate::ours::{Ours, Shared, remote_client, remote_server};

/// Over TCP.
pub(crate) fn serve_tcp() -> anyhow::Result<()> {
    serve("127.0.0.1:0".to_owned(), None)
}

/// Over a Unix socket.
pub(crate) fn serve_unix() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let address = format!("unix:{}", folder.path().join("server").display());
    serve(address, Some(folder))
}

fn serve(listen: String, _folder: Option<TempDir>) -> anyhow::Result<()> {
    on_one_thread(async move {
        let ours = remote_server(&listen).await?;
        let address = ours.unit.listen().context("seam's unit doesn't listen")?;
        announce(&Event::Listening(address));
        pending().await
    })
}

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    drive_with(job, async |address| {
        let ours = remote_client(address).await?;
        let client = Client { calls: Shared(ours.client()?), _ours: Arc::new(ours) };
        // The link needs a moment; a call before that is refused at once.
        let mut tries = 0;
        while let Err(why) = client.tiny(0).await {
            tries += 1;
            anyhow::ensure!(tries < 200, "{why:#}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        Ok(client)
    })
}

/// A client and the unit that must outlive its calls.
#[derive(Clone, Debug)]
struct Client {
    calls: Shared,
    _ours: Arc<Ours>,
}

impl Ask for Client {
    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        self.calls.tiny(n).await
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        self.calls.price(basket).await
    }
}
