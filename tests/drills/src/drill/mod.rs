//! The drills: what goes wrong in each, and what is promised for it.

mod bus;
mod bus_nats;
mod bus_postgres;
mod bus_rabbitmq;
mod cuts;
mod hanging;
mod hops;
mod moves;
mod overload;
mod owner;
mod poison;
mod quotes;
mod recovery;
mod registry;
mod reloads;
mod rolling;
mod room;
mod rotations;
mod sagas;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::bar::Bar;

/// A drill, by the share of its full length.
pub(crate) struct Drill {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(f64) -> LocalBoxFuture<'static, anyhow::Result<Vec<Bar>>>,
}

macro_rules! drills {
    ($($module:ident: $about:literal;)*) => {
        /// All of them.
        pub(crate) const DRILLS: &[Drill] = &[$(Drill {
            name: stringify!($module),
            about: $about,
            run: |scale| Box::pin($module::run(scale)),
        }),*];
    };
}

drills! {
    quotes: "five instances of `quote`: a slow, a cut off, a killed one, and none at all";
    owner: "the instance of `pay` that has the database is killed, and frozen";
    rolling: "instances are replaced one by one, again and again";
    moves: "services move between units, again and again";
    reloads: "the config changes a thousand times, and a fifth of what is given is wrong";
    rotations: "certificates are renewed, again and again";
    registry: "the registry is killed, and comes back after a minute";
    hops: "the last of four hops is away";
    overload: "ten times more calls than a service can answer";
    hanging: "a callee never answers: its callers' other methods";
    bus: "100,000 events and 12,500 commands, while who carries them is killed";
    bus_postgres: "the same on PostgreSQL, where it is installed";
    bus_nats: "the same by NATS, which is killed too";
    bus_rabbitmq: "the same by RabbitMQ, which is killed too";
    poison: "a tenth of 100,000 events can't be handled";
    sagas: "sagas are cut off after every step, every undo and every transaction";
    recovery: "the publisher of a million events is killed";
    cuts: "the power fails while events are published and heard";
    room: "the disk of events is full, and has room again";
}

/// A setting of the environment.
fn setting(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}

/// So many repetitions, at that scale; one at least.
fn times(full: u32, scale: f64) -> u32 {
    (f64::from(full) * scale).ceil() as u32
}

async fn wait(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

fn median(all: &[f64]) -> f64 {
    let mut all = all.to_vec();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
