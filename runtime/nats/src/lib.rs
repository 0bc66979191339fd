//! Events by NATS JetStream.
//!
//! ```text
//! connection   one per process, and the app's stream
//! message      an event as the server has it, which others read too
//! outflow      from a publisher to the stream
//! inflow       from the stream to a subscriber
//! order        what came, in the order of its publisher's log
//! ```

mod connection;
mod inflow;
mod message;
mod order;
mod outflow;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_bus::broker::{Anew, Broker, Inflow, Outflow};
use seam_bus::subscription::Stream;
use tokio::runtime::Handle;

use self::connection::Nats;
use self::inflow::Consumed;
use self::outflow::Publishing;

/// Carries events by NATS.
#[derive(Debug, Clone)]
pub struct Events {
    nats: Nats,
    home: Handle,
}

impl Events {
    /// By the servers that a URL names, several with commas between them. Their stream keeps events of
    /// the app for so long. `home` is where is done what is done in the background.
    pub fn new(url: &str, app: &str, keep: Duration, home: Handle) -> Self {
        Self { nats: Nats::new(url, app, keep), home }
    }
}

impl Broker for Events {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn outflow(&self, publisher: &str) -> Box<dyn Outflow> {
        Box::new(Publishing::new(self.nats.clone(), publisher))
    }

    fn inflows(&self, _: &str, streams: &[Stream], anew: Anew) -> Vec<Arc<dyn Inflow>> {
        let inflow = |stream: &Stream| {
            let (nats, home) = (self.nats.clone(), self.home.clone());
            let inflow = Consumed::new(nats, stream, Arc::clone(&anew), home);
            Arc::new(inflow) as Arc<dyn Inflow>
        };
        streams.iter().map(inflow).collect()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.nats.close())
    }
}
