//! `[bus]` and `[services.NAME.on]`: what carries events, how they are kept, and how they are handed to
//! subscribers.

use std::time::Duration;

use seam_bus::intake::Settings;
use seam_log::LogOptions;

use super::{
    engine::{Engine, read_engine, read_url},
    load::positive,
    reader::Reader,
    url::ServerUrl,
    value::{Age, Bytes, Choice},
};

/// The least that a log may keep, in bytes.
const LEAST: u64 = 1 << 20;

/// `[bus]`: events on their way.
///
/// ```toml
/// [bus]
/// engine = "rabbitmq"
/// url = "amqp://shop:${BROKER_PASSWORD}@127.0.0.1:5672/shop"
/// keep = "7d"
/// keep_bytes = "1GiB"
/// results = "24h"
/// ```
#[derive(Clone, Debug)]
pub struct BusConfig {
    /// `engine`: what carries events from services to services. Default: `embedded`.
    pub engine: BusEngine,
    /// `url`: where the broker is: `nats://HOST:PORT`, or `amqp://USER:PASSWORD@HOST:PORT/VHOST`. Default:
    /// the engine's usual port on this machine.
    pub url: ServerUrl,
    /// `keep`: how long a service's log keeps an event, whether it was read or not. Default: `7d`.
    /// `keep_bytes`: how much a log keeps, in bytes or as `1GiB`; 1 MiB at least. The oldest events go
    /// first. Default: `1GiB`.
    pub log: LogOptions,
    /// `results`: how long the result of a command is kept after its end. Default: `24h`.
    pub results: Duration,
}

/// What carries events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BusEngine {
    /// The units themselves: who subscribes reads the log of who publishes.
    #[default]
    Embedded,
    /// A NATS server with JetStream.
    Nats,
    /// A RabbitMQ server, by which services also answer calls of workers in other languages.
    RabbitMq,
}

impl Choice for BusEngine {
    const ALL: &'static [(&'static str, Self)] =
        &[("embedded", Self::Embedded), ("nats", Self::Nats), ("rabbitmq", Self::RabbitMq)];
}

impl Engine for BusEngine {
    fn lacks(self) -> Option<&'static str> {
        match self {
            Self::Nats if cfg!(not(feature = "nats")) => Some("nats"),
            Self::RabbitMq if cfg!(not(feature = "rabbitmq")) => Some("rabbitmq"),
            _ => None,
        }
    }

    fn server(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Embedded => None,
            Self::Nats => Some(("nats", "nats://127.0.0.1:4222")),
            Self::RabbitMq => Some(("amqp", "amqp://guest:guest@127.0.0.1:5672/%2f")),
        }
    }

    fn has_no_server() -> Result<(), (String, String)> {
        Err((
            "`url` names a broker, and the engine `embedded` has none".into(),
            "say which it is: engine = \"nats\" or \"rabbitmq\"".into(),
        ))
    }
}

/// Reads `[bus]`.
pub(super) fn read_bus(mut reader: Reader<'_>) -> BusConfig {
    let engine = read_engine(&mut reader, BusEngine::Embedded);
    let url = read_url(&mut reader, engine);
    let default = LogOptions::default();
    let keep = reader.checked("keep", Age(default.keep), some).0;
    let keep_bytes = reader.checked("keep_bytes", Bytes(default.keep_bytes), |bytes| {
        if bytes.0 >= LEAST {
            return Ok(());
        }
        Err(("a log keeps 1 MiB at least".into(), "use e.g. \"64MiB\"".into()))
    });
    let day = Age(Duration::from_secs(24 * 60 * 60));
    let results = reader.checked("results", day, some).0;
    reader.finish();
    BusConfig { engine, url, log: default.keep(keep).keep_bytes(keep_bytes.0), results }
}

fn some(age: &Age) -> Result<(), (String, String)> {
    positive(&age.0)
}

/// Reads `[services.NAME.on]`.
pub(super) fn read_on(mut reader: Reader<'_>) -> Settings {
    let default = Settings::default();
    let number = |reader: &mut Reader<'_>, key, default: u32, most: u64| {
        // No wider than it was.
        u32::try_from(reader.within::<u64>(key, default.into(), 1..=most)).unwrap_or(default)
    };
    let settings = Settings {
        attempts: number(&mut reader, "attempts", default.attempts, 1_000),
        backoff: reader.checked("backoff", default.backoff, positive),
        backoff_max: reader.checked("backoff_max", default.backoff_max, positive),
        in_flight: number(&mut reader, "in_flight", default.in_flight, 10_000),
    };
    reader.finish();
    settings
}
