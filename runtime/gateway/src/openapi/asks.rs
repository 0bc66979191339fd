//! Which operations ask for a credential, and of which kinds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// `Authorization: Bearer …`, a JSON Web Token.
    Bearer,
    /// `X-Api-Key: …`.
    Key,
    /// The cookie `seam_session`.
    Session,
}

/// Which kinds of credentials an edge takes, and what its methods ask for. Default: it takes none, and
/// then nothing is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// What it takes.
    pub schemes: Vec<Scheme>,
    /// The rules in force, by `service.method`; `signed_in` for those that aren't here.
    pub rules: BTreeMap<String, String>,
}

/// Who isn't told otherwise is signed in.
const DEFAULT: &str = "signed_in";
const ANYONE: &str = "anyone";

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

impl Asks {
    /// The rule of a method.
    pub(super) fn rule(&self, service: &str, method: &str) -> Option<&str> {
        if self.schemes.is_empty() {
            return None;
        }
        let rule = self.rules.get(&format!("{service}.{method}"));
        Some(rule.map_or(DEFAULT, String::as_str))
    }

    /// What an operation of that rule takes: one of these, or nothing.
    pub(super) fn security(&self, rule: Option<&str>) -> Value {
        match rule {
            Some(rule) if !is_open(rule) => {
                let one = |scheme: &Scheme| json!({ scheme.name(): [] });
                self.schemes.iter().map(one).collect()
            }
            _ => json!([]),
        }
    }

    /// The kinds, as `components` has them.
    pub(super) fn definitions(&self) -> Map<String, Value> {
        let schemes = self.schemes.iter();
        schemes.map(|scheme| (scheme.name().to_owned(), scheme.definition())).collect()
    }
}

/// Whether a rule lets in whoever comes.
fn is_open(rule: &str) -> bool {
    rule.split(" or ").any(|one| one.trim() == ANYONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_kind_of_credential_nothing_is_asked_for() {
        let asks = Asks::default();
        assert_eq!(asks.rule("order", "get"), None);
        assert_eq!(asks.security(None), json!([]));
        assert!(asks.definitions().is_empty());
    }

    #[test]
    fn any_kind_will_do_where_not_anyone_may() {
        let rules = [("user.create", "anyone"), ("order.get", "role:x or self:id")];
        let rules = rules.map(|(method, rule)| (method.to_owned(), rule.to_owned())).into();
        let asks = Asks { schemes: vec![Scheme::Bearer, Scheme::Session], rules };
        let both = json!([{ "bearer": [] }, { "session": [] }]);
        assert_eq!(asks.security(asks.rule("user", "create")), json!([]));
        assert_eq!(asks.security(asks.rule("order", "get")), both);
        assert_eq!(asks.security(asks.rule("order", "list")), both);
        assert_eq!(asks.definitions().len(), 2);
    }
}
