//! The engines, each on a stage of its own.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::home::Home;
use seam_core::time::Clock;
use seam_registry::engine::{Embedded, Keeper, Nats, Static, ZooKeeper, embedded};
use seam_registry::{Claimed, Engine, RegistryError, Settings};
use seam_tests::brokers::{Broker, Kind};
use seam_wire::{Address, Identity, Link, LinkConfig, Server, ServerConfig};

use crate::suite::{self, Stage, entry};
use crate::witness::Witness;

/// Short, for a test; a ZooKeeper of these ticks takes no shorter session.
const SETTINGS: Settings =
    Settings { lease: Duration::from_millis(2_000), heartbeat: Duration::from_millis(500) };

/// A keeper, and the server by which others ask it.
struct Kept {
    address: Address,
    running: Mutex<Option<(Keeper, Server)>>,
    home: Home,
}

impl Kept {
    async fn start() -> Self {
        let home = Home::start("keeper").unwrap();
        let kept =
            Self { address: "127.0.0.1:0".parse().unwrap(), running: Mutex::default(), home };
        kept.resume().await;
        let address = kept.running.lock().as_ref().map(|(_, server)| server.address().clone());
        Self { address: address.unwrap(), ..kept }
    }

    /// A keeper that knows nothing of those before it.
    async fn resume(&self) {
        let keeper = Keeper::new(SETTINGS, Clock::fast()).unwrap();
        let config = ServerConfig::new(Identity::new("shop", "keeper", "1"));
        let inlets = vec![Arc::new(keeper.clone()) as _];
        let server =
            Server::start(config, &self.address, inlets, self.home.runtime()).await.unwrap();
        *self.running.lock() = Some((keeper, server));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded() {
    let kept = Arc::new(Kept::start().await);
    let (home, address) = (kept.home.clone(), kept.address.clone());
    let engine = move |_: &str| -> Arc<dyn Engine> {
        let config = LinkConfig::new(Identity::new("shop", "asking", "1"));
        let link = Link::open(config, address.clone(), home.runtime());
        let service = Embedded::service().unwrap();
        let remote = Arc::new(link.service(service, embedded::contract()));
        // It is dialled for as long as the test runs.
        std::mem::forget(link);
        Arc::new(Embedded::there(service, remote, Clock::fast()))
    };
    let stage = Stage { settings: SETTINGS, engine: Box::new(engine) };
    suite::run(&stage).await;

    suite::away(
        &stage,
        async || {
            // Its connections end with it, as with the process.
            let (keeper, server) = kept.running.lock().take().unwrap();
            keeper.close();
            drop(server);
        },
        async || kept.resume().await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats() {
    let Some(broker) = Broker::start(Kind::Nats).await.unwrap() else { return };
    let url = broker.url();
    let engine = move |app: &str| -> Arc<dyn Engine> { Arc::new(Nats::new(&url, app, SETTINGS)) };
    broker_conforms(broker, Stage { settings: SETTINGS, engine: Box::new(engine) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zookeeper() {
    let Some(broker) = Broker::start(Kind::ZooKeeper).await.unwrap() else { return };
    let url = broker.url();
    let engine =
        move |app: &str| -> Arc<dyn Engine> { Arc::new(ZooKeeper::new(&url, app, SETTINGS)) };
    broker_conforms(broker, Stage { settings: SETTINGS, engine: Box::new(engine) }).await;
}

async fn broker_conforms(broker: Broker, stage: Stage) {
    suite::run(&stage).await;
    let broker = tokio::sync::Mutex::new(broker);
    let kill = async || broker.lock().await.kill().await.unwrap();
    let resume = async || broker.lock().await.resume().await.unwrap();
    suite::away(&stage, kill, resume).await;
    let freeze = async || broker.lock().await.freeze(true).unwrap();
    let thaw = async || broker.lock().await.freeze(false).unwrap();
    suite::away(&stage, freeze, thaw).await;
}

/// What applies to a registry that isn't one: it is always fresh, takes what is registered, and tells
/// nobody of it.
#[tokio::test]
async fn static_() {
    let engine: Arc<dyn Engine> = Arc::new(Static);
    let one = Witness::new(Arc::clone(&engine), SETTINGS);
    one.membership.register(entry("quote", 0, 1));
    one.until("fresh", |witness| witness.membership.is_fresh()).await;
    tokio::time::sleep(SETTINGS.lease).await;
    assert!(one.places().is_empty() && one.membership.is_fresh());
    one.membership.leave().await;
    let refused = engine.claim("ledger", 1).await;
    assert!(matches!(refused, Err(RegistryError::Unsupported { engine: "static", .. })));
    assert_ne!(refused, Ok(Claimed::Held), "nobody is told that somebody else has it");
}
