//! What contracts say of their methods' clients: who may ask, how often, what may be kept.

use std::time::Duration;

use seam_core::contract::{ContractDescriptor, MethodDescriptor, Rule, SessionStep};
use seam_core::policy::Quota;

/// A method, as it is asked for at the edge on any of the ways in.
#[derive(Debug)]
pub(crate) struct EdgeMethod {
    /// `service.method`, as config and headers name it.
    pub(crate) name: String,
    /// Who may ask, by its contract.
    pub(crate) rule: Rule,
    /// How often, by its contract.
    pub(crate) rate: Option<Quota>,
    /// How long answers may be kept, by its contract.
    pub(crate) cache: Option<Duration>,
    /// What it does to its client's session.
    pub(crate) session: Option<SessionStep>,
}

impl EdgeMethod {
    fn new(service: &str, method: &MethodDescriptor) -> Self {
        Self {
            name: format!("{service}.{}", method.name),
            rule: Rule::of(method),
            // The macro takes none that is none.
            rate: method.rate.as_deref().and_then(|rate| Quota::parse(rate).ok()).flatten(),
            cache: method.cache,
            session: method.session,
        }
    }

    /// All methods of a service, by their indices.
    pub(crate) fn all(service: &str, contract: &ContractDescriptor) -> Vec<Self> {
        contract.methods.iter().map(|method| Self::new(service, method)).collect()
    }
}
