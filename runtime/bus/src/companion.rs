//! What beside its calls a service is asked over the wire: its events, and what became of commands.
//!
//! It is asked as a service of its own, its *companion*: `order.bus` is where `order` is at work.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::call::TicketId;
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::remote::{Inbound, Inlet, Remote, Served, ask_named, own_contract, serve_named};
use seam_core::time::Clock;
use serde::{Deserialize, Serialize};

use crate::command::{Command, Told};
use crate::desk::Desk;
use crate::subscription::{Batch, Ends, Source, SourceError, Wanted};
use crate::time::{Millis, millis};

/// So long it is waited for a command's end at most.
const WAIT: Duration = Duration::from_secs(5);
/// After which no answer is waited for; who waits for events is answered after some seconds at the
/// latest.
const DEADLINE: Duration = Duration::from_secs(10);

/// The companion of a service; `None` if its name is too long for that, or the process has met too
/// many names.
pub fn of(service: ServiceId) -> Option<ServiceId> {
    ServiceId::of(&format!("{}.bus", service.name()))
}

/// Whether a service is another's companion.
pub fn is(service: ServiceId) -> bool {
    service.name().ends_with(".bus")
}

/// The contract of all companions: one method that takes MessagePack and answers it.
pub fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    // What is written by field name says by itself what it is.
    CONTRACT.get_or_init(|| own_contract("seam.bus", "rmp"))
}

/// What a companion is asked.
#[derive(Debug, Serialize, Deserialize)]
enum Request {
    Read(Wanted),
    /// Where the log ends, and since a time.
    Ends {
        at: Millis,
    },
    /// What is known of a command; its end is waited for so many milliseconds at most.
    Find {
        id: u128,
        wait: u64,
    },
    /// Keeps a saga, under that id and on behalf of that principal.
    Keep {
        id: u128,
        method: String,
        arguments: String,
        #[serde(default)]
        principal: Option<Arc<str>>,
    },
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Read(Batch),
    Ends(Ends),
    Found(Option<Told>),
    Kept,
    Away { reason: String },
}

/// A companion, for who asks over the wire.
#[derive(Debug, Clone)]
pub struct Companion {
    service: ServiceId,
    desk: Desk,
    clock: Clock,
}

impl Companion {
    /// The companion of that name, for that service's part in the bus.
    pub const fn new(service: ServiceId, desk: Desk, clock: Clock) -> Self {
        Self { service, desk, clock }
    }

    /// Who waits is sent away once the process is about to end, which would wait for the answer.
    async fn answer_while_here(&self, request: Request) -> Answer {
        tokio::select! {
            biased;
            answer = self.answer(request) => answer,
            () = self.desk.left() => Answer::Away { reason: "its process ends".into() },
        }
    }

    async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Read(wanted) => match self.desk.feed.read(wanted).await {
                Ok(batch) => Answer::Read(batch),
                Err(SourceError { reason }) => Answer::Away { reason },
            },
            Request::Ends { at } => match self.desk.feed.ends(at).await {
                Ok(ends) => Answer::Ends(ends),
                Err(SourceError { reason }) => Answer::Away { reason },
            },
            Request::Find { id, wait } => {
                let wait = Duration::from_millis(wait).min(WAIT);
                match self.desk.find(TicketId::new(id), wait).await {
                    Ok(found) => Answer::Found(found.map(Told::from)),
                    Err(reason) => Answer::Away { reason },
                }
            }
            Request::Keep { id, method, arguments, principal } => {
                let (id, arguments) = (TicketId::new(id), arguments.into_bytes());
                let kept = self.desk.keep(id, method, arguments, principal);
                match kept.await {
                    Ok(()) => Answer::Kept,
                    Err(reason) => Answer::Away { reason },
                }
            }
        }
    }
}

impl Inlet for Companion {
    fn service(&self) -> ServiceId {
        self.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        contract()
    }

    fn serve(&self, inbound: Inbound<'_>, _: &mut Vec<u8>) -> Served {
        let companion = self.clone();
        serve_named(&inbound, &self.clock, |request| async move {
            companion.answer_while_here(request).await
        })
    }
}

/// The way to a companion in another process.
#[derive(Clone)]
pub struct Asking {
    service: ServiceId,
    remote: Arc<dyn Remote>,
    clock: Clock,
}

impl Asking {
    /// The way to the companion of that name, by `remote`.
    pub const fn new(service: ServiceId, remote: Arc<dyn Remote>, clock: Clock) -> Self {
        Self { service, remote, clock }
    }

    async fn ask(&self, request: &Request) -> Result<Answer, SourceError> {
        let asked = ask_named(self.service, &self.remote, (&self.clock, DEADLINE), request).await;
        match asked.map_err(SourceError::new)? {
            Answer::Away { reason } => Err(SourceError { reason }),
            answer => Ok(answer),
        }
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asking({})", self.service)
    }
}

impl Asking {
    /// What is known of a command that the service keeps.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn find(&self, id: TicketId, wait: Duration) -> Result<Option<Command>, SourceError> {
        match self.ask(&Request::Find { id: id.get(), wait: millis(wait) }).await? {
            Answer::Found(told) => {
                told.map(Command::try_from).transpose().map_err(SourceError::new)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Has the service keep a saga of its own under that id, once.
    ///
    /// # Errors
    /// If it can't be asked, or doesn't keep it.
    pub async fn keep(
        &self,
        id: TicketId,
        method: String,
        arguments: Vec<u8>,
        principal: Option<Arc<str>>,
    ) -> Result<(), SourceError> {
        let arguments = String::from_utf8(arguments).map_err(SourceError::new)?;
        match self.ask(&Request::Keep { id: id.get(), method, arguments, principal }).await? {
            Answer::Kept => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

fn unexpected(answer: &Answer) -> SourceError {
    SourceError::new(format!("it answered something else: {answer:?}"))
}

impl Source for Asking {
    fn read(&self, wanted: Wanted) -> BoxFuture<'_, Result<Batch, SourceError>> {
        Box::pin(async move {
            match self.ask(&Request::Read(wanted)).await? {
                Answer::Read(batch) => Ok(batch),
                other => Err(unexpected(&other)),
            }
        })
    }

    fn ends(&self, at: Millis) -> BoxFuture<'_, Result<Ends, SourceError>> {
        Box::pin(async move {
            match self.ask(&Request::Ends { at }).await? {
                Answer::Ends(ends) => Ok(ends),
                other => Err(unexpected(&other)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use seam_store::Store;

    use super::*;
    use crate::feed::EventLog;
    use crate::outbox::Outbox;

    #[tokio::test]
    async fn who_waits_for_events_is_sent_away_before_the_process_ends() {
        let service = ServiceId::of("order").unwrap();
        let desk = Desk::new(service, contract());
        let outbox = Outbox::open(&Store::in_memory()).unwrap();
        desk.feed.set(Some(EventLog::Rows(outbox)));
        let companion = Companion::new(of(service).unwrap(), desk.clone(), Clock::fast());
        let wanted = Wanted { from: 1, most: 1, topics: Vec::new() };
        let mut waits = Box::pin(companion.answer_while_here(Request::Read(wanted)));
        for _ in 0..100 {
            assert!((&mut waits).now_or_never().is_none(), "nothing was published");
            tokio::task::yield_now().await;
        }
        desk.leave();
        assert!(matches!(waits.now_or_never(), Some(Answer::Away { .. })));
    }
}
