//! Tickets that one edge has kept, asked for at the others.

use std::net::SocketAddr;
use std::time::Duration;

use seam::{App, Running};
use seam_tests::http::{Response, get, post};
use serde_json::json;

use super::services::{LedgerService, TillService};
use crate::support::{soon, until};

/// An edge of two processes, another one, and who does the work.
const LAYOUT: &str = "
[units.front]
services = []
http = \"127.0.0.1:0\"
instances = 2

[units.side]
services = []
http = \"127.0.0.1:0\"

[units.back]
services = [\"*\"]

[topologies]
all = [\"front\", \"side\", \"back\"]
";

struct Site(tempfile::TempDir);

impl Site {
    async fn start(&self, unit: &str, instance: u16) -> Running {
        let data = self.0.path().display();
        let text = format!("[app]\nname = \"suite\"\nthreads = 1\ndata = \"{data}\"\n{LAYOUT}");
        let app = App::new("suite").service::<TillService>().service::<LedgerService>();
        app.config_text(text).unit(unit).instance(instance).start().await.unwrap()
    }
}

async fn address(unit: &Running) -> SocketAddr {
    unit.status().await.http.unwrap().parse().unwrap()
}

async fn ask(edge: &Running, path: &str) -> Response {
    get(path).send(address(edge).await).await.unwrap()
}

async fn keep(edge: &Running) -> String {
    let order = post("/rpc/ledger/paid_out", &json!({})).header("prefer", "respond-async");
    let kept = order.send(address(edge).await).await.unwrap();
    assert_eq!(kept.status, 202, "{}", kept.text());
    kept.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_is_found_at_every_edge() {
    let site = Site(tempfile::tempdir().unwrap());
    let (first, second) = (site.start("front", 0).await, site.start("front", 1).await);
    let side = site.start("side", 0).await;
    let edges = [&first, &second, &side];
    // Nobody works yet, so that the edges alone have it.
    let path = keep(&second).await;
    for edge in edges {
        let asked = async || ask(edge, &path).await.status == 202;
        until("it is pending at each edge", asked).await;
    }
    let back = site.start("back", 0).await;
    for edge in edges {
        let waits = get(&path).header("prefer", "wait=5");
        let done = waits.send(address(edge).await).await.unwrap().json();
        assert_eq!((&done["state"], &done["result"]), (&json!("done"), &json!([])), "{done}");
        let nobodys = format!("/tickets/{:032x}", 7);
        let denied = async || ask(edge, &nobodys).await.json()["code"] == "ticket_not_found";
        until("everybody can be asked", denied).await;
    }

    // What an edge that is away may have, nobody denies.
    soon("the end of an edge", second.stop()).await;
    let away = ask(&first, &path).await;
    assert_eq!((away.status, away.json()["code"].as_str()), (503, Some("unavailable")));
    let own = keep(&first).await;
    until("its own", async || ask(&first, &own).await.status == 200).await;
    let second = site.start("front", 1).await;
    until("it is found again", async || ask(&side, &path).await.status == 200).await;
    for unit in [first, second, side, back] {
        unit.stop_within(Duration::from_secs(1)).await;
    }
}
