//! What `[edge.cors]` and `[edge.cache]` can't be told.

use seam_gateway::Cors;

use super::{Check, Config};

impl Check<'_> {
    /// Who lets every page in lets none of them speak for its user.
    pub(super) fn cors(&self, config: &Config) {
        let cors = &config.edge.cors;
        if cors.credentials && cors.origins.iter().any(|origin| origin == Cors::ANY) {
            self.findings.problem(
                &self.origin(&["edge", "cors", "credentials"]),
                "`credentials` with the origin `*` lets every page act for whoever visits it",
                "name the origins, or take `credentials` out",
            );
        }
    }

    /// Methods whose answers are kept are there and answer a GET.
    pub(super) fn kept_answers(&self, config: &Config) {
        for (name, _) in &config.edge.cache {
            if let Some(method) = self.edge_method("cache", name)
                && method.http.iter().all(|route| route.verb != "GET")
            {
                let reason = format!("`{name}` has no route with GET: its answers can't be kept");
                self.findings.problem(
                    &self.origin(&["edge", "cache", name]),
                    reason,
                    "leave it out",
                );
            }
        }
    }
}
