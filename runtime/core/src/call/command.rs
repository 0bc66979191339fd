//! Commands: calls that are kept, and made later, until they have an outcome.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::dispatch::Callable;
use super::future::Call;
use super::json::canonical;
use super::ticket_id::TicketId;
use super::tickets::result_of;
use crate::context::TraceContext;
use crate::contract::{Method, MethodSpec, ServiceFailure};
use crate::name::ServiceId;
use crate::outcome::{CallError, NotExecuted, Unknown};
use crate::remote::Caller;
use crate::turn::Held;

/// The most bytes that a kept call's arguments take, as JSON.
pub const MAX_ARGUMENTS: usize = 64 * 1024;
/// The longest key, in bytes.
pub const MAX_COMMAND_KEY: usize = 255;

type Waits<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// When a command is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Due {
    /// At once.
    #[default]
    Now,
    /// So long after it is kept.
    After(Duration),
    /// At that time.
    At(SystemTime),
}

/// A call, as it is kept.
#[derive(Debug, Clone)]
pub struct KeptCall {
    /// Whom it is for.
    pub service: String,
    /// Of a module that no contract of the app has, and which is asked by its queue: its version.
    pub version: Option<String>,
    /// The method.
    pub method: String,
    /// Whether it may be made again where it isn't known whether it ran.
    pub idempotent: bool,
    /// Whether it is a saga, which the service that it is of keeps itself.
    pub saga: bool,
    /// Its arguments, as JSON by name.
    pub arguments: Vec<u8>,
    /// What tells it from others to the same method: the same key is the same command.
    pub key: String,
    /// When it is due.
    pub due: Due,
    /// The trace that it belongs to, in place of the ambient one.
    pub trace: Option<TraceContext>,
    /// On whose behalf it is, in place of the ambient one: a principal's text. Its key is then that
    /// one's own, and another's command has no part in it.
    pub principal: Option<Arc<str>>,
}

impl KeptCall {
    /// A call that is due now, of a method that is neither idempotent nor a saga, on behalf of nobody: what
    /// is said beside it goes before, as in `KeptCall { saga: true, ..KeptCall::new(…) }`.
    pub fn new(
        service: impl Into<String>,
        method: impl Into<String>,
        arguments: Vec<u8>,
        key: impl Into<String>,
    ) -> Self {
        Self {
            service: service.into(),
            version: None,
            method: method.into(),
            idempotent: false,
            saga: false,
            arguments,
            key: key.into(),
            due: Due::Now,
            trace: None,
            principal: None,
        }
    }
}

/// What became of a kept call.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// Its answer, as JSON.
    Answered(Vec<u8>),
    /// It has none.
    Failed(CallError<ServiceFailure>),
}

/// Which call a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAs {
    /// The service that is called.
    pub service: String,
    /// The method.
    pub method: String,
}

/// Why a command isn't kept, or can't be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// Another command to the method has this key.
    #[error("another call of this method has the key `{0}`: use a new one for each")]
    Reused(String),
    /// It is none that can be kept.
    #[error("{0}")]
    Refused(String),
    /// It can't be kept now, and isn't.
    #[error("commands can't be kept or found now: {0}")]
    Away(String),
    /// Whether it is kept isn't known.
    #[error("whether the command is kept isn't known: {0}")]
    Unknown(String),
}

impl<E> From<KeepError> for CallError<E> {
    fn from(error: KeepError) -> Self {
        let why = error.to_string();
        match error {
            KeepError::Reused(_) | KeepError::Refused(_) => NotExecuted::bad_request(why).into(),
            KeepError::Away(_) => NotExecuted::unavailable(why).into(),
            KeepError::Unknown(_) => Unknown::Unreadable { why: why.into() }.into(),
        }
    }
}

/// Keeps the commands of a unit's callers, each in the store of who gives it.
pub trait Keeper: Send + Sync + 'static {
    /// Keeps a call; done once that is on disk.
    fn keep(&self, caller: Caller, call: KeptCall) -> Waits<Result<TicketId, KeepError>>;

    /// Which call a command of that caller is; `None` if it has none of that id.
    fn find(&self, caller: Caller, id: TicketId) -> Waits<Result<Option<KeptAs>, KeepError>>;

    /// What became of a command of that caller, once it is known.
    fn ended(&self, caller: Caller, id: TicketId) -> Waits<Result<Kept, KeepError>>;
}

