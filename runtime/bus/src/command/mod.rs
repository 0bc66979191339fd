//! Commands: calls that are kept in the store of who gives them, and made until they have an outcome.
//!
//! ```text
//! cmd.pending   number          → what is to be done
//! cmd.ticket    id              → what became of it
//! cmd.answer    id, piece       → its answer
//! cmd.key       hash of the key → the id, and the arguments' hash
//! cmd.ended     when, id        → nothing: whose result is to expire
//! cmd.expired   when, id        → nothing: what is to be forgotten, by when it ended as well
//! ```

mod expire;
mod rows;
mod sender;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use seam_core::call::{Due, KeepError, Kept, KeptCall, TicketId};
use seam_core::context::{self, Principal, TraceContext};
use seam_core::contract::{Method, ServiceFailure};
use seam_core::outcome::CallError;
use seam_store::{Begun, Hook, Space, Store, StoreError, Transaction, TransactionError};
use tokio::sync::Notify;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

pub(crate) use self::rows::FailureRow;
pub use self::rows::{Command, State};
use self::rows::{Pending, Row, RowState};
pub use self::sender::{ByClient, Callee, Calls, Target, send};
pub(crate) use self::told::Told;
use crate::rows as bytes;
use crate::time::{at, millis, unix_millis};

/// The sequence of their numbers.
const NUMBERS: &str = "cmd.pending";
/// So often it is looked for what other instances have written down.
const LOOK: Duration = Duration::from_millis(200);
/// So large is a piece of an answer at most, in bytes.
const PIECE: usize = 60 * 1024;

/// The commands that a store keeps. Clones are the same.
#[derive(Debug, Clone)]
pub struct Commands(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pending: Space,
    tickets: Space,
    answers: Space,
    keys: Space,
    ended: Space,
    expired: Space,
    bell: Bell,
}

/// Rings when there is something new.
#[derive(Debug, Default)]
struct Bell {
    /// There are more commands.
    more: Notify,
    /// One has come to its end.
    end: Notify,
    /// How many are under way that can't be made again.
    lasting: AtomicUsize,
}

/// One is under way that can't be made again, until this is dropped.
struct Lasts<'a>(&'a Bell);

impl Bell {
    fn last(&self) -> Lasts<'_> {
        self.lasting.fetch_add(1, Ordering::AcqRel);
        Lasts(self)
    }

    fn lasts(&self) -> bool {
        self.lasting.load(Ordering::Acquire) > 0
    }
}

