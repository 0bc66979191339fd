//! What can be named at the prompt.

use std::collections::BTreeMap;

use seam_core::contract::{ContractDescriptor, MethodDescriptor};
use seam_telemetry::SecretNames;

use super::Contracts;
use crate::config::{Config, nearest};

/// What a line may begin with, beside a method.
pub(super) const COMMANDS: [&str; 5] = ["bench", "help", "quit", "trace", "traces"];

/// The services, and what each of them can do; that isn't known of one that came while the app ran.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    services: BTreeMap<String, Option<&'static ContractDescriptor>>,
    secrets: SecretNames,
}

impl Vocabulary {
    /// Those of an app.
    pub(super) fn new(contracts: &Contracts, config: &Config) -> Self {
        let mut all = Self::of(contracts);
        for service in &config.services {
            all.services.entry(service.name.clone()).or_default();
        }
        all
    }

    /// Those of contracts.
    pub(super) fn of(contracts: &Contracts) -> Self {
        let named = |(id, contract): &(_, &'static ContractDescriptor)| {
            let id: &seam_core::name::ServiceId = id;
            (id.name().to_owned(), Some(*contract))
        };
        let secrets = SecretNames::of(contracts.iter().map(|(_, contract)| *contract));
        Self { services: contracts.iter().map(named).collect(), secrets }
    }

    /// What isn't shown of messages, nor remembered.
    pub(super) fn secrets(&self) -> &SecretNames {
        &self.secrets
    }

    /// The names of all services.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// What a service can do.
    pub(super) fn contract(&self, service: &str) -> Option<&'static ContractDescriptor> {
        self.services.get(service).copied().flatten()
    }

    /// A method, as `payment.charge` names it.
    pub(super) fn method(&self, name: &str) -> Option<&'static MethodDescriptor> {
        let (service, method) = name.rsplit_once('.')?;
        self.contract(service)?.method(method)
    }

    /// What to write in place of a word with which no line begins.
    pub(super) fn instead_of(&self, word: &str) -> String {
        if let Some(contract) = self.contract(word) {
            let methods = contract.methods.iter().map(|method| format!("{word}.{}", method.name));
            return format!("write a method of it: {}", methods.collect::<Vec<_>>().join(", "));
        }
        let known = COMMANDS.into_iter().chain(self.services());
        nearest(word, known).trim_end_matches(", or take it out").to_owned()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use seam_core::{contract::MethodSchema, name::ServiceId};
    use serde_json::{Value as Json, json};

    use super::*;

    /// `payment` with two methods, and `order`, of which nobody says what it can do.
    pub(in crate::command::repl) fn known() -> Vocabulary {
        let way = json!({
            "type": "object",
            "properties": { "kind": { "enum": ["card", "cash"] } },
            "required": ["kind"],
        });
        let charge = json!({
            "type": "object",
            "properties": {
                "order": { "type": "integer" },
                "way": way,
                "note": { "type": ["string", "null"] },
            },
            "required": ["order", "way"],
        });
        let method = |name: &str, arguments: Json| {
            let plain = MethodDescriptor::plain(name, 0);
            MethodDescriptor { schema: MethodSchema { arguments, ..plain.schema }, ..plain }
        };
        let methods = vec![method("charge", charge), method("list", json!({}))];
        let contract = ContractDescriptor {
            name: "payment".into(),
            version: "1.0".into(),
            doc: "Money in.".into(),
            methods,
            events: Vec::new(),
        };
        let payment = ServiceId::of("payment").unwrap();
        let mut known = Vocabulary::of(&[(payment, Box::leak(Box::new(contract)))]);
        known.services.insert("order".into(), None);
        known
    }

    #[test]
    fn what_was_meant_is_said() {
        let known = known();
        assert_eq!(known.instead_of("paymnt"), "did you mean `payment`?");
        assert_eq!(
            known.instead_of("payment"),
            "write a method of it: payment.charge, payment.list"
        );
        assert!(known.instead_of("something else").contains("`bench`"));
        assert!(known.method("payment.charge").is_some() && known.method("order.place").is_none());
    }
}
