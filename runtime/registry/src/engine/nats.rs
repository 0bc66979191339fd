//! The engine `nats`: a key-value bucket of JetStream, in which each instance has a key that it writes
//! anew with every heartbeat.
//!
//! - The bucket's stream is made by hand: what the library asks for that, servers before 2.10 don't
//!   answer in a way that it understands.
//! - Nobody watches an entry's age at the server: its messages that are too old go without a word. Who
//!   watches counts the leases.
//! - A write that had no answer may have happened all the same. Each goes by the revision that it follows,
//!   and who isn't told what became of it reads before it writes again.
//! - Nothing is sent while there is no connection: the library would keep it and send it later.
//! - Once a connection was lost everything is read anew.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::push::OrderedConfig;
use async_nats::jetstream::kv::{Operation, Store, UpdateErrorKind};
use async_nats::jetstream::{ContextBuilder, stream};
use async_nats::{Client, ConnectOptions, Event, Message};
use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;

use super::{Claimed, Engine, Expiry, News, Pending, RegistryError, key};
use crate::entry::{Entry, Place};
use crate::settings::Settings;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the connection is proved at least. The library gives up one whose third proof is due, which
/// must be before a lease runs out that nobody could renew.
const PING: Duration = Duration::from_secs(1);
/// The longest pause before the server is dialled again.
const PAUSE: Duration = Duration::from_millis(250);
/// So many entries are read at once.
const AT_ONCE: usize = 16;
/// What wasn't written for so long is swept out; at least three leases.
const SWEEP: Duration = Duration::from_secs(300);

/// The engine `nats`.
pub struct Nats {
    url: String,
    bucket: String,
    settings: Settings,
    connection: OnceCell<Connection>,
    /// The revisions of what this process has written.
    written: Mutex<HashMap<String, u64>>,
    /// Claims of others, as they were seen last.
    others: Mutex<HashMap<String, Seen>>,
}

struct Connection {
    client: Client,
    /// How often the connection was lost.
    losses: watch::Receiver<u64>,
    store: OnceCell<Store>,
}

/// A claim as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    holder: u64,
    /// The revision with which it was granted; none in that very revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fence: Option<u64>,
}

/// Another one's claim: since when it hasn't been renewed.
struct Seen {
    revision: u64,
    since: Instant,
}

impl Nats {
    /// A registry of that app at the server that `url` names. It is dialled when it is first asked.
    pub fn new(url: &str, app: &str, settings: Settings) -> Self {
        Self {
            url: url.to_owned(),
            bucket: format!("seam-{app}"),
            settings,
            connection: OnceCell::new(),
            written: Mutex::default(),
            others: Mutex::default(),
        }
    }

    /// The connection, if it stands.
    async fn connection(&self) -> Result<&Connection, RegistryError> {
        let connection = self.connection.get_or_try_init(|| self.connect()).await?;
        match connection.client.connection_state() {
            State::Connected => Ok(connection),
            _ => Err(RegistryError::away("no connection to the NATS server")),
        }
    }

