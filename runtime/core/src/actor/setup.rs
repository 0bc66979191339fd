//! What an actor's `start` is given.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Actor, NeededBy, StartError};
use crate::call::{Client, ClientOf};
use crate::contract::Contract;
use crate::name::ServiceId;
use crate::time::Clock;

/// What an actor may use while it starts: its config, its clients, and what the facade adds (its
/// tables, by `setup.table("receipts")`).
pub struct Setup<A: Actor> {
    service: ServiceId,
    config: A::Config,
    clients: Arc<dyn Clients>,
    extensions: Extensions,
    clock: Clock,
}

impl<A: Actor> Setup<A> {
    /// Made by the unit that hosts the service, once per start.
    pub fn new(
        service: ServiceId,
        config: A::Config,
        clients: Arc<dyn Clients>,
        extensions: Extensions,
        clock: Clock,
    ) -> Self {
        Self { service, config, clients, extensions, clock }
    }

    /// The service's name.
    pub const fn service(&self) -> ServiceId {
        self.service
    }

    /// `[services.NAME.config]`.
    pub const fn config(&self) -> &A::Config {
        &self.config
    }

    /// The clock that the runtime goes by.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A client of a service that the actor's `Needs` lists; any other is a compile error.
    ///
    /// # Errors
    /// [`StartError::NoSuchService`] if the app has no service of that contract.
    pub fn client<K, I>(&self) -> Result<K, StartError>
    where
        K: ClientOf + NeededBy<A::Needs, I>,
    {
        self.clients.typed(self.service)
    }

    /// A client of the service itself, for what it is to do later: commands by `enqueue`. A call that
    /// waits for the service's own turn is refused as a cycle.
    ///
    /// # Errors
    /// [`StartError::NoSuchService`] where the service isn't part of an app.
    pub fn own_client<K: ClientOf<Contract = A::Contract>>(&self) -> Result<K, StartError> {
        typed(self.clients.own(self.service))
    }

    /// Something that the unit has put in for this service, by its type.
    pub fn extension<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.extensions.get()
    }
}

impl<A: Actor> fmt::Debug for Setup<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Where a unit keeps the routes that clients are made of.
pub trait Clients: Send + Sync + 'static {
    /// A boxed [`Client`] of the contract `contract`, made for `caller`; `None` if the app has no
    /// such service.
    fn client(&self, caller: ServiceId, contract: &str) -> Option<Box<dyn Any + Send>>;

    /// A boxed [`Client`] of a service, made for itself; `None` if the app has no such service.
    fn own(&self, service: ServiceId) -> Option<Box<dyn Any + Send>> {
        let _ = service;
        None
    }
}

impl dyn Clients {
    /// A client of the contract of `K`, made for `caller`.
    ///
    /// # Errors
    /// [`StartError::NoSuchService`] if the app has no service of that contract.
    pub fn typed<K: ClientOf>(&self, caller: ServiceId) -> Result<K, StartError> {
        typed(self.client(caller, K::Contract::NAME))
    }
}

/// The client of that type, if it is one.
fn typed<K: ClientOf>(client: Option<Box<dyn Any + Send>>) -> Result<K, StartError> {
    let client = client.and_then(|client| client.downcast::<Client<K::Contract>>().ok());
    let missing = || StartError::NoSuchService { name: K::Contract::NAME };
    client.map(|client| K::from(*client)).ok_or_else(missing)
}

/// Things for one service, by their type.
#[derive(Clone, Default)]
pub struct Extensions(Vec<Arc<dyn Any + Send + Sync>>);

impl Extensions {
    /// Puts `value` in, in place of another of its type.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: Arc<T>) {
        self.0.retain(|other| !other.is::<T>());
        self.0.push(value);
    }

    /// The value of the type `T`.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let value = self.0.iter().find(|value| value.is::<T>())?;
        Arc::clone(value).downcast().ok()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({})", self.0.len())
    }
}
