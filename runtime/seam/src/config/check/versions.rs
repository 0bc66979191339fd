//! What `[edge.grey]` can't be told.

use super::{Check, Config};

impl Check<'_> {
    /// No more clients are sent to other majors of a service than there are, and to each of them once.
    pub(super) fn grey(&self, config: &Config) {
        let grey = &config.edge.versions.grey;
        for (at, (service, major, _)) in grey.iter().enumerate() {
            let origin = || self.origin(&["edge", "grey", &format!("{service}@{major}")]);
            if grey[..at].iter().any(|(name, other, _)| (name, other) == (service, major)) {
                let reason = format!("`{service}@{major}` has two shares, however it is spelled");
                self.findings.problem(&origin(), reason, "leave one of them out");
            }
            let sum = |shares: &[(String, u16, u8)]| {
                let own = shares.iter().filter(|(other, ..)| other == service);
                own.map(|(.., share)| u32::from(*share)).sum::<u32>()
            };
            // Told once, where it becomes too much.
            if sum(&grey[..at]) <= 100 && sum(&grey[..=at]) > 100 {
                let reason = format!("majors of `{service}` get {} % of its clients", sum(grey));
                let fix = "use 100 at most in all: others get what [edge.versions] says";
                self.findings.problem(&origin(), reason, fix);
            }
        }
    }
}