/// A call that is kept and made later, as often as it takes: by `.await`, or in a transaction by
/// `tx.send(command)`. Dropped, it is nothing.
#[must_use = "a command is kept once it is awaited, or sent in a transaction"]
pub struct Command<M: Method> {
    kept: Result<KeptCall, KeepError>,
    caller: Caller,
    keeper: Option<Arc<dyn Keeper>>,
    method: PhantomData<fn() -> M>,
}

impl<M: Callable> Call<M> {
    /// Makes a command of it, with a key by which the same one is known: it is kept by the service that
    /// calls, run once whoever crashes, and its result is kept too. A service error is its result; a
    /// call that was not executed is made again.
    pub fn enqueue(self, key: impl Into<String>) -> Command<M> {
        let (service, caller) = (self.client.service(), self.client.caller());
        let keeper = self.client.inner.route.keeper();
        let kept = kept(service, self.into_held(), key.into());
        Command { kept, caller, keeper, method: PhantomData }
    }
}

fn kept<M: Callable>(
    service: ServiceId,
    message: Held<M>,
    key: String,
) -> Result<KeptCall, KeepError> {
    let refused = |why: &str| KeepError::Refused(why.to_owned());
    let Held::Here(message) = message else {
        return Err(refused("the call has begun: enqueue it instead of awaiting it"));
    };
    if key.is_empty() || key.len() > MAX_COMMAND_KEY {
        return Err(refused("a command's key has 1 to 255 bytes"));
    }
    let arguments = canonical(&message).map_err(KeepError::Refused)?;
    if arguments.len() > MAX_ARGUMENTS {
        let size = arguments.len();
        let why = format!(
            "too_large: {size} bytes of arguments are over the limit of {MAX_ARGUMENTS} of a command"
        );
        return Err(KeepError::Refused(why));
    }
    let MethodSpec { name, idempotent, saga, .. } = *M::SPEC;
    Ok(KeptCall { idempotent, saga, ..KeptCall::new(service.name(), name, arguments, key) })
}

impl<M: Method> Command<M> {
    /// Has it made so long after it is kept.
    pub fn after(self, time: Duration) -> Self {
        self.due(Due::After(time))
    }

    /// Has it made at that time, or at once if that is past.
    pub fn at(self, time: SystemTime) -> Self {
        self.due(Due::At(time))
    }

    fn due(mut self, due: Due) -> Self {
        if let Ok(kept) = &mut self.kept {
            kept.due = due;
        }
        self
    }

    /// The call, as it is to be kept.
    ///
    /// # Errors
    /// It is none that can be kept.
    #[doc(hidden)]
    pub fn into_kept(self) -> Result<KeptCall, KeepError> {
        self.kept
    }
}

impl<M: Callable> IntoFuture for Command<M> {
    type Output = Result<Ticket<M>, CallError<M::Error>>;
    type IntoFuture = Waits<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { kept, caller, keeper, .. } = self;
        Box::pin(async move {
            let keeper = keeper.ok_or_else(nobody)?;
            let id = keeper.keep(caller, kept?).await?;
            Ok(Ticket { id, caller, keeper, method: PhantomData })
        })
    }
}

#[cold]
fn nobody() -> KeepError {
    KeepError::Refused(
        "nobody keeps commands here: a client that a unit has given can enqueue, a fake's can't"
            .into(),
    )
}

impl<M: Method> fmt::Debug for Command<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", M::SPEC.name)
    }
}

/// A command that is kept: its result is fetched by this.
pub struct Ticket<M: Method> {
    id: TicketId,
    caller: Caller,
    keeper: Arc<dyn Keeper>,
    method: PhantomData<fn() -> M>,
}

impl<M: Callable> Ticket<M> {
    /// Its id, by which anybody finds it: `GET /tickets/{id}` at an edge.
    pub const fn id(&self) -> TicketId {
        self.id
    }

    /// The call's own result, once it is there; it is waited for without a limit.
    ///
    /// # Errors
    /// The call's own, and [`Unknown`] if nobody can tell any more.
    pub async fn result(&self) -> Result<M::Answer, CallError<M::Error>> {
        result_of(&*self.keeper, self.caller, self.id).await
    }
}

impl<M: Method> Clone for Ticket<M> {
    fn clone(&self) -> Self {
        let Self { id, caller, keeper, method } = self;
        Self { id: *id, caller: *caller, keeper: Arc::clone(keeper), method: *method }
    }
}

impl<M: Method> fmt::Debug for Ticket<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({} {})", M::SPEC.name, self.id)
    }
}
