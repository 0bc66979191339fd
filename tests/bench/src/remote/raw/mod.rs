//! The floor: frames written by hand for these two messages, and nothing that a framework adds.
//!
//! A call carries the header that seam's carries (call id, service and method, remaining deadline,
//! trace context), so that the floor isn't lower for telling less. Both sides write once per batch
//! of ready frames and read many frames at once; bodies are bincode with fixed integers; each
//! process is one thread. Handlers run in the connection's reader: no task, no queue per call.

mod client;
mod frame;
mod server;

use super::job::{DriveJob, ServeJob, drive as drive_with, listening, on_one_thread};
use crate::measure::Sample;

pub(crate) fn serve(_: &ServeJob) -> anyhow::Result<()> {
    on_one_thread(async {
        let listener = listening().await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(server::serve(stream));
        }
    })
}

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    drive_with(job, async |address| client::Client::connect(address).await)
}