    async fn connect(&self) -> Result<Connection, RegistryError> {
        let (lost, losses) = watch::channel(0_u64);
        let client = ConnectOptions::new()
            .name("seam registry")
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING.min(self.settings.lease / 6))
            .reconnect_delay_callback(|attempts| {
                PAUSE.min(Duration::from_millis(attempts as u64 * 50))
            })
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected | Event::Closed) {
                    lost.send_modify(|losses| *losses += 1);
                }
                async {}
            })
            .connect(self.url.split(',').map(str::trim).collect::<Vec<_>>())
            .await
            .map_err(RegistryError::away)?;
        Ok(Connection { client, losses, store: OnceCell::new() })
    }

    async fn store(&self) -> Result<&Store, RegistryError> {
        let connection = self.connection().await?;
        connection.store.get_or_try_init(|| self.open(&connection.client)).await
    }

    /// Opens the bucket, which is made if it isn't there.
    async fn open(&self, client: &Client) -> Result<Store, RegistryError> {
        let context = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE);
        let context = context.build(client.clone());
        let bucket = &self.bucket;
        let config = stream::Config {
            name: format!("KV_{bucket}"),
            subjects: vec![format!("$KV.{bucket}.>")],
            max_messages_per_subject: 1,
            max_age: SWEEP.max(self.settings.lease * 3),
            discard: stream::DiscardPolicy::New,
            allow_rollup: true,
            deny_delete: true,
            num_replicas: 1,
            ..stream::Config::default()
        };
        let made =
            context.get_or_create_stream(config.clone()).await.map_err(RegistryError::away)?;
        if made.cached_info().config.max_age < config.max_age {
            let config =
                stream::Config { max_age: config.max_age, ..made.cached_info().config.clone() };
            context.update_stream(config).await.map_err(RegistryError::away)?;
        }
        context.get_key_value(bucket).await.map_err(RegistryError::away)
    }

    /// What is under a key, and its revision; if nothing is, the revision of what was.
    async fn read(&self, key: &str) -> Result<(Option<Bytes>, u64), RegistryError> {
        let entry = self.store().await?.entry(key).await.map_err(RegistryError::away)?;
        Ok(match entry {
            Some(entry) if entry.operation == Operation::Put => (Some(entry.value), entry.revision),
            Some(entry) => (None, entry.revision),
            None => (None, 0),
        })
    }

    /// Writes what follows a revision; `None` if something else follows it.
    async fn write(
        &self,
        key: &str,
        value: Vec<u8>,
        revision: u64,
    ) -> Result<Option<u64>, RegistryError> {
        match self.store().await?.update(key, value.into(), revision).await {
            Ok(revision) => Ok(Some(revision)),
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(None),
            Err(error) => Err(RegistryError::away(error)),
        }
    }

    /// Takes out what has a revision; false if something else follows it.
    async fn erase(&self, key: &str, revision: u64) -> Result<bool, RegistryError> {
        let erased = self.store().await?.delete_expect_revision(key, Some(revision)).await;
        match erased {
            Err(error) if self.read(key).await?.1 == revision => Err(RegistryError::away(error)),
            erased => Ok(erased.is_ok()),
        }
    }

    async fn renewed(&self, entry: &Entry) -> Result<bool, RegistryError> {
        let key = entry_key(&entry.place());
        let known = self.written.lock().get(&key).copied();
        if let Some(revision) = known
            && let Some(next) = self.write(&key, entry.to_bytes(), revision).await?
        {
            self.written.lock().insert(key, next);
            return Ok(true);
        }
        // Somebody else has written there, or this process has, and wasn't told.
        let (value, revision) = self.read(&key).await?;
        let there = value.and_then(|value| Entry::from_bytes(&value, &entry.place()));
        if there.is_none_or(|there| there.launch != entry.launch) {
            self.written.lock().remove(&key);
            return Ok(false);
        }
        let next = self.write(&key, entry.to_bytes(), revision).await?;
        Ok(next.is_some_and(|next| {
            self.written.lock().insert(key, next);
            true
        }))
    }

    async fn follow(
        &self,
        tell: &mut (dyn FnMut(News) + Send),
    ) -> Result<Infallible, RegistryError> {
        let connection = self.connection().await?;
        let mut losses = connection.losses.clone();
        losses.mark_unchanged();
        let store = self.store().await?;
        let prefix = store.prefix.clone();
        let config = OrderedConfig {
            deliver_subject: connection.client.new_inbox(),
            filter_subject: format!("{prefix}{ENTRIES}>"),
            deliver_policy: DeliverPolicy::New,
            ..OrderedConfig::default()
        };
        let consumer = store.stream.create_consumer(config).await.map_err(RegistryError::away)?;
        let mut messages = consumer.messages().await.map_err(RegistryError::away)?;
        // What comes meanwhile is told after it, and again.
        tell(News::All(self.list(store).await?));
        loop {
            let message = tokio::select! {
                _ = losses.changed() => {
                    return Err(RegistryError::away("the connection to the NATS server was lost"));
                }
                message = messages.next() => message,
            };
            let message = message.ok_or_else(|| RegistryError::away("the watch has ended"))?;
            let message = message.map_err(RegistryError::away)?;
            if let Some(news) = read_news(&prefix, &message.message) {
                tell(news);
            }
        }
    }

    /// All entries. Not by a consumer that begins with the last of each key: how many are still to come
    /// servers before 2.10 don't know where these are written anew meanwhile.
    async fn list(&self, store: &Store) -> Result<Vec<Entry>, RegistryError> {
        let filter = format!("{}{ENTRIES}>", store.prefix);
        let keys = store.stream.info_with_subjects(filter).await.map_err(RegistryError::away)?;
        let keys: Vec<_> = keys.try_collect().await.map_err(RegistryError::away)?;
        let places = keys.iter().filter_map(|(subject, _)| read_place(&store.prefix, subject));
        let mut entries = Vec::new();
        for places in places.collect::<Vec<_>>().chunks(AT_ONCE) {
            let read = try_join_all(places.iter().map(|place| self.entry(place))).await?;
            entries.extend(read.into_iter().flatten());
        }
        Ok(entries)
    }

    async fn entry(&self, place: &Place) -> Result<Option<Entry>, RegistryError> {
        let (value, _) = self.read(&entry_key(place)).await?;
        Ok(value.and_then(|value| Entry::from_bytes(&value, place)))
    }

    async fn claimed(&self, name: &str, holder: u64) -> Result<Claimed, RegistryError> {
        let key = claim_key(name);
        let (value, revision) = self.read(&key).await?;
        let kept = value.and_then(|value| serde_json::from_slice::<Kept>(&value).ok());
        if let Some(kept) = kept {
            if kept.holder == holder {
                let fence = kept.fence.unwrap_or(revision);
                return Ok(Claimed::Granted { fence });
            }
            if !self.is_over(&key, revision) {
                return Ok(Claimed::Held);
            }
        }
        let grant = to_bytes(&Kept { holder, fence: None });
        Ok(match self.write(&key, grant, revision).await? {
            Some(fence) => Claimed::Granted { fence },
            None => Claimed::Held,
        })
    }

    /// Whether another one's claim hasn't been renewed for a lease's time, as far as this process has
    /// seen.
    fn is_over(&self, key: &str, revision: u64) -> bool {
        let mut others = self.others.lock();
        let now = Instant::now();
        let seen = others.entry(key.to_owned()).or_insert(Seen { revision, since: now });
        if seen.revision != revision {
            *seen = Seen { revision, since: now };
        }
        let over = now.duration_since(seen.since) >= self.settings.lease;
        if over {
            others.remove(key);
        }
        over
    }

    /// The grant of that fence: its revision, if it stands.
    async fn grant(
        &self,
        key: &str,
        holder: u64,
        fence: u64,
    ) -> Result<Option<u64>, RegistryError> {
        let (value, revision) = self.read(key).await?;
        let kept = value.and_then(|value| serde_json::from_slice::<Kept>(&value).ok());
        let stands = |kept: &Kept| kept.holder == holder && kept.fence.unwrap_or(revision) == fence;
        Ok(kept.filter(stands).map(|_| revision))
    }
}

