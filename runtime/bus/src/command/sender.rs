//! Makes kept calls until they have an outcome.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, pending};
use futures_util::stream::{FuturesUnordered, StreamExt};
use seam_core::call::{AnyClient, CallOptions, JsonAnswer, Kept, KeptCall, TicketId};
use seam_core::context::Delivery;
use seam_core::contract::{MethodDescriptor, ServiceFailure};
use seam_core::outcome::{CallError, NotExecuted, Unknown};
use seam_store::{StoreError, TransactionError};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Commands;
use super::rows::{Command, Pending, State};
use crate::rows as bytes;
use crate::saga::{DEADLINE, Ending, Run};
use crate::subscription::{handed, passes};
use crate::time::{Millis, millis, unix_millis};

/// How many are made side by side.
const IN_FLIGHT: usize = 64;
/// After so long a call that was not executed is made again, and twice as long each further time.
const BACKOFF: Duration = Duration::from_millis(200);
/// Up to so long: whoever comes back isn't kept waiting.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// After so long something that failed for want of the store is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// So long it is waited for somebody who takes a call, before it is left for later.
const ANYBODY: Duration = Duration::from_secs(1);
/// So long those that are under way and can't be made again are waited for in the end.
const LAST: Duration = Duration::from_secs(5);
/// So many are read at once.
const READ: usize = 1_024;
/// So often results are looked at that may be too old.
const EXPIRE: Duration = Duration::from_secs(60);

/// Whom a command is for.
pub struct Target {
    /// Who is called, for whoever gave the command.
    pub callee: Box<dyn Callee>,
    /// Whether the service keeps these commands itself.
    pub own: bool,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("own", &self.own).finish_non_exhaustive()
    }
}

/// A method, as commands call it.
pub trait Callee: Send + Sync + 'static {
    /// Returns once somebody takes calls, as far as that is known.
    fn anybody(&self) -> BoxFuture<'static, ()>;

    /// Calls it with arguments as they are kept: its answer, as JSON.
    fn call(
        &self,
        arguments: &[u8],
        options: CallOptions,
    ) -> BoxFuture<'static, Result<Vec<u8>, CallError<ServiceFailure>>>;
}

/// A method of a service of the app.
pub struct ByClient {
    /// By whom it is called.
    pub client: Arc<dyn AnyClient>,
    /// The method.
    pub method: &'static MethodDescriptor,
}

impl fmt::Debug for ByClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByClient({}.{})", self.client.service(), self.method.name)
    }
}

impl Callee for ByClient {
    fn anybody(&self) -> BoxFuture<'static, ()> {
        self.client.anybody()
    }

    fn call(
        &self,
        arguments: &[u8],
        options: CallOptions,
    ) -> BoxFuture<'static, Result<Vec<u8>, CallError<ServiceFailure>>> {
        let reply = self.client.call_json(self.method.index, arguments, options);
        Box::pin(async { reply.await.map(JsonAnswer::into_json) })
    }
}

/// The way to those whom commands are for.
pub trait Calls: Send + Sync + 'static {
    /// Whom a command is for; `None` if this release has no such method, or no way to modules that have
    /// a `version`.
    fn target(&self, service: &str, version: Option<&str>, method: &str) -> Option<Target>;

    /// Has the service itself keep a command under that id, as sagas are kept.
    fn hand_over(&self, id: TicketId, call: KeptCall) -> BoxFuture<'static, Result<(), String>>;

    /// What became of one that was handed over; waits some seconds for its end.
    fn handed_over(
        &self,
        id: TicketId,
        service: &str,
    ) -> BoxFuture<'static, Result<Option<Command>, String>>;

    /// How long results are kept.
    fn results(&self) -> Duration;
}

/// When a command is due, and its number.
type Line = BTreeSet<(Millis, u64)>;

