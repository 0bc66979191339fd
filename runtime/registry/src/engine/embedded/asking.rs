//! The engine `embedded`, which asks whoever keeps the registry.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seam_core::contract::{ContractDescriptor, Never};
use seam_core::name::ServiceId;
use seam_core::outcome::{CallError, Failure};
use seam_core::remote::{Remote, ask_own, own_contract};
use seam_core::time::Clock;

use super::keeper::Keeper;
use super::request::{Answer, Request, Seen};
use crate::engine::{Claimed, Engine, Expiry, News, Pending, RegistryError};
use crate::entry::{Entry, Place};

/// The service under which a keeper is asked over the wire; no user's service has a dot in its name.
const NAME: &str = "seam.registry";
/// After which no answer is waited for; who watches is answered after some seconds at the latest.
const DEADLINE: Duration = Duration::from_secs(10);

/// Its id; `None` if the process has met too many names.
pub(super) fn service() -> Option<ServiceId> {
    ServiceId::of(NAME)
}

/// The contract by which a keeper is asked over the wire: one method that takes JSON and answers it.
pub fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| own_contract(NAME, "json"))
}

/// The engine `embedded`.
pub struct Embedded {
    way: Way,
}

/// How the keeper is asked.
enum Way {
    /// It is in this process.
    Here(Keeper),
    There {
        service: ServiceId,
        remote: Arc<dyn Remote>,
        clock: Clock,
    },
}

impl Embedded {
    /// The keeper is in this process.
    pub const fn here(keeper: Keeper) -> Self {
        Self { way: Way::Here(keeper) }
    }

    /// The keeper is asked by way of `remote`, which is to be made for [`Embedded::service`] and
    /// [`contract`].
    pub fn there(service: ServiceId, remote: Arc<dyn Remote>, clock: Clock) -> Self {
        Self { way: Way::There { service, remote, clock } }
    }

    /// The service as which a keeper is asked; `None` if the process has met too many names.
    pub fn service() -> Option<ServiceId> {
        service()
    }

    async fn ask(&self, request: Request) -> Result<Answer, RegistryError> {
        let answer = match &self.way {
            Way::Here(keeper) => {
                let closed = || RegistryError::away("it is closed");
                keeper.answer(request).await.ok_or_else(closed)?
            }
            Way::There { service, remote, clock } => {
                // Texts and numbers can always be written.
                let request = serde_json::to_vec(&request).unwrap_or_default();
                let reply = ask_own(*service, remote, (clock, DEADLINE), request).await;
                let reply = reply.map_err(away)?;
                serde_json::from_slice(&reply).map_err(RegistryError::refused)?
            }
        };
        match answer {
            Answer::Full { reason } => Err(RegistryError::refused(reason)),
            answer => Ok(answer),
        }
    }

    async fn done(&self, request: Request) -> Result<bool, RegistryError> {
        match self.ask(request).await? {
            Answer::Done { done } => Ok(done),
            other => Err(unexpected(&other)),
        }
    }

    async fn list(&self, seen: Option<Seen>) -> Result<(Seen, Vec<Entry>), RegistryError> {
        match self.ask(Request::Watch { seen }).await? {
            Answer::Listed { seen, entries } => Ok((seen, entries)),
            other => Err(unexpected(&other)),
        }
    }
}

fn unexpected(answer: &Answer) -> RegistryError {
    RegistryError::refused(format!("it answered something else: {answer:?}"))
}

fn away(failure: Failure) -> RegistryError {
    RegistryError::away(CallError::<Never>::from(failure))
}

impl Engine for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn expiry(&self) -> Expiry {
        Expiry::Engine
    }

    fn register<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()> {
        let request = Request::Register { entry: entry.clone() };
        Box::pin(async { self.done(request).await.map(drop) })
    }

    fn renew<'a>(&'a self, entry: &'a Entry) -> Pending<'a, bool> {
        Box::pin(self.done(Request::Renew { place: entry.place(), launch: entry.launch }))
    }

    fn leave<'a>(&'a self, entry: &'a Entry) -> Pending<'a, ()> {
        let request = Request::Leave { place: entry.place(), launch: entry.launch };
        Box::pin(async { self.done(request).await.map(drop) })
    }

    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(News) + Send)) -> Pending<'a, Infallible> {
        Box::pin(async move {
            let mut known: Option<(Seen, BTreeMap<Place, Entry>)> = None;
            loop {
                let (seen, entries) = self.list(known.as_ref().map(|(seen, _)| *seen)).await?;
                let now: BTreeMap<Place, Entry> =
                    entries.into_iter().map(|entry| (entry.place(), entry)).collect();
                match &known {
                    // The same keeper: who isn't in its list any more has left.
                    Some((before, known)) if before.keeper == seen.keeper => {
                        let gone = known.keys().filter(|place| !now.contains_key(place));
                        gone.for_each(|place| tell(News::Gone(place.clone())));
                        let changed =
                            now.iter().filter(|(place, now)| known.get(place) != Some(now));
                        changed.for_each(|(_, entry)| tell(News::Put(entry.clone())));
                    }
                    _ => tell(News::All(now.values().cloned().collect())),
                }
                known = Some((seen, now));
            }
        })
    }

    fn claim<'a>(&'a self, name: &'a str, holder: u64) -> Pending<'a, Claimed> {
        let request = Request::Claim { name: name.to_owned(), holder };
        Box::pin(async {
            match self.ask(request).await? {
                Answer::Granted { fence } => Ok(Claimed::Granted { fence }),
                Answer::Held {} => Ok(Claimed::Held),
                other => Err(unexpected(&other)),
            }
        })
    }

    fn renew_claim<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, bool> {
        Box::pin(self.done(Request::RenewClaim { name: name.to_owned(), holder, fence }))
    }

    fn release<'a>(&'a self, name: &'a str, holder: u64, fence: u64) -> Pending<'a, ()> {
        let request = Request::Release { name: name.to_owned(), holder, fence };
        Box::pin(async { self.done(request).await.map(drop) })
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Here(keeper) => write!(f, "Embedded({keeper:?})"),
            Way::There { .. } => f.write_str("Embedded(elsewhere)"),
        }
    }
}
