//! A service made of functions, one per method that a test needs.
//!
//! Calls take the way that leaves the unit: they are encoded, and what a function returns is what the
//! caller gets, also what a handler can't return, *not executed* and *unknown*.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::client::Client;
use super::deadlines::Deadlines;
use super::route::{Route, Target};
use crate::codec;
use crate::context::{CallContext, in_context};
use crate::contract::{Contract, Method};
use crate::home::Home;
use crate::name::ServiceId;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
use crate::remote::{Caller, Outbound, Remote, RemoteReply, Replies, ReplyBody, ReplyKind, Sent};
use crate::time::{Clock, Moment};

/// A service made of functions. Generated fakes wrap it.
pub struct Fake<C: Contract> {
    functions: Arc<Functions>,
    route: Arc<Route<C>>,
}

type Function = Arc<dyn Fn(&[u8], FakeCall) -> Result<ReplyBody, Failure> + Send + Sync>;

/// What a fake does, and what went wrong with it.
struct Functions {
    service: ServiceId,
    clock: Clock,
    /// Where deadlines are watched: by production's clock, also where a test's own is paused.
    home: Home,
    by_method: Mutex<BTreeMap<u16, Function>>,
    /// What a test did to the fake that it wasn't made for.
    mistakes: Arc<Mutex<Vec<String>>>,
    /// The test's own thread.
    made_on: ThreadId,
}

/// A call of a fake's function, on a thread of its own.
#[derive(Debug)]
pub struct FakeCall {
    context: Arc<CallContext>,
    runtime: Handle,
    clock: Clock,
}

impl FakeCall {
    /// Runs a function's future to its end, in the runtime and the context of its caller. It needn't
    /// be `Send`, for it stays on this thread.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(in_context(Arc::clone(&self.context), future))
    }
}

impl<C: Contract> Fake<C> {
    /// A fake that knows no method yet.
    ///
    /// # Panics
    /// If the contract's name is no name, or the system refuses a thread.
    #[allow(clippy::new_without_default, reason = "a fake without functions is of no use")]
    pub fn new() -> Self {
        let service = ServiceId::of(C::NAME)
            .unwrap_or_else(|| panic!("`{}` is no name of a service", C::NAME));
        let clock = Clock::fast();
        let functions = Arc::new(Functions {
            service,
            clock: clock.clone(),
            home: Home::shared().unwrap_or_else(|error| panic!("no home for a fake: {error}")),
            by_method: Mutex::default(),
            mistakes: Arc::default(),
            made_on: thread::current().id(),
        });
        let route = Route::new(service, Deadlines::default(), clock);
        route.set(Target::Remote(Arc::clone(&functions) as Arc<dyn Remote>));
        Self { functions, route: Arc::new(route) }
    }

    /// Answers calls of the method `M` with what `function` returns, in place of what did so before.
    #[must_use]
    pub fn on<M, F>(self, function: F) -> Self
    where
        M: Method<Contract = C>,
        F: Fn(M, &FakeCall) -> Result<M::Answer, CallError<M::Error>> + Send + Sync + 'static,
    {
        let encoded: Function = Arc::new(move |body, call| {
            let message = codec::decode::<M>(body)
                .map_err(|error| NotExecuted::bad_request(error.to_string()))?;
            let outcome = function(message, &call);
            reply::<M>(outcome, call.clock.now())
        });
        self.functions.by_method.lock().insert(M::SPEC.index, encoded);
        self
    }

    /// A client whose calls the fake answers.
    pub fn client(&self) -> Client<C> {
        Client::new(Arc::clone(&self.route), Caller::Program)
    }
}

/// What a function returned, as it crosses to its caller.
fn reply<M: Method>(
    outcome: Result<M::Answer, CallError<M::Error>>,
    at: Moment,
) -> Result<ReplyBody, Failure> {
    let mut bytes = Vec::new();
    let (encoded, kind) = match &outcome {
        Ok(answer) => (codec::encode(answer, &mut bytes), ReplyKind::Answer),
        Err(CallError::Service(error)) => {
            (codec::encode(error, &mut bytes), ReplyKind::ServiceError)
        }
        Err(CallError::NotExecuted(why)) => return Err(why.clone().into()),
        Err(CallError::Unknown(why)) => return Err(why.clone().into()),
    };
    encoded.map_err(|error| Unknown::Unreadable { why: error.to_string().into() })?;
    Ok(ReplyBody { kind, bytes: bytes.into(), at, degraded: false })
}

impl Functions {
    /// Remembers a mistake, so that the test fails whatever becomes of this call.
    fn mistake(&self, text: String) -> String {
        self.mistakes.lock().push(text.clone());
        text
    }

    /// Fails the test if there was a mistake that it may not have seen.
    fn tell(&self) {
        let mistakes = std::mem::take(&mut *self.mistakes.lock());
        if let Some(first) = mistakes.first()
            && !thread::panicking()
        {
            panic!("{first}");
        }
    }
}

impl Replies for Functions {}

impl Remote for Functions {
    fn send(&self, call: Outbound<'_>) -> Sent {
        let (service, method) = (self.service, call.method);
        let Some(function) = self.by_method.lock().get(&method.index).cloned() else {
            let name = method.name;
            // On the task of whoever calls: a test that calls the fake itself fails right here.
            panic!(
                "{}",
                self.mistake(format!(
                    "the fake of `{service}` was asked for `{name}`, which it wasn't given: add \
                     `.on_{name}(async |…| …)`"
                ))
            );
        };
        let mut body = Vec::new();
        if let Err(error) = call.body.encode(&mut body) {
            return Sent::failed(NotExecuted::bad_request(error.to_string()));
        }
        let deadline = call.context.deadline;
        let call = FakeCall {
            context: Arc::new(call.context.clone()),
            runtime: Handle::try_current().unwrap_or_else(|_| self.home.runtime().clone()),
            clock: self.clock.clone(),
        };
        let (answer, answered) = oneshot::channel();
        // Of its own, so that a function may hold up whatever it likes, and needn't be `Send` while
        // it waits.
        let mistakes = Arc::clone(&self.mistakes);
        let spawned = thread::Builder::new().name(format!("fake {service}")).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| function(&body, call)));
            let outcome = outcome.unwrap_or_else(|_| {
                let name = method.name;
                mistakes.lock().push(format!("the fake of `{service}` panicked in `{name}`"));
                Err(Unknown::Panicked.into())
            });
            // The caller may have gone away meanwhile.
            let _ = answer.send(outcome);
        });
        if let Err(error) = spawned {
            return Sent::failed(NotExecuted::unavailable(format!("no thread for it: {error}")));
        }
        let (clock, (told, tell)) = (self.clock.clone(), oneshot::channel());
        self.home.runtime().spawn(async move {
            let outcome = tokio::select! {
                biased;
                answered = answered => answered.unwrap_or(Err(Unknown::Panicked.into())),
                () = clock.wait_until(deadline) => Err(Unknown::DeadlineExceeded.into()),
            };
            let _ = told.send(outcome);
        });
        Sent::Waits(RemoteReply::from_future(async move {
            tell.await.unwrap_or(Err(Unknown::Abandoned.into()))
        }))
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        // Elsewhere a panic would hit somebody else.
        if thread::current().id() == self.made_on {
            self.tell();
        }
    }
}

/// A test that keeps the fake fails at its end if a method was asked for that the fake wasn't given,
/// also where a service called it and got over that.
impl<C: Contract> Drop for Fake<C> {
    fn drop(&mut self) {
        self.functions.tell();
    }
}

impl<C: Contract> fmt::Debug for Fake<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fake({})", self.functions.service)
    }
}
