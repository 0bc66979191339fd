//! Brokers between units. All tests that run at a time share one RabbitMQ, which takes long to start.

use std::sync::{Arc, Weak};

use seam_tests::brokers::{Broker, Kind};
use tokio::sync::Mutex;

/// The part of a broker that one app has.
pub(crate) struct Carrier {
    kind: Kind,
    url: String,
    /// As long as somebody uses it, it runs.
    _server: Arc<Broker>,
}

static RABBIT: Mutex<Weak<Broker>> = Mutex::const_new(Weak::new());

impl Carrier {
    /// `None` if its server isn't installed.
    pub(crate) async fn start(kind: Kind) -> Option<Self> {
        if kind != Kind::RabbitMq {
            // It is there at once.
            let server = Arc::new(Broker::start(kind).await.unwrap()?);
            return Some(Self { kind, url: server.url(), _server: server });
        }
        let server = {
            let mut running = RABBIT.lock().await;
            match running.upgrade() {
                Some(server) => server,
                None => {
                    let server = Arc::new(Broker::start(kind).await.unwrap()?);
                    *running = Arc::downgrade(&server);
                    server
                }
            }
        };
        let url = server.apart().unwrap();
        Some(Self { kind, url, _server: server })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `[bus]`, for who uses it.
    pub(crate) fn config(&self) -> String {
        let engine = match self.kind {
            Kind::Nats => "nats",
            Kind::RabbitMq => "rabbitmq",
            Kind::ZooKeeper => unreachable!("it carries no events"),
        };
        format!("[bus]\nengine = \"{engine}\"\nurl = \"{}\"\n", self.url)
    }
}
