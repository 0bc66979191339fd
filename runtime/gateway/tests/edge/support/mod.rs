//! A contract with routes of every kind, an edge in front of it, and a client without comforts.

mod contract;
mod http;
mod named;
mod page;
mod tickets;
mod versions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use seam_core::call::{AnyClient, Client};
use seam_gateway::{Edge, EdgeSettings, Probe, Readiness};

pub(crate) use self::contract::{ShelfContract, ShelfService};
pub(crate) use self::http::{Answer, Connection, get, json, post, request};
pub(crate) use self::named::Named;
pub(crate) use self::page::{PageService, page, page_that_knows};
pub(crate) use self::tickets::{Drawer, TillContract, TillService, till};
pub(crate) use self::versions::{ALL, Certificate, H2Client, secured, tls_to, to_test};

/// Settings for tests: a free port, two threads, and an end without notice.
pub(crate) fn settings() -> EdgeSettings {
    EdgeSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        workers: 2,
        notice: Duration::ZERO,
        ..EdgeSettings::default()
    }
}

/// A client of a shelf in this process.
pub(crate) fn shelf() -> Arc<dyn AnyClient> {
    Arc::new(Client::<ShelfContract>::local(ShelfService::default()).unwrap())
}

/// An edge before a shelf.
pub(crate) fn edge() -> Edge {
    edge_with(settings())
}

pub(crate) fn edge_with(settings: EdgeSettings) -> Edge {
    Edge::bind(settings, vec![shelf()], Arc::new(Ready)).unwrap()
}

/// A unit that is ready.
pub(crate) struct Ready;

impl Probe for Ready {
    fn ready(&self) -> futures_util::future::BoxFuture<'_, Readiness> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Waits until a counter says `value`.
pub(crate) async fn reached(counter: &AtomicU32, value: u32) {
    let wait = async {
        while counter.load(Ordering::SeqCst) != value {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let found = || format!("{value} expected, found {}", counter.load(Ordering::SeqCst));
    tokio::time::timeout(Duration::from_secs(10), wait).await.map_err(|_| found()).unwrap();
}
