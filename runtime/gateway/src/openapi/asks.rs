//! Which operations ask for a credential, and of which kinds.

use std::collections::HashMap;

use seam_core::contract::{MethodDescriptor, Rule};
use serde_json::{Map, Value, json};

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer …`, a JSON Web Token.
    Bearer,
    /// `X-Api-Key: …`.
    Key,
    /// The cookie `seam_session`.
    Session,
}

/// Whom an edge knows, and what its methods ask for.
#[derive(Debug, Clone, Copy)]
pub struct Asks<'a> {
    /// Whether anybody is known: [`EdgeSettings::known`](crate::EdgeSettings::known). If not, nothing
    /// asks for a credential.
    pub known: bool,
    /// Which kinds of credentials are taken.
    pub schemes: &'a [Scheme],
    /// Rules in place of those of contracts, by `service.method`.
    pub allow: &'a HashMap<String, Rule>,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Key => "key",
            Self::Session => "session",
        }
    }

    fn definition(self) -> Value {
        match self {
            Self::Bearer => json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }),
            Self::Key => json!({ "type": "apiKey", "in": "header", "name": "X-Api-Key" }),
            Self::Session => json!({ "type": "apiKey", "in": "cookie", "name": "seam_session" }),
        }
    }
}

impl Asks<'_> {
    /// The rule of a method, if there is anybody to go by rules.
    pub(super) fn rule(&self, service: &str, method: &MethodDescriptor) -> Option<Rule> {
        let own = || self.allow.get(&format!("{service}.{}", method.name)).cloned();
        self.known.then(|| own().unwrap_or_else(|| Rule::of(method)))
    }

    /// What an operation of that rule asks for: one of these, or nothing.
    pub(super) fn security(&self, rule: Option<&Rule>) -> Value {
        let one = |scheme: &Scheme| json!({ scheme.name(): [] });
        match rule {
            Some(rule) if !rule.is_for_anyone() => self.schemes.iter().map(one).collect(),
            _ => json!([]),
        }
    }

    /// The kinds, as `components` has them.
    pub(super) fn definitions(&self) -> Map<String, Value> {
        let schemes = self.schemes.iter();
        schemes.map(|scheme| (scheme.name().to_owned(), scheme.definition())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(name: &str, allow: Option<&str>) -> MethodDescriptor {
        MethodDescriptor { allow: allow.map(str::to_owned), ..MethodDescriptor::plain(name, 0) }
    }

    #[test]
    fn where_nobody_is_known_nothing_is_asked_for() {
        let asks = Asks { known: false, schemes: &[], allow: &HashMap::new() };
        assert_eq!(asks.rule("order", &method("get", Some("role:support"))), None);
        assert_eq!(asks.security(None), json!([]));
        assert!(asks.definitions().is_empty());
    }

    #[test]
    fn any_kind_will_do_where_not_anyone_may() {
        let allow = HashMap::from([("user.create".to_owned(), Rule::parse("anyone").unwrap())]);
        let schemes = [Scheme::Bearer, Scheme::Session];
        let asks = Asks { known: true, schemes: &schemes, allow: &allow };
        let security = |name, rule| asks.security(asks.rule("user", &method(name, rule)).as_ref());
        let either = json!([{ "bearer": [] }, { "session": [] }]);
        assert_eq!(
            security("create", Some("role:support")),
            json!([]),
            "config goes before contracts"
        );
        assert_eq!(security("get", Some("self:id or role:support")), either);
        assert_eq!(security("list", None), either);
        assert_eq!(security("open", Some("anyone")), json!([]));
        assert_eq!(asks.definitions().len(), 2);
    }
}
