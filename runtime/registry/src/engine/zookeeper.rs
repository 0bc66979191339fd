//! The engine `zookeeper`: an ephemeral node for each instance and each claim, which lives as long as the
//! session of the process that made it; the ensemble looks after those.
//!
//! ```text
//! /seam/APP/units/UNIT.INSTANCE     an entry, as JSON
//! /seam/APP/claims/NAME             who holds it; its fence is the transaction that made the node
//! ```
//!
//! - A session that has run out is gone with its nodes: a new one is begun, and everything registered
//!   anew.
//! - Watches may miss what happened while the connection was away: everything is read anew then.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use tokio::sync::Mutex;
use zookeeper_client::{
    Acls, AddWatchMode, Client, CreateMode, CreateOptions, Error, EventType, SessionInfo,
    SessionState, Stat,
};

use super::{Claimed, Engine, Expiry, News, Pending, RegistryError, key};
use crate::entry::{Entry, Place};
use crate::settings::Settings;

/// How long a session may take to begin.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server that says nothing for so long is left for another one.
const SILENCE: Duration = Duration::from_secs(3);

const CONNECTED: SessionState = SessionState::SyncConnected;
const FOLDER: CreateOptions<'static> = CreateMode::Persistent.with_acls(Acls::anyone_all());
const NODE: CreateOptions<'static> = CreateMode::Ephemeral.with_acls(Acls::anyone_all());

/// The engine `zookeeper`.
pub struct ZooKeeper {
    /// `HOST:PORT,HOST:PORT`.
    ensemble: String,
    units: String,
    claims: String,
    settings: Settings,
    session: Mutex<Session>,
}

/// The session of this process. The library's client dials again after ever longer pauses; so one that has
/// lost its connection is left, and another one takes up its session.
#[derive(Default)]
struct Session {
    client: Option<Client>,
    known: Option<SessionInfo>,
}

impl ZooKeeper {
    /// A registry of that app at the ensemble that `url` names, `zookeeper://HOST:PORT,HOST:PORT`. It is
    /// dialled when it is first asked.
    pub fn new(url: &str, app: &str, settings: Settings) -> Self {
        Self {
            ensemble: url.trim_start_matches("zookeeper://").to_owned(),
            units: format!("/seam/{app}/units"),
            claims: format!("/seam/{app}/claims"),
            settings,
            session: Mutex::default(),
        }
    }

    /// A client with a connection: it goes on with the session that there is, or begins a new one if that
    /// has run out.
    async fn client(&self) -> Result<Client, RegistryError> {
        let Session { client, known } = &mut *self.session.lock().await;
        if let Some(client) = client.take_if(|client| client.state() != CONNECTED) {
            *known = (client.state() != SessionState::Expired).then(|| client.into_session());
        }
        if let Some(client) = client {
            return Ok(client.clone());
        }
        match self.begin(known.clone()).await {
            Ok(begun) => Ok(client.insert(begun).clone()),
            Err(error) => {
                if error == Error::SessionExpired {
                    *known = None;
                }
                Err(error.into())
            }
        }
    }

    async fn begin(&self, known: Option<SessionInfo>) -> Result<Client, Error> {
        let mut connector = Client::connector()
            .with_session_timeout(self.settings.lease)
            .with_connection_timeout(SILENCE.min(self.settings.lease / 2))
            .with_detached()
            .with_fail_eagerly();
        if let Some(known) = known {
            connector = connector.with_session(known);
        }
        let begin = async {
            let client = connector.connect(&self.ensemble).await?;
            client.mkdir(&self.units, &FOLDER).await?;
            client.mkdir(&self.claims, &FOLDER).await?;
            Ok(client)
        };
        tokio::time::timeout(PATIENCE, begin).await.unwrap_or(Err(Error::Timeout))
    }

    fn unit(&self, place: &Place) -> String {
        format!("{}/{place}", self.units)
    }

    fn claim_at(&self, name: &str) -> String {
        format!("{}/{}", self.claims, key(name))
    }

    async fn registered(&self, entry: &Entry) -> Result<(), RegistryError> {
        let client = self.client().await?;
        let (path, data) = (self.unit(&entry.place()), entry.to_bytes());
        match read(&client, &path).await? {
            Some((there, stat)) if is_ours(&client, &stat) && there == data => Ok(()),
            // Of a process before this one, or of a session before this one.
            Some((_, stat)) => Ok(replace(&client, &path, &data, &stat).await?),
            None => Ok(client.create(&path, &data, &NODE).await.map(drop)?),
        }
    }

    /// The entry of that very process and session.
    async fn own(&self, client: &Client, entry: &Entry) -> Result<Option<Stat>, RegistryError> {
        let place = entry.place();
        let there = read(client, &self.unit(&place)).await?;
        let own = there.filter(|(data, stat)| {
            let there = Entry::from_bytes(data, &place);
            is_ours(client, stat) && there.is_some_and(|there| there.launch == entry.launch)
        });
        Ok(own.map(|(_, stat)| stat))
    }

