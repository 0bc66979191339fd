//! Who may ask the admin listener.

use super::{Check, Config};

impl Check<'_> {
    /// Each token is there, and is one person's or script's.
    pub(super) fn admin(&self, config: &Config) {
        let tokens = &config.admin.tokens;
        for (index, own) in tokens.iter().enumerate() {
            let origin = self.origin(&["admin", "tokens", &own.name]);
            let twin = tokens[..index].iter().find(|other| other.token == own.token);
            if self.root.node(&["admin", "tokens", &own.name, "token"]).is_none() {
                let reason = format!("[admin.tokens.{}] has no `token`", own.name);
                self.findings.problem(&origin, reason, "add e.g. `token = \"${ADMIN_TOKEN}\"`");
            } else if let Some(twin) = twin.filter(|_| !own.token.is_empty()) {
                let reason = format!("`{}` and `{}` have the same token", twin.name, own.name);
                self.findings.problem(&origin, reason, "give each a token of its own");
            }
        }
    }
}
