//! The same with NATS between the units, which is killed as well.

use seam_tests::brokers::{Broker, Kind};

use super::bus::soak;
use crate::bar::Bar;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let Some(broker) = Broker::start(Kind::Nats).await? else {
        return Ok(vec![Bar::told("NATS isn't installed", "skipped")]);
    };
    let bus = format!("[bus]\nengine = \"nats\"\nurl = {:?}\n", broker.url());
    soak(scale, &bus, 0.5..2.0, Some(broker)).await
}
