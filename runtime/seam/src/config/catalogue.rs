//! What the config has to know of the app: its services, whom they need, what they read.

use seam_core::contract::{
    ContractDescriptor, EventDescriptor, MethodDescriptor, SubscriptionDescriptor,
};
use seam_core::name::bare;
use serde::de::DeserializeOwned;

use super::{problem::Problem, settings::Settings};

/// The services of an app, in the order in which it names them.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The app's name in the code.
    pub app: String,
    /// The name of the build.
    pub release: String,
    /// Every service that a unit may host.
    pub services: Vec<KnownService>,
    /// The plug-ins of its edges.
    pub plugins: Vec<KnownPlugin>,
}

/// A plug-in of an app's edges, as far as the config is concerned.
#[derive(Clone, Debug)]
pub struct KnownPlugin {
    /// Its name, e.g. `blocklist`.
    pub name: &'static str,
    /// Whether it knows clients.
    pub knows_clients: bool,
    settle: fn(&mut Settings) -> Result<(), Problem>,
}

impl KnownPlugin {
    /// A plug-in whose table is read into a `T`.
    pub fn new<T: DeserializeOwned>(name: &'static str, knows_clients: bool) -> Self {
        Self { name, knows_clients, settle: Settings::settle::<T> }
    }

    /// Reads its table into its type, and spells keys as the type does.
    pub(super) fn settle(&self, settings: &mut Settings) -> Result<(), Problem> {
        (self.settle)(settings)
    }
}

/// A service, as far as the config is concerned.
#[derive(Clone, Debug)]
pub struct KnownService {
    /// The name of its contract, e.g. `payment`.
    pub name: String,
    /// The services that it may call, by name.
    pub needs: Vec<String>,
    /// Whether the edge offers any of its methods, so that a unit with `http` must reach it.
    pub edge: bool,
    /// Whether this program has no actor for it: another process of the app hosts it.
    pub elsewhere: bool,
    /// Its contract, which other units are told of.
    pub contract: Option<&'static ContractDescriptor>,
    settle: fn(&mut Settings) -> Result<(), Problem>,
}

impl KnownService {
    /// A service that needs nobody, isn't offered by the edge and has no config of its own.
    pub fn new(name: impl Into<String>) -> Self {
        let (name, settle) = (name.into(), Settings::settle::<()>);
        let (edge, elsewhere) = (false, false);
        Self { name, needs: Vec::new(), edge, elsewhere, contract: None, settle }
    }

    /// Whom it may call.
    #[must_use]
    pub fn needs<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.needs = names.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the edge offers any of its methods.
    #[must_use]
    pub fn edge(mut self, offered: bool) -> Self {
        self.edge = offered;
        self
    }

    /// This program has no actor for it.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        self.elsewhere = true;
        self
    }

    /// The contract that it implements.
    #[must_use]
    pub fn contract(mut self, contract: &'static ContractDescriptor) -> Self {
        self.contract = Some(contract);
        self
    }

    /// The type that `[services.NAME.config]` is read into, so that its mistakes are found
    /// before anything starts.
    #[must_use]
    pub fn config<T: DeserializeOwned>(mut self) -> Self {
        self.settle = Settings::settle::<T>;
        self
    }

    /// Reads the service's own table into its type, and spells keys as the type does.
    pub(super) fn settle(&self, settings: &mut Settings) -> Result<(), Problem> {
        (self.settle)(settings)
    }
}

