//! What `up` is asked on its own control socket, and what it tells of it.
//!
//! The socket is `<data>/control/up+<topology>.sock`. One order makes a line, and any number of lines answer it, at least one a second, until [`News::Done`] or
//! [`News::Refused`].

use std::{collections::BTreeMap, io, path::Path, time::Duration};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufRead, AsyncWrite, BufReader, split},
    net::UnixStream,
    time::timeout,
};

use super::{
    configured::Mistake,
    protocol::{self, Text},
    socket::{connect, socket_of},
};

/// How often `up` says something, be it that there is nothing new.
pub(in crate::command) const NEWS: Duration = Duration::from_secs(1);
/// After so long without a word, `up` isn't waited for any more.
const SILENCE: Duration = Duration::from_secs(5);
/// How long `up` may take to say who is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `up` is asked to do.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::command) enum Order {
    /// Ends a unit's instances, or one of them; they stay away.
    Drain { unit: String, instance: Option<u16> },
    /// Ends a unit's instances, or one of them, and starts them anew.
    Restart { unit: String, instance: Option<u16>, rolling: bool },
    /// Which instances are away: [`News::Away`] of each, and [`News::Done`].
    Away {},
    /// Reads the config file anew: [`News::Invalid`] or [`News::InForce`], and [`News::Done`].
    Reload {},
    /// Reads anew what was set, beside the files as they were accepted; answered as [`Order::Reload`].
    Settings {},
    /// The config that is in force: [`News::Config`], and [`News::Done`].
    Config {},
}

/// What `up` tells while it does so.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::command) enum News {
    /// A process was told to end.
    Draining { unit: String, instance: u16 },
    /// It has ended; `killed` if it had to be.
    Ended { unit: String, instance: u16, took_ms: u64, killed: bool },
    /// An instance is away: there was no process to end.
    Away { unit: String, instance: u16 },
    /// A new process is ready.
    Ready { unit: String, instance: u16, took_ms: u64 },
    /// What was asked for an instance can't be done; what it is doing now, in words.
    Failed { unit: String, instance: u16, reason: String, state: String },
    /// An instance was left as it is, because another failed.
    Untouched { unit: String, instance: u16 },
    /// The config is wrong: nothing has changed.
    Invalid { problems: Vec<Mistake> },
    /// The config is in force, but for what is pending; what fails all the same, for people.
    InForce { version: String, pending: Vec<Pending>, failed: Vec<String> },
    /// The text of the config that is in force.
    Config(Text),
    /// Nothing new.
    Waiting {},
    /// Nothing was done.
    Refused { reason: String },
    /// That is all.
    Done {},
}

/// A key that units go by once they are started again.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(in crate::command) struct Pending {
    /// Such as `units.pay.listen`.
    pub(in crate::command) key: String,
    /// Their names.
    pub(in crate::command) units: Vec<String>,
}

impl Pending {
    /// One more unit waits for a key.
    pub(in crate::command) fn add(all: &mut Vec<Self>, key: String, unit: &str) {
        let at = all.iter().position(|own| own.key == key).unwrap_or_else(|| {
            all.push(Self { key, units: Vec::new() });
            all.len() - 1
        });
        let units = &mut all[at].units;
        if units.iter().all(|known| known != unit) {
            units.push(unit.to_owned());
        }
    }
}

/// The instances that are kept away, by unit and number, with the topology of their `up`.
pub(in crate::command) type Away = BTreeMap<(String, u16), String>;

/// Gives an order to `up`, and hears all that it tells of it.
///
/// # Errors
/// `up` went away, or has been silent for 5 s.
pub(in crate::command) async fn give(
    stream: UnixStream,
    order: &Order,
    mut hear: impl FnMut(News),
) -> io::Result<()> {
    let (reader, mut writer) = split(stream);
    let mut reader = BufReader::new(reader);
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    timeout(SILENCE, protocol::write(&mut writer, order)).await.map_err(late)??;
    loop {
        match protocol::read(&mut reader, SILENCE).await? {
            Some(News::Done {}) => return Ok(()),
            Some(news @ News::Refused { .. }) => {
                hear(news);
                return Ok(());
            }
            Some(News::Waiting {}) => {}
            Some(news) => hear(news),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The instances that the `up`s of these topologies keep away. An `up` that doesn't run, or doesn't answer within 2 s, keeps nobody away.
pub(in crate::command) async fn away(
    data: &Path,
    topologies: impl IntoIterator<Item = &str>,
) -> Away {
    let asked = topologies.into_iter().map(|topology| async move {
        let mut away = Vec::new();
        if let Ok(Some(stream)) = connect(data, &socket_of(topology)).await {
            let hear = |news| {
                if let News::Away { unit, instance } = news {
                    away.push(((unit, instance), topology.to_owned()));
                }
            };
            // Who doesn't say is asked again next time.
            let _ = timeout(PATIENCE, give(stream, &Order::Away {}, hear)).await;
        }
        away
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Reads an order; `None` at the end of the stream.
pub(in crate::command) async fn next_order(
    from: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Option<Order>> {
    protocol::read(from, protocol::IDLE).await
}

/// Tells who gave an order what is new.
pub(in crate::command) async fn tell_news(
    to: &mut (impl AsyncWrite + Unpin),
    news: &News,
) -> io::Result<()> {
    protocol::write(to, news).await
}
