//! Two gateways, and behind them a service that pushes.

use std::net::SocketAddr;

use seam::actor::StartError;
use seam::edge::{AskedRequest, Refusal, Security, SecuritySetup};
use seam::prelude::*;
use seam::{App, Principal, Running};

/// Something was said.
#[seam::event(topic = "herald.said", key = number)]
pub(super) struct Told {
    pub(super) number: u64,
}

#[seam::contract(name = "herald", version = "1.0")]
pub(super) trait Herald {
    /// Tells a subject so many numbers, from `first` on.
    #[call(http = "POST /tell/{subject}", allow = "anyone")]
    async fn tell(&self, subject: String, first: u64, count: u64) -> u64;

    /// Where calls of a key go.
    #[call(http = "GET /at/{key}", route_by = "key", allow = "anyone")]
    async fn at(&self, key: String) -> String;
}

#[derive(Debug)]
pub(super) struct HeraldService;

impl Actor for HeraldService {
    type Contract = HeraldContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Herald for HeraldService {
    async fn tell(&self, subject: String, first: u64, count: u64) -> u64 {
        let pushed = (first..first + count)
            .filter(|number| seam::push(&subject, &Told { number: *number }).is_ok());
        let pushed = pushed.count() as u64;
        // In the middle of a turn that waits, and in a task of it.
        tokio::task::yield_now().await;
        let also = seam::spawn(async move { seam::push(&subject, &Told { number: 0 }).is_ok() });
        pushed + u64::from(also.await.unwrap_or_default())
    }

    async fn at(&self, key: String) -> String {
        key
    }
}

/// Believes what a header says.
struct Badge;

impl Security for Badge {
    const NAME: &'static str = "badge";
    const KNOWS_CLIENTS: bool = true;
    type Config = ();
    type Needs = ();

    async fn start(_: &SecuritySetup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }

    async fn authenticate(&self, asked: &AskedRequest<'_>) -> Result<Option<Principal>, Refusal> {
        Ok(asked.header("x-badge").map(|subject| Principal::new(subject, "badge")))
    }
}

const LAYOUT: &str = "
[units.gate-a]
services = []
http = \"127.0.0.1:0\"

[units.gate-b]
services = []
http = \"127.0.0.1:0\"

[units.core]
services = [\"*\"]
instances = 2

[topologies]
gates = [\"gate-a\", \"gate-b\", \"core\"]

[services.herald]
balance = \"hash\"
";

/// A folder in which the units run, all in this process.
pub(super) struct House(tempfile::TempDir);

impl House {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) async fn start(&self, unit: &str, instance: u16) -> Running {
        let data = self.0.path().display();
        let text = format!("[app]\nname = \"house\"\nthreads = 1\ndata = \"{data}\"\n{LAYOUT}");
        let app = App::new("house").service::<HeraldService>().security::<Badge>();
        app.config_text(text).unit(unit).instance(instance).start().await.unwrap()
    }
}

pub(super) fn address(unit: &Running) -> SocketAddr {
    unit.http().unwrap()
}
