//! What the config has to know of the app: its services, whom they need, what they read.

use seam_core::contract::ContractDescriptor;
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
    /// Its contract, which other units are told of.
    pub contract: Option<&'static ContractDescriptor>,
    settle: fn(&mut Settings) -> Result<(), Problem>,
}

impl KnownService {
    /// A service that needs nobody, isn't offered by the edge and has no config of its own.
    pub fn new(name: impl Into<String>) -> Self {
        let (name, settle) = (name.into(), Settings::settle::<()>);
        Self { name, needs: Vec::new(), edge: false, contract: None, settle }
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

impl Catalogue {
    /// The services, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.name.as_str())
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&KnownService> {
        self.services.iter().find(|service| service.name == name)
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
