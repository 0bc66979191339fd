//! What is said of clients of the edge has to be enough to know them.

use super::Check;
use crate::config::Config;

impl Check<'_> {
    /// What each way needs, for a client to show who it is.
    pub(super) fn auth(&self, config: &Config) {
        let auth = &config.edge.auth;
        let name = &config.app.name;
        if let Some(jwt) = &auth.jwt {
            for (key, value) in [("issuer", &jwt.issuer), ("audience", &jwt.audience)] {
                if value.is_empty() {
                    let (reason, fix) = match key {
                        "issuer" => ("anybody's tokens would do", "the `iss` of your tokens"),
                        _ => ("tokens for others would do", "the `aud` of your tokens"),
                    };
                    self.lacks(&["jwt", key], format!("without it {reason}"), format!("add {fix}"));
                }
            }
            match (&jwt.jwks.0, jwt.secret.is_empty()) {
                (Some(_), false) => self.findings.problem(
                    &self.origin(&["edge", "jwt", "secret"]),
                    "`jwks` and `secret` of [edge.jwt]: tokens are signed in one way",
                    "take one of the two out",
                ),
                (None, true) => self.lacks(
                    &["jwt", "jwks"],
                    "and no `secret`: no token can be checked",
                    "add where the issuer's keys are, e.g. \"https://id.example.com/jwks.json\"",
                ),
                _ => {}
            }
        }
        for key in auth.keys.iter().filter(|key| key.hash.bytes().is_none()) {
            self.lacks(
                &["keys", &key.name, "hash"],
                "and so no key of that name lets anybody in",
                format!("`{name} key new {}` prints a key, and the lines for it", key.name),
            );
        }
        if let Some(session) = &auth.session {
            if session.key.reveal().is_none() {
                self.lacks(
                    &["session", "key"],
                    "which cookies are sealed with",
                    "use e.g. what `openssl rand -hex 32` prints, by a variable: \"${SESSION_KEY}\"",
                );
            }
            if session.idle > session.max {
                self.findings.problem(
                    &self.origin(&["edge", "session", "idle"]),
                    "`idle` of [edge.session] is longer than `max`: no session lasts that long",
                    "use a shorter one",
                );
            }
        }
        if let Some(signing) = &auth.signing {
            if signing.keys.is_empty() {
                self.lacks(
                    &["signing", "keys"],
                    "and so no form can be signed",
                    "add [edge.signing.keys.NAME] and its `secret`, or take [edge.signing] out",
                );
            }
            for key in signing.keys.iter().filter(|key| key.secret.is_empty()) {
                self.lacks(
                    &["signing", "keys", &key.name, "secret"],
                    "which its forms are signed with",
                    "use e.g. what `openssl rand -hex 32` prints, by a variable",
                );
            }
        }
    }

    /// A key below `[edge]` isn't there, and is needed.
    fn lacks(&self, path: &[&str], why: impl AsRef<str>, fix: impl Into<String>) {
        let Some((key, table)) = path.split_last() else { return };
        let whole: Vec<&str> = ["edge"].iter().chain(table).copied().collect();
        let reason = format!("[{}] has no `{key}`, {}", whole.join("."), why.as_ref());
        self.findings.problem(&self.origin(&whole), reason, fix);
    }
}
