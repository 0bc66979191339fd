//! Seam between two units, over TCP or a Unix socket, through its public API.

use std::future::pending;

use anyhow::Context;
use tempfile::TempDir;

use super::job::{DriveJob, on_one_thread};
use crate::measure::{Ask, Event, Sample, announce, runtime};
use crate::messages::{Basket, Priced};
use crate::ours::{
    NapsClient, NoAnswer, Shared, free_addresses, ready, remote_client, remote_server,
};

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

/// Callers are on the only thread of a unit that hosts nothing.
pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    runtime(1)?.block_on(async {
        let ours = remote_client(&job.address).await?;
        ready(&ours.unit).await?;
        let target = Client { prices: Shared(ours.client()?), naps: ours.unit.client()? };
        job.call(target, |caller| ours.unit.spawn(caller.run())).await
    })
}

/// Clients of both services, over the one link to their unit.
#[derive(Clone, Debug)]
struct Client {
    prices: Shared,
    naps: NapsClient,
}

impl Ask for Client {
    type Error = NoAnswer;

    fn tiny(&self, n: u64) -> impl Future<Output = Result<u64, NoAnswer>> + Send {
        self.prices.tiny(n)
    }

    fn price(&self, basket: Basket) -> impl Future<Output = Result<Priced, NoAnswer>> + Send {
        self.prices.price(basket)
    }

    async fn nap(&self, ms: u64) -> anyhow::Result<u64> {
        Ok(self.naps.nap(ms).await?)
    }
}