/// What the keys of entries begin with.
const ENTRIES: &str = "units.";

fn entry_key(place: &Place) -> String {
    format!("{ENTRIES}{place}")
}

fn claim_key(name: &str) -> String {
    format!("claims.{}", key(name))
}

fn to_bytes(kept: &Kept) -> Vec<u8> {
    // Numbers can always be written.
    serde_json::to_vec(kept).unwrap_or_default()
}

/// Whose entry is under a subject.
fn read_place(prefix: &str, subject: &str) -> Option<Place> {
    Place::read(subject.strip_prefix(prefix)?.strip_prefix(ENTRIES)?)
}

fn read_news(prefix: &str, message: &Message) -> Option<News> {
    let place = read_place(prefix, &message.subject)?;
    let erased =
        message.headers.as_ref().is_some_and(|headers| headers.get("KV-Operation").is_some());
    match erased {
        true => Some(News::Gone(place)),
        false => Entry::from_bytes(&message.payload, &place).map(News::Put),
    }
}

impl Engine for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn expiry(&self) -> Expiry {
        Expiry::Watchers
    }

    fn register<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()> {
        Box::pin(async {
            let key = entry_key(&entry.place());
            let value = entry.to_bytes().into();
            let revision =
                self.store().await?.put(&key, value).await.map_err(RegistryError::away)?;
            self.written.lock().insert(key, revision);
            Ok(())
        })
    }

    fn renew<'a>(&'a self, entry: &'a Entry) -> Pending<'a, bool> {
        Box::pin(self.renewed(entry))
    }

    fn leave<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()> {
        Box::pin(async {
            let key = entry_key(&entry.place());
            self.written.lock().remove(&key);
            // A renewal that was under way may come in between, and is this process's own.
            loop {
                let (value, revision) = self.read(&key).await?;
                let there = value.and_then(|value| Entry::from_bytes(&value, &entry.place()));
                let own = there.is_some_and(|there| there.launch == entry.launch);
                if !own || self.erase(&key, revision).await? {
                    return Ok(());
                }
            }
        })
    }

    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(News) + Send)) -> Pending<'a, Infallible> {
        Box::pin(self.follow(tell))
    }

    fn claim<'a>(&'a self, name: &'a str, holder: u64) -> Pending<'a, Claimed> {
        Box::pin(self.claimed(name, holder))
    }

    fn renew_claim<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, bool> {
        Box::pin(async move {
            let key = claim_key(name);
            let Some(revision) = self.grant(&key, holder, fence).await? else { return Ok(false) };
            let renewed = to_bytes(&Kept { holder, fence: Some(fence) });
            Ok(self.write(&key, renewed, revision).await?.is_some())
        })
    }

    fn release<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, ()> {
        Box::pin(async move {
            let key = claim_key(name);
            // As with an entry: a renewal may come in between.
            while let Some(revision) = self.grant(&key, holder, fence).await? {
                if self.erase(&key, revision).await? {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which may have a password.
        write!(f, "Nats({})", self.bucket)
    }
}
