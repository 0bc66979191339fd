//! Seam between two units, over TCP or a Unix socket, through its public API.

use std::future::pending;

use anyhow::Context;
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::job::{DriveJob, on_one_thread};
use crate::measure::{Event, Sample, announce};
use crate::ours::{Shared, free_addresses, ready, remote_client, remote_server};

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
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let ours = remote_client(&job.address).await?;
        ready(&ours.unit).await?;
        job.call(Shared(ours.client()?), |caller| ours.unit.spawn(caller.run())).await
    })
}