impl Drop for Lasts<'_> {
    fn drop(&mut self) {
        self.0.lasting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is ambient where a transaction was handed over that may send commands.
#[derive(Debug)]
pub(crate) struct Sending {
    commands: Commands,
    trace: Option<TraceContext>,
    principal: Option<String>,
    sent: AtomicBool,
}

struct Sends(Commands);

impl Hook for Sends {
    fn begin(&self) -> Option<Begun> {
        Some(Arc::new(Sending::here(self.0.clone())))
    }

    fn before(&self, _: Option<&Begun>, _: &mut Transaction) -> Result<(), StoreError> {
        Ok(())
    }

    fn after(&self, begun: Option<&Begun>, result: &Result<(), StoreError>) {
        let sending = begun.and_then(|begun| begun.downcast_ref::<Sending>());
        let sent = sending.is_some_and(|sending| sending.sent.load(Ordering::Acquire));
        if sent && result.is_ok() {
            self.0.0.bell.more.notify_one();
        }
    }
}

impl Sending {
    fn here(commands: Commands) -> Self {
        let context = context::current();
        let context = context.as_ref();
        let trace = context.map(|context| context.trace);
        let principal = context.and_then(|context| Some(context.principal.as_ref()?.to_string()));
        Self { commands, trace, principal, sent: AtomicBool::new(false) }
    }
}

/// What a transaction of a service's store can do with commands.
pub trait Enqueue {
    /// Keeps a command if and only if the transaction commits: `tx.send(me.fulfil(id).enqueue(key))?`.
    /// Where there is one of that key it stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if another call has this key; as any write.
    fn send<M: Method>(
        &mut self,
        command: seam_core::call::Command<M>,
    ) -> Result<TicketId, StoreError>;
}

impl Enqueue for Transaction {
    fn send<M: Method>(
        &mut self,
        command: seam_core::call::Command<M>,
    ) -> Result<TicketId, StoreError> {
        let refused = |error: KeepError| StoreError::Refused { cause: error.to_string() };
        let call = command.into_kept().map_err(refused)?;
        let sending = self.begun::<Sending>();
        let none = || KeepError::Refused("nobody keeps commands in this store".into());
        let sending = sending.ok_or_else(none).map_err(refused)?;
        let (id, _) = sending.commands.put(self, &call, &sending, None)?;
        Ok(id)
    }
}

impl Commands {
    /// The commands of a store, whose transactions can send some from then on.
    ///
    /// # Errors
    /// As [`Store::space`].
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let commands = Self(Arc::new(Inner {
            pending: store.space("cmd.pending")?,
            tickets: store.space("cmd.ticket")?,
            answers: store.space("cmd.answer")?,
            keys: store.space("cmd.key")?,
            ended: store.space("cmd.ended")?,
            expired: store.space("cmd.expired")?,
            bell: Bell::default(),
        }));
        store.hook(Sends(commands.clone()));
        Ok(commands)
    }

    /// The store that they are kept in.
    pub fn store(&self) -> &Store {
        self.0.pending.store()
    }

    /// Keeps a call under an id of its own, or finds the command of its key; done once that is on disk.
    ///
    /// # Errors
    /// [`KeepError`].
    pub async fn keep(&self, call: KeptCall, id: Option<TicketId>) -> Result<TicketId, KeepError> {
        let (own, sending) = (self.clone(), Sending::here(self.clone()));
        let kept = self.store().transaction(move |tx| {
            let (id, sent) = own.put(tx, &call, &sending, id)?;
            Ok::<_, StoreError>((id, sent))
        });
        let (id, sent) = kept.await.map_err(not_kept)?;
        if sent {
            self.0.bell.more.notify_one();
        }
        Ok(id)
    }

    /// Writes a command down, unless its key is there; whether it is new.
    fn put(
        &self,
        tx: &mut Transaction,
        call: &KeptCall,
        sending: &Sending,
        id: Option<TicketId>,
    ) -> Result<(TicketId, bool), StoreError> {
        let KeptCall { service, version, method, idempotent, saga, arguments, key, due, .. } = call;
        let owner = |principal: &str| Principal::read(principal).map(|owner| owner.key());
        let mut scope = match version {
            None => [service, method, key].map(String::as_str).join("\0"),
            Some(version) => [service, version, method, key].map(String::as_str).join("\0"),
        };
        if let Some(owner) = call.principal.as_deref().and_then(owner) {
            scope.push('\0');
            scope.push_str(&owner);
        }
        let key_row = xxh3_128(scope.as_bytes()).to_be_bytes().to_vec();
        // Equal arguments are equal texts.
        let print = xxh3_64(arguments);
        if let Some(row) = tx.read_raw(&self.0.keys, &key_row)? {
            let (id, before): (u128, u64) = bytes::read(&row)?;
            if before != print {
                let cause = KeepError::Reused(key.clone()).to_string();
                return Err(StoreError::Refused { cause });
            }
            return Ok((TicketId::new(id), false));
        }
        let random = |error: std::io::Error| StoreError::Disk { cause: error.to_string() };
        let id = id.map_or_else(TicketId::random, Ok).map_err(random)?;
        let (number, now) = (tx.sequence(NUMBERS)?, unix_millis());
        let pending = Pending {
            id: id.get(),
            service: service.clone(),
            version: version.clone(),
            method: method.clone(),
            arguments: arguments.clone(),
            due: match due {
                Due::Now => now,
                Due::After(time) => now.saturating_add(millis(*time)),
                Due::At(time) => at(*time),
            },
            attempts: 0,
            idempotent: *idempotent,
            saga: *saga,
            begun: false,
            trace: call.trace.or(sending.trace).map(|t| t.to_traceparent()).unwrap_or_default(),
            principal: call.principal.as_deref().map(str::to_owned).or(sending.principal.clone()),
        };
        let row = Row {
            service: pending.service.clone(),
            method: pending.method.clone(),
            created: now,
            key: key_row.clone(),
            owner: pending.principal.as_deref().and_then(owner),
            state: RowState::Pending { number },
        };
        tx.write_raw(&self.0.pending, &number.to_be_bytes(), Some(bytes::write(&pending)?))?;
        tx.write_raw(&self.0.tickets, &id.get().to_be_bytes(), Some(bytes::write(&row)?))?;
        tx.write_raw(&self.0.keys, &key_row, Some(bytes::write(&(id.get(), print))?))?;
        sending.sent.store(true, Ordering::Release);
        Ok((id, true))
    }

    /// What is known of a command; `None` if there is none of that id.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn find(&self, id: TicketId) -> Result<Option<Command>, StoreError> {
        let Some(row) = self.0.tickets.get(&id.get().to_be_bytes()).await? else { return Ok(None) };
        let Row { service, method, created, owner, state, .. } = bytes::read(&row)?;
        let (attempts, state) = match state {
            RowState::Pending { number } => {
                let pending = self.0.pending.get(&number.to_be_bytes()).await?;
                let pending: Option<Pending> = pending.map(|row| bytes::read(&row)).transpose()?;
                (pending.map_or(0, |pending| pending.attempts), State::Pending)
            }
            RowState::Answered { attempts, pieces } => {
                let (first, end) = (piece(id, 0), piece(id, pieces));
                let rows = self.0.answers.scan(&first..&end, false, usize::MAX).await?;
                let answer = rows.into_iter().flat_map(|(_, bytes)| bytes).collect();
                (attempts, State::Ended(Kept::Answered(answer)))
            }
            RowState::Failed { attempts, failure } => {
                let error = failure.into_error().map_err(|error| StoreError::Corrupt {
                    cause: format!("the failure of a command: {error}"),
                })?;
                (attempts, State::Ended(Kept::Failed(error)))
            }
            RowState::Expired => (0, State::Expired),
        };
        Ok(Some(Command { service, method, created, owner, attempts, state }))
    }

    /// The same, once it has ended, or after so long.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn wait(&self, id: TicketId, most: Duration) -> Result<Option<Command>, StoreError> {
        let until = tokio::time::Instant::now() + most;
        loop {
            let end = self.0.bell.end.notified();
            let found = self.find(id).await?;
            let waits = found.as_ref().is_some_and(|found| found.state == State::Pending);
            if !waits || tokio::time::Instant::now() >= until {
                return Ok(found);
            }
            // Another instance may have made it, where several share the store.
            let look = tokio::time::Instant::now() + LOOK;
            let at = if self.store().is_shared() { until.min(look) } else { until };
            let _ = tokio::time::timeout_at(at, end).await;
        }
    }

    /// Commands that have no outcome yet, so many at most: their ids and what is known of them.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn pending(&self, most: usize) -> Result<Vec<(TicketId, Command)>, StoreError> {
        let rows = self.0.pending.scan(&[]..&[], false, most).await?;
        let mut all = Vec::with_capacity(rows.len());
        for (_, row) in rows {
            let pending: Pending = bytes::read(&row)?;
            let id = TicketId::new(pending.id);
            if let Some(command) = self.find(id).await? {
                all.push((id, command));
            }
        }
        Ok(all)
    }

    /// Notes that a command has come to its end.
    fn end(
        &self,
        tx: &mut Transaction,
        (number, attempts): (u64, u32),
        id: TicketId,
        outcome: Result<Vec<u8>, CallError<ServiceFailure>>,
    ) -> Result<(), StoreError> {
        let key = id.get().to_be_bytes();
        let Some(row) = tx.read_raw(&self.0.tickets, &key)? else { return Ok(()) };
        let row: Row = bytes::read(&row)?;
        if !matches!(row.state, RowState::Pending { .. }) {
            return Ok(());
        }
        let state = match outcome {
            Ok(answer) => {
                let mut pieces = 0;
                for part in answer.chunks(PIECE) {
                    tx.write_raw(&self.0.answers, &piece(id, pieces), Some(part.to_vec()))?;
                    pieces += 1;
                }
                RowState::Answered { attempts, pieces }
            }
            Err(error) => RowState::Failed { attempts, failure: FailureRow::of(error) },
        };
        tx.write_raw(&self.0.pending, &number.to_be_bytes(), None)?;
        tx.write_raw(&self.0.tickets, &key, Some(bytes::write(&Row { state, ..row })?))?;
        let ended = [&unix_millis().to_be_bytes()[..], &key].concat();
        tx.write_raw(&self.0.ended, &ended, Some(Vec::new()))
    }
}