    async fn follow(
        &self,
        tell: &mut (dyn FnMut(News) + Send),
    ) -> Result<Infallible, RegistryError> {
        let client = self.client().await?;
        let mut events = client.watch(&self.units, AddWatchMode::PersistentRecursive).await?;
        let mut all = Vec::new();
        for name in client.list_children(&self.units).await? {
            let Some(place) = Place::read(&name) else { continue };
            let there = read(&client, &self.unit(&place)).await?;
            all.extend(there.and_then(|(data, _)| Entry::from_bytes(&data, &place)));
        }
        tell(News::All(all));
        loop {
            let event = events.changed().await;
            if event.event_type == EventType::Session {
                // Also one that is back: something may have been missed.
                return Err(RegistryError::away(format!("the session is {}", event.session_state)));
            }
            let name = event.path.strip_prefix(&self.units).and_then(|name| name.strip_prefix('/'));
            let Some(place) = name.and_then(Place::read) else { continue };
            // What is there by now, whatever the event was: one that was replaced isn't gone.
            match read(&client, &event.path).await? {
                Some((data, _)) => {
                    if let Some(entry) = Entry::from_bytes(&data, &place) {
                        tell(News::Put(entry));
                    }
                }
                None => tell(News::Gone(place)),
            }
        }
    }

    async fn claimed(&self, name: &str, holder: u64) -> Result<Claimed, RegistryError> {
        let client = self.client().await?;
        let (path, data) = (self.claim_at(name), holder.to_string().into_bytes());
        match read(&client, &path).await? {
            Some((there, stat)) if there == data && is_ours(&client, &stat) => {
                return Ok(Claimed::Granted { fence: fence(&stat) });
            }
            // The holder's own, of a session that is over.
            Some((there, stat)) if there == data => {
                replace(&client, &path, &data, &stat).await?;
            }
            Some(_) => return Ok(Claimed::Held),
            None => match client.create(&path, &data, &NODE).await {
                Ok((stat, _)) => return Ok(Claimed::Granted { fence: fence(&stat) }),
                Err(Error::NodeExists) => return Ok(Claimed::Held),
                Err(error) => return Err(error.into()),
            },
        }
        let there = read(&client, &path).await?.filter(|(there, _)| *there == data);
        Ok(there.map_or(Claimed::Held, |(_, stat)| Claimed::Granted { fence: fence(&stat) }))
    }

    /// The grant of that fence, if it stands.
    async fn grant(
        &self,
        client: &Client,
        name: &str,
        holder: u64,
        granted: u64,
    ) -> Result<Option<Stat>, RegistryError> {
        let there = read(client, &self.claim_at(name)).await?;
        let grant = there.filter(|(data, stat)| {
            *data == holder.to_string().into_bytes() && fence(stat) == granted
        });
        Ok(grant.map(|(_, stat)| stat))
    }
}

/// What a node has; `None` if there is none.
async fn read(client: &Client, path: &str) -> Result<Option<(Vec<u8>, Stat)>, RegistryError> {
    match client.get_data(path).await {
        Ok(there) => Ok(Some(there)),
        Err(Error::NoNode) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Puts a node of this session in the place of one that was seen, at once or not at all.
async fn replace(
    client: &Client,
    path: &str,
    data: &[u8],
    seen: &Stat,
) -> Result<(), RegistryError> {
    let mut both = client.new_multi_writer();
    both.add_delete(path, Some(seen.version))?;
    both.add_create(path, data, &NODE)?;
    both.commit().await.map(drop).map_err(RegistryError::away)
}

/// Removes a node that was seen, if it is still the same.
async fn remove(client: &Client, path: &str, seen: &Stat) -> Result<(), RegistryError> {
    match client.delete(path, Some(seen.version)).await {
        Ok(()) | Err(Error::NoNode | Error::BadVersion) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_ours(client: &Client, stat: &Stat) -> bool {
    stat.ephemeral_owner == client.session_id().0
}

/// The transaction that made a node: later ones have higher numbers.
const fn fence(stat: &Stat) -> u64 {
    stat.czxid as u64
}

impl From<Error> for RegistryError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoAuth | Error::AuthFailed | Error::InvalidAcl | Error::QuotaExceeded => {
                Self::refused(error)
            }
            error => Self::away(error),
        }
    }
}

impl Engine for ZooKeeper {
    fn name(&self) -> &'static str {
        "zookeeper"
    }

    fn expiry(&self) -> Expiry {
        Expiry::Engine
    }

    fn register<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()> {
        Box::pin(self.registered(entry))
    }

    fn renew<'a>(&'a self, entry: &'a Entry) -> Pending<'a, bool> {
        Box::pin(async {
            let client = self.client().await?;
            Ok(self.own(&client, entry).await?.is_some())
        })
    }

    fn leave<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()> {
        Box::pin(async {
            let client = self.client().await?;
            match self.own(&client, entry).await? {
                Some(stat) => remove(&client, &self.unit(&entry.place()), &stat).await,
                None => Ok(()),
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
            let client = self.client().await?;
            let grant = self.grant(&client, name, holder, fence).await?;
            Ok(grant.is_some_and(|stat| is_ours(&client, &stat)))
        })
    }

    fn release<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, ()> {
        Box::pin(async move {
            let client = self.client().await?;
            match self.grant(&client, name, holder, fence).await? {
                Some(stat) => remove(&client, &self.claim_at(name), &stat).await,
                None => Ok(()),
            }
        })
    }
}

impl fmt::Debug for ZooKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZooKeeper({}, {})", self.ensemble, self.units)
    }
}
