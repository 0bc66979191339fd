//! The same with RabbitMQ between the units, which is killed as well.

use seam_tests::brokers::{Broker, Kind};

use super::bus::soak;
use crate::bar::Bar;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let Some(broker) = Broker::start(Kind::RabbitMq).await? else {
        return Ok(vec![Bar::told("RabbitMQ isn't installed", "skipped")]);
    };
    let bus = format!("[bus]\nengine = \"rabbitmq\"\nurl = {:?}\n", broker.url());
    soak(scale, &bus, 0.5..2.0, Some(broker)).await
}