fn piece(id: TicketId, number: u32) -> Vec<u8> {
    [&id.get().to_be_bytes()[..], &number.to_be_bytes()].concat()
}

fn not_kept(error: TransactionError<StoreError>) -> KeepError {
    let error = StoreError::from(error);
    let cause = error.to_string();
    match error {
        StoreError::Refused { .. } => KeepError::Reused(cause),
        StoreError::TooLarge { .. } => KeepError::Refused(cause),
        error if error.is_unknown() => KeepError::Unknown(cause),
        _ => KeepError::Away(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_its_principal_s_own_and_so_is_the_command() {
        let commands = Commands::open(&Store::in_memory()).unwrap();
        let keep = async |subject: Option<&str>, arguments: &str| {
            let principal = subject.map(|subject| Principal::new(subject, "key").text().unwrap());
            let call = KeptCall::new("till", "pay", arguments.as_bytes().to_vec(), "k");
            let call = KeptCall { idempotent: true, principal, ..call };
            commands.keep(call, None).await
        };
        let ada = keep(Some("ada"), "{}").await.unwrap();
        assert_eq!(keep(Some("ada"), "{}").await, Ok(ada));
        assert!(matches!(keep(Some("ada"), "[]").await, Err(KeepError::Reused(_))));
        let (eve, nobody) = (keep(Some("eve"), "[]").await, keep(None, "{}").await);
        assert!(eve.as_ref().is_ok_and(|eve| *eve != ada) && nobody != eve);
        let owner = async |id| commands.find(id).await.unwrap().unwrap().owner;
        assert_eq!(owner(ada).await, Some(Principal::new("ada", "key").key()));
        assert_eq!(owner(nobody.unwrap()).await, None);
        // Another process is told the same.
        let found = commands.find(ada).await.unwrap().unwrap();
        assert_eq!(Command::try_from(Told::from(found.clone())).unwrap(), found);
    }
}