/// Makes the commands of a store, until `stop` is true. Those that are under way then and can be made
/// again are made at the next start.
pub async fn send(commands: Commands, calls: Arc<dyn Calls>, mut stop: watch::Receiver<bool>) {
    let (mut line, mut last) = (Line::new(), 0_u64);
    let mut under_way: FuturesUnordered<BoxFuture<'static, Option<(Millis, u64)>>> =
        FuturesUnordered::new();
    let mut expire = tokio::time::interval(EXPIRE);
    let mut read = true;
    loop {
        if read {
            match more(&commands, &mut line, &mut last).await {
                Ok(again) => read = again,
                Err(error) => {
                    tracing::warn!(%error, "commands wait: they can't be read for now");
                    sleep(AGAIN).await;
                    continue;
                }
            }
        }
        let now = unix_millis();
        while under_way.len() < IN_FLIGHT
            && let Some((due, number)) = line.first().copied().filter(|(due, _)| *due <= now)
        {
            line.remove(&(due, number));
            under_way.push(Box::pin(one(commands.clone(), Arc::clone(&calls), number)));
        }
        // Other instances may have kept some.
        let shared = commands.store().is_shared();
        let due =
            line.first().map(|(due, _)| Duration::from_millis(due.saturating_sub(now).max(1)));
        let timer = async {
            match due {
                Some(due) => sleep(due).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(again) = under_way.next() => line.extend(again),
            () = commands.0.bell.more.notified() => read = true,
            () = timer, if under_way.len() < IN_FLIGHT => {}
            () = sleep(AGAIN), if shared => read = true,
            _ = expire.tick() => {
                if let Err(error) = commands.expire(calls.results()).await {
                    tracing::warn!(%error, "old results stay for now");
                }
            }
        }
    }
    // What can't be made again comes to its end, if that is soon: then that is known.
    let ends = async { while commands.0.bell.lasts() && under_way.next().await.is_some() {} };
    let _ = timeout(LAST, ends).await;
}

/// Whether it is over.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say so is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Takes in those that have come since; whether there may be more.
async fn more(commands: &Commands, line: &mut Line, last: &mut u64) -> Result<bool, StoreError> {
    let from = (*last + 1).to_be_bytes();
    let rows = commands.0.pending.scan(&from..&[], false, READ).await?;
    let full = rows.len() == READ;
    for (key, row) in rows {
        let (number, pending): (_, Pending) = (bytes::position(&key)?, bytes::read(&row)?);
        *last = number;
        line.insert((pending.due, number));
    }
    Ok(full)
}

/// Makes one, and writes down what came of it; when it is due again, if it is.
async fn one(commands: Commands, calls: Arc<dyn Calls>, number: u64) -> Option<(Millis, u64)> {
    loop {
        match attempt(&commands, &calls, number).await {
            Ok(again) => return again.map(|due| (due, number)),
            Err(error) => {
                tracing::warn!(%error, "a command waits for its store");
                sleep(AGAIN).await;
            }
        }
    }
}

async fn attempt(
    commands: &Commands,
    calls: &Arc<dyn Calls>,
    number: u64,
) -> Result<Option<Millis>, StoreError> {
    let Some(row) = commands.0.pending.get(&number.to_be_bytes()).await? else { return Ok(None) };
    let mut pending: Pending = bytes::read(&row)?;
    let id = TicketId::new(pending.id);
    if pending.begun {
        let reason = "the process ended while the call ran".into();
        let lost = CallError::Unknown(Unknown::ConnectionLost { reason });
        return ended(commands, (number, pending.attempts), id, (Err(lost), None)).await;
    }
    pending.attempts += 1;
    let attempts = pending.attempts;
    let Pending { service, version, method, .. } = &pending;
    let Some(target) = calls.target(service, version.as_deref(), method) else {
        let why = format!("this release has no `{service}.{method}`");
        return ended(
            commands,
            (number, attempts),
            id,
            (Err(NotExecuted::bad_request(why).into()), None),
        )
        .await;
    };
    if pending.saga && !target.own {
        return hand_over(commands, calls, (number, pending)).await;
    }
    if !pending.idempotent {
        // Nothing has begun while nobody is there who could begin it, whoever crashes meanwhile.
        if timeout(ANYBODY, target.callee.anybody()).await.is_err() {
            return again(commands, number, pending).await.map(Some);
        }
        pending.begun = true;
        rewrite(commands, number, &pending).await?;
    }
    let _lasts = (!pending.idempotent).then(|| commands.0.bell.last());
    let run = pending.saga.then(|| Arc::new(Run::new(commands.store().clone(), id)));
    let by = run.clone().map_or_else(|| Arc::new(()) as _, |run| run as _);
    let delivery = Delivery::new(id.to_string(), attempts, None, by);
    let mut options = handed(pending.trace.as_bytes(), pending.principal.as_deref(), delivery);
    options.deadline = run.as_ref().map(|_| DEADLINE);
    let came = target.callee.call(&pending.arguments, options).await;
    let came = match &run {
        Some(run) => match run.end(came).await {
            Ending::Ended(came) => came,
            Ending::Again => return again(commands, number, pending).await.map(Some),
        },
        None => came,
    };
    match came {
        Err(CallError::NotExecuted(why)) if passes(&why) => {
            pending.begun = false;
            again(commands, number, pending).await.map(Some)
        }
        Err(CallError::Unknown(_)) if pending.idempotent => {
            again(commands, number, pending).await.map(Some)
        }
        came => ended(commands, (number, attempts), id, (came, run)).await,
    }
}

/// A saga is kept by the service that it is of, for its steps are; and what came of it here, too.
async fn hand_over(
    commands: &Commands,
    calls: &Arc<dyn Calls>,
    (number, pending): (u64, Pending),
) -> Result<Option<Millis>, StoreError> {
    let id = TicketId::new(pending.id);
    let known = calls.handed_over(id, &pending.service).await;
    let state = match known {
        Ok(Some(Command { state, .. })) => state,
        Ok(None) => {
            let Pending { service, method, arguments, .. } = &pending;
            let call = KeptCall {
                idempotent: pending.idempotent,
                saga: true,
                principal: pending.principal.as_deref().map(Arc::from),
                ..KeptCall::new(service, method, arguments.clone(), id.to_string())
            };
            if let Err(reason) = calls.hand_over(id, call).await {
                tracing::debug!(%id, reason, "a saga waits for its service");
            }
            State::Pending
        }
        Err(reason) => {
            tracing::debug!(%id, reason, "a saga waits for its service");
            State::Pending
        }
    };
    match state {
        State::Pending => again(commands, number, pending).await.map(Some),
        State::Ended(kept) => {
            let came = match kept {
                Kept::Answered(answer) => Ok(answer),
                Kept::Failed(error) => Err(error),
            };
            ended(commands, (number, pending.attempts), id, (came, None)).await
        }
        State::Expired => {
            let why = "its result isn't kept any more".into();
            let lost = CallError::Unknown(Unknown::Unreadable { why });
            ended(commands, (number, pending.attempts), id, (Err(lost), None)).await
        }
    }
}

async fn again(
    commands: &Commands,
    number: u64,
    mut pending: Pending,
) -> Result<Millis, StoreError> {
    let doublings = pending.attempts.saturating_sub(1).min(16);
    let pause = BACKOFF.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    pending.due = unix_millis().saturating_add(millis(pause));
    rewrite(commands, number, &pending).await?;
    Ok(pending.due)
}

async fn rewrite(commands: &Commands, number: u64, pending: &Pending) -> Result<(), StoreError> {
    let row = bytes::write(pending)?;
    written(|| {
        let (own, row) = (commands.clone(), row.clone());
        commands
            .store()
            .transaction(move |tx| tx.write_raw(&own.0.pending, &number.to_be_bytes(), Some(row)))
    })
    .await
}

/// Writes as often as it takes: what came of a call isn't found out again.
async fn written<F>(write: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), TransactionError<StoreError>>>,
{
    loop {
        match write().await.map_err(StoreError::from) {
            Err(error) if error != StoreError::Closed => {
                tracing::warn!(%error, "what came of a command can't be kept for now");
                sleep(AGAIN).await;
            }
            written => return written,
        }
    }
}

type Came = Result<Vec<u8>, CallError<ServiceFailure>>;

async fn ended(
    commands: &Commands,
    at: (u64, u32),
    id: TicketId,
    (came, run): (Came, Option<Arc<Run>>),
) -> Result<Option<Millis>, StoreError> {
    written(|| {
        let (own, run, came) = (commands.clone(), run.clone(), came.clone());
        commands.store().transaction(move |tx| {
            if let Some(run) = &run {
                run.forget(tx)?;
            }
            own.end(tx, at, id, came)
        })
    })
    .await?;
    commands.0.bell.end.notify_waiters();
    Ok(None)
}
