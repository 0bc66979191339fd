//! The routes of a unit, from which clients are made.

use std::any::Any;
use std::sync::Arc;

use seam_core::actor::Clients;
use seam_core::call::{AnyClient, Client, ClientOf};
use seam_core::contract::Contract;
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::remote::Caller;

use super::NoSuchClient;

/// A client on every service of the app, wherever it is.
pub(crate) struct Routes {
    clients: Vec<Arc<dyn AnyClient>>,
    /// And on those that were plugged in.
    plugged: Live<Vec<Arc<dyn AnyClient>>>,
    /// Where the edge says that codes are explained.
    errors: Live<String>,
}

impl Routes {
    pub(crate) fn new(clients: Vec<Arc<dyn AnyClient>>, errors: &str) -> Self {
        let plugged = Live::new(Vec::new());
        Self { clients, plugged, errors: Live::new(errors.to_owned()) }
    }

    pub(crate) fn errors(&self) -> &Live<String> {
        &self.errors
    }

    /// The services of the app itself.
    pub(crate) fn own(&self) -> &[Arc<dyn AnyClient>] {
        &self.clients
    }

    /// Those, and what was plugged in.
    pub(crate) fn all(&self) -> Vec<Arc<dyn AnyClient>> {
        self.clients.iter().chain(self.plugged.load().iter()).cloned().collect()
    }

    /// These are plugged in from now on, and no others.
    pub(crate) fn plug(&self, plugged: Vec<Arc<dyn AnyClient>>) {
        self.plugged.set(plugged);
    }

    /// The client of a service by its name, whether it is the app's or was plugged in.
    pub(crate) fn any(&self, name: &str) -> Option<Arc<dyn AnyClient>> {
        let is = |client: &&Arc<dyn AnyClient>| client.service().name() == name;
        self.service(name).cloned().or_else(|| self.plugged.load().iter().find(is).cloned())
    }

    /// A client of its type, for a caller.
    pub(crate) fn typed<K: ClientOf>(
        name: &str,
        client: Option<&Arc<dyn AnyClient>>,
        caller: Caller,
    ) -> Result<K, NoSuchClient> {
        let typed =
            client.and_then(|client| client.typed(caller).downcast::<Client<K::Contract>>().ok());
        let missing = || NoSuchClient { name: name.to_owned(), contract: K::Contract::NAME };
        typed.map(|client| K::from(*client)).ok_or_else(missing)
    }

    /// The client of a service by its name.
    pub(crate) fn service(&self, name: &str) -> Option<&Arc<dyn AnyClient>> {
        self.clients.iter().find(|client| client.service().name() == name)
    }

    /// The client of a contract: of the service that bears its name, or else the first.
    pub(crate) fn contract(&self, name: &str) -> Option<&Arc<dyn AnyClient>> {
        let named = self.service(name).filter(|client| client.descriptor().name == name);
        named.or_else(|| self.clients.iter().find(|client| client.descriptor().name == name))
    }
}

impl Clients for Routes {
    fn client(&self, caller: ServiceId, contract: &str) -> Option<Box<dyn Any + Send>> {
        Some(self.contract(contract)?.typed(Caller::Service(caller)))
    }

    fn own(&self, service: ServiceId) -> Option<Box<dyn Any + Send>> {
        Some(self.service(service.name())?.typed(Caller::Service(service)))
    }
}
