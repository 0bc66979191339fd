//! Seam between two units, over TCP or a Unix socket, through its public API.

use std::future::pending;
use std::sync::Arc;

use anyhow::Context;
use tempfile::TempDir;

use super::job::{DriveJob, drive_at, on_one_thread};
use crate::measure::{Ask, Event, Sample, announce};
use crate::messages::{Basket, Priced};
use crate::ours::{Ours, Shared, free_addresses, ready, remote_client, remote_server};

/// Over TCP.
pub(crate) fn serve_tcp() -> anyhow::Result<()> {
    let address = free_addresses(1)?.remove(0);
    serve(address, None)
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

/// Callers run on the home of a service that calls the other one.
pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    drive_at(job, async |address| {
        let (ours, client, home) = remote_client(address).await?;
        ready(&ours.unit).await?;
        Ok((Client { calls: Shared(client), _ours: Arc::new(ours) }, home))
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
