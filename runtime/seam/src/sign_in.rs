//! What a method answers that begins a session.

use std::collections::BTreeMap;

/// Who has signed in, as a method with `#[call(session = "start")]` says it: the edge begins a session
/// for them, and sets its cookie.
///
/// ```
/// use seam::edge::SignIn;
///
/// let ada = SignIn::new(7).with_roles(["support"]).with_claim("org", "acme");
/// # assert_eq!(ada.subject, "7");
/// ```
///
/// Clients see the subject and the roles of it, and not the claims. Requests of the session have a
/// [`Principal`](crate::Principal) of these, of the kind `session`.
#[seam::message]
pub struct SignIn {
    /// Who it is, in the app's words: the id of a user, say.
    pub subject: String,
    /// What they may be, for rules such as `role:support`.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What else services are to know of them.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
}

impl SignIn {
    /// Somebody, with neither roles nor claims.
    pub fn new(subject: impl ToString) -> Self {
        let (roles, claims) = (Vec::new(), BTreeMap::new());
        Self { subject: subject.to_string(), roles, claims }
    }

    /// The same with these roles.
    #[must_use]
    pub fn with_roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// The same with one more claim.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.claims.insert(name.into(), text.into());
        self
    }
}
