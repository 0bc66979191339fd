//! Clients on anything that implements a contract's trait: fakes in tests, a service on its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;

use super::client::Client;
use super::deadlines::Deadlines;
use super::dispatch::Hosts;
use super::route::{Route, Target};
use crate::contract::Contract;
use crate::home::Home;
use crate::name::ServiceId;
use crate::remote::Caller;
use crate::turn::{Factory, Health, Host, HostSettings, StartError};

/// Why there can be no local client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The system refuses a thread.
    #[error("no home for it: {0}")]
    Home(#[from] std::io::Error),
    /// The contract's name is no name.
    #[error("`{0}` is no name of a service: use up to 64 letters, digits, `-`, `_` or `.`")]
    Name(&'static str),
}

impl<C: Contract> Client<C> {
    /// A client whose calls are turns on `fake`, with everything that turns promise. After a panic
    /// in an exclusive turn it stays unavailable, for there is nobody to make another.
    ///
    /// # Errors
    /// If the system refuses a thread for its home, or if the contract's name is no name.
    pub fn local<A>(fake: A) -> Result<Self, LocalError>
    where
        A: Send + Sync + 'static,
        C: Hosts<A>,
    {
        let service = ServiceId::of(C::NAME).ok_or(LocalError::Name(C::NAME))?;
        let settings = HostSettings::new(service, Home::shared()?);
        let clock = settings.clock.clone();
        let host = Host::start(settings, Arc::new(Once(Mutex::new(Some(fake)))));
        let route = Route::new(service, Deadlines::default(), clock);
        route.set(Target::Local(C::erase(host)));
        Ok(Self::new(Arc::new(route), Caller::Program))
    }
}

/// An actor that can be had once.
struct Once<A>(Mutex<Option<A>>);

impl<A: Send + Sync + 'static> Factory<A> for Once<A> {
    fn build(&self) -> Pin<Box<dyn Future<Output = Result<A, StartError>> + Send + '_>> {
        let actor = self.0.lock().take();
        let gone = || StartError::failed("it panicked, and there is only one of it");
        Box::pin(std::future::ready(actor.ok_or_else(gone)))
    }

    fn stop<'a>(&'a self, _: &'a mut A) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }

    fn health<'a>(&'a self, _: &'a A) -> Pin<Box<dyn Future<Output = Health> + Send + 'a>> {
        Box::pin(std::future::ready(Health::Good))
    }
}
