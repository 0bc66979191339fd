//! On whose behalf a request runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::CallContext;

/// On whose behalf a request runs, as the edge has found out and every call behind it carries along.
///
/// Nothing that a client says of itself becomes one: it stands for a credential that was checked. What
/// a later version of the edge adds to its text is passed over by earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Principal {
    /// Who it is: a token's `sub`, a key's name, what a sign-in said.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Who says so: a token's `iss`; none where the app itself does.
    #[serde(rename = "iss", default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// By which kind of credential: `jwt`, `key`, `session`, `app` for a signed form, or what a plug-in
    /// calls its own.
    pub kind: String,
    /// What it may be: for rules such as `role:support`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// What else is said of it: the claims that `[edge.jwt] claims` names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
}

/// A principal whose text is longer than calls carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a principal takes {MAX} bytes at most, and this one {0}: pass fewer roles or claims on", MAX = Principal::MAX_LEN)]
pub struct PrincipalTooLarge(pub usize);

impl Principal {
    /// The longest text of one that calls carry, in bytes; the wire says the same.
    pub const MAX_LEN: usize = 2_048;

    /// A principal of that subject and kind, with nothing else.
    pub fn new(subject: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { subject: subject.into(), kind: kind.into(), ..Self::default() }
    }

    /// The same with these roles.
    #[must_use]
    pub fn with_roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Whether it has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }

    /// What tells it from any other, whatever its roles and claims: for what is kept for it alone.
    pub fn key(&self) -> String {
        let issuer = self.issuer.as_deref().unwrap_or_default();
        // Lengths stand before texts, so that no two of them read alike.
        format!("{}:{}{}:{issuer}{}", self.kind.len(), self.kind, issuer.len(), self.subject)
    }

    /// Its text, as calls carry it.
    ///
    /// # Errors
    /// If it is longer than [`MAX_LEN`](Self::MAX_LEN).
    pub fn text(&self) -> Result<Arc<str>, PrincipalTooLarge> {
        // A map of texts and values is always written.
        let text = serde_json::to_string(self).unwrap_or_default();
        match text.len() {
            1..=Self::MAX_LEN => Ok(text.into()),
            length => Err(PrincipalTooLarge(length)),
        }
    }

    /// The principal of that text; none if it is no such text.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl CallContext {
    /// On whose behalf the call is made, as far as anybody knows. Of a text that can't be read it is
    /// somebody of kind `unreadable`, without a subject or roles: not nobody, who may be let in where it
    /// wouldn't be.
    pub fn known_principal(&self) -> Option<Principal> {
        let text = self.principal.as_deref()?;
        Some(Principal::read(text).unwrap_or_else(|| Principal::new("", "unreadable")))
    }
}

/// On whose behalf this turn runs: who sent the request that it began with, however many calls and
/// processes ago. None where nobody did, or nobody is known at the edge.
///
/// ```
/// use seam_core::context::principal;
///
/// let may_see_all = principal().is_none_or(|who| who.has_role("support"));
/// # assert!(may_see_all);
/// ```
pub fn principal() -> Option<Principal> {
    super::current()?.known_principal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_is_read_as_it_was() {
        let mut ada = Principal::new("1", "jwt").with_roles(["support"]);
        assert_eq!(Principal::read(&ada.text().unwrap()), Some(ada.clone()));
        ada.issuer = Some("https://id.test".into());
        ada.claims.insert("org".into(), Value::from(7));
        assert_eq!(Principal::read(&ada.text().unwrap()), Some(ada.clone()));
        assert_eq!(&*Principal::new("1", "key").text().unwrap(), r#"{"sub":"1","kind":"key"}"#);
        let later = r#"{"sub":"1","kind":"key","x":1}"#;
        assert_eq!(Principal::read(later), Some(Principal::new("1", "key")));
        for text in ["", "ada", "{}", r#"{"sub":"1"}"#] {
            assert_eq!(Principal::read(text), None, "{text}");
        }
        ada.claims.insert("long".into(), "x".repeat(2_048).into());
        assert!(matches!(ada.text(), Err(PrincipalTooLarge(2_049..))));
    }

    #[test]
    fn whose_text_cannot_be_read_is_not_nobody() {
        let carrying = |text: Option<&str>| CallContext {
            principal: text.map(Into::into),
            ..CallContext::root()
        };
        assert_eq!(carrying(None).known_principal(), None);
        let who = carrying(Some("ada")).known_principal().unwrap();
        assert_eq!(
            (who.kind.as_str(), who.subject.as_str(), who.roles.len()),
            ("unreadable", "", 0)
        );
    }

    #[test]
    fn its_key_is_its_own() {
        let issued = |issuer: &str, subject: &str| Principal {
            issuer: Some(issuer.into()),
            ..Principal::new(subject, "jwt")
        };
        let keys = [
            Principal::new("1", "jwt").key(),
            Principal::new("1", "key").key(),
            issued("a", "b1").key(),
            issued("ab", "1").key(),
            issued("", "ab1").key(),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{key}");
        }
        assert_eq!(Principal::new("1", "jwt").with_roles(["x"]).key(), keys[0]);
    }
}