#[cfg(test)]
impl KnownService {
    /// With a contract of its name that publishes and subscribes to events: topics and versions.
    pub(crate) fn events(self, published: &[(&str, u16)], on: &[(&str, u16)]) -> Self {
        let event = |(topic, version): &(&str, u16)| EventDescriptor {
            topic: (*topic).into(),
            version: *version,
            key: "id".into(),
            doc: String::new(),
            schema: serde_json::Value::Null,
        };
        let method = |(topic, version): &(&str, u16)| {
            let on = SubscriptionDescriptor { topic: (*topic).into(), version: *version };
            let name = topic.replace('.', "_");
            MethodDescriptor { on: Some(on), ..MethodDescriptor::plain(&name, 0) }
        };
        let contract = ContractDescriptor {
            name: self.name.clone(),
            version: "1.0".into(),
            doc: String::new(),
            methods: on.iter().map(method).collect(),
            events: published.iter().map(event).collect(),
        };
        self.contract(Box::leak(Box::new(contract)))
    }
}

impl Catalogue {
    /// The names of their tables, `[services.NAME]`, in the same order: those without a major.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.names().map(bare)
    }

    /// The service whose table that is, or whose name.
    pub fn tabled(&self, name: &str) -> Option<&KnownService> {
        let of_table = || self.services.iter().find(|service| bare(&service.name) == name);
        self.service(name).or_else(of_table)
    }

    /// What stands behind the names of this program's units, so that programs with other majors of the
    /// same services run beside it by the same config: nothing unless all that it hosts is of one major
    /// after the first.
    pub fn beside(&self) -> &str {
        let hosted = self.services.iter().filter(|service| !service.elsewhere);
        let mut majors = hosted.map(|service| service.name.strip_prefix(bare(&service.name)));
        let first = majors.next().flatten().unwrap_or_default();
        if majors.all(|major| major == Some(first)) { first } else { "" }
    }

    /// The services, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.name.as_str())
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&KnownService> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The events that services publish, in the order of the app: who, and what.
    pub fn published(&self) -> impl Iterator<Item = (&KnownService, &'static EventDescriptor)> {
        self.contracts().flat_map(|(service, contract)| {
            contract.events.iter().map(move |event| (service, event))
        })
    }

    /// The methods that events begin, in the order of the app: whose, which, and what events.
    pub fn subscriptions(
        &self,
    ) -> impl Iterator<Item = (&KnownService, &'static MethodDescriptor, &'static SubscriptionDescriptor)>
    {
        self.contracts().flat_map(|(service, contract)| {
            let methods = contract.methods.iter();
            methods.filter_map(move |method| Some((service, method, method.on.as_ref()?)))
        })
    }

    /// Whether a service subscribes to events of another.
    pub fn subscribes(&self, subscriber: &str, publisher: &str) -> bool {
        let mut on = self.subscriptions().filter(|(service, ..)| service.name == subscriber);
        on.any(|(_, _, on)| {
            self.published().any(|(service, event)| {
                service.name == publisher && event.topic == on.topic && event.version == on.version
            })
        })
    }

    fn contracts(&self) -> impl Iterator<Item = (&KnownService, &'static ContractDescriptor)> {
        self.services.iter().filter_map(|service| Some((service, service.contract?)))
    }

    /// The names such that every service comes after those that it needs; otherwise in the
    /// order of the app.
    ///
    /// # Errors
    /// A cycle, as its path: `["order", "payment", "order"]`.
    pub fn start_order(&self) -> Result<Vec<&str>, Vec<&str>> {
        let mut order = Vec::new();
        for service in &self.services {
            self.visit(service, &mut Vec::new(), &mut order)?;
        }
        Ok(order)
    }

    fn visit<'a>(
        &'a self,
        service: &'a KnownService,
        path: &mut Vec<&'a str>,
        order: &mut Vec<&'a str>,
    ) -> Result<(), Vec<&'a str>> {
        let name = service.name.as_str();
        if order.contains(&name) {
            return Ok(());
        }
        let seen = path.iter().position(|seen| *seen == name);
        path.push(name);
        if let Some(start) = seen {
            return Err(path.split_off(start));
        }
        for need in &service.needs {
            if let Some(needed) = self.service(need) {
                self.visit(needed, path, order)?;
            }
        }
        path.pop();
        order.push(name);
        Ok(())
    }
}
