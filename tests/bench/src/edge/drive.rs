//! The edge's load: connections kept alive, one `POST /price` after another on each.

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::http::Connection;
use crate::measure::{
    Ask, Caller, Event, Load, Sample, Timing, announce, call_from_tasks, cores, pin, runtime,
};
use crate::messages::{Basket, Message, Priced};

/// What the driving process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DriveJob {
    pub(crate) address: String,
    pub(crate) cores: Vec<usize>,
    pub(crate) in_flight: usize,
    pub(crate) timing: Timing,
    /// Who asks, if that is to be told.
    pub(crate) token: Option<String>,
}

/// A caller's own connection.
struct Browser(Mutex<Connection>);

impl Ask for Browser {
    type Error = anyhow::Error;

    async fn tiny(&self, _: u64) -> anyhow::Result<u64> {
        bail!("the edge is measured with `price`")
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        let body = serde_json::to_vec(&basket)?;
        let mut connection = self.0.lock().await;
        let (status, answer) = connection.send("POST /price", "application/json", &body).await?;
        ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(answer));
        Ok(serde_json::from_slice(answer)?)
    }
}

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    pin(&job.cores)?;
    let load = Load { message: Message::Price, timed: 1, nap_ms: None, timing: job.timing };
    runtime(cores().len())?.block_on(async {
        let mut browsers = Vec::new();
        for _ in 0..job.in_flight {
            let mut connection = Connection::connect(&job.address).await?;
            if let Some(token) = &job.token {
                connection = connection.with_header("authorization", &format!("Bearer {token}"));
            }
            browsers.push(Browser(Mutex::new(connection)));
        }
        let spawn = |caller: Caller<Browser>| tokio::spawn(caller.run());
        call_from_tasks(load, browsers, spawn, |open| announce(&Event::Window(open))).await
    })
}
