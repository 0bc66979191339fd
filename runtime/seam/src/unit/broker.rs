//! What carries a unit's events, by the config.

use std::io;
use std::sync::Arc;

use seam_bus::broker::Broker;

use super::StartFailure;
use crate::config::{BusEngine, Config};

/// The broker of a unit, which is dialled when it is first needed; `None` if the units themselves carry
/// events.
pub(super) fn open(config: &Config) -> Result<Option<Arc<dyn Broker>>, StartFailure> {
    match config.bus.engine {
        BusEngine::Embedded => Ok(None),
        #[cfg(feature = "rabbitmq")]
        BusEngine::RabbitMq => {
            let rabbit = seam_rabbitmq::Rabbit::new(config.bus.url.reveal(), &config.app.name);
            let rabbit = rabbit.map_err(io::Error::other)?;
            Ok(Some(Arc::new(seam_rabbitmq::Events::new(rabbit))))
        }
        #[allow(unreachable_patterns, reason = "all of them are there with all features")]
        // The config is refused before it comes to this.
        _ => Err(io::Error::other("this app was built without that broker").into()),
    }
}
