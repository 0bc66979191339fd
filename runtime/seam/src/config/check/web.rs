//! What `[edge.cors]` and `[edge.cache]` can't be told.

use seam_gateway::Cors;

use super::{Check, Config};
use crate::config::problem::{near, nearest};

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

    /// Methods whose answers are kept are there and answer a GET. A service that the app hasn't may
    /// come later, unless its name looks like a slip.
    pub(super) fn kept_answers(&self, config: &Config) {
        for (name, _) in &config.edge.cache {
            let origin = || self.origin(&["edge", "cache", name]);
            let services: Vec<&str> = self.catalogue.names().collect();
            if let Some((service, _)) = name.split_once('.')
                && !services.contains(&service)
                && near(service, &services).is_some()
            {
                let reason = format!("`{name}`: this app has no service `{service}`");
                self.findings.problem(&origin(), reason, nearest(service, services));
            }
            if let Some(method) = self.edge_method("cache", name)
                && method.http.iter().all(|route| route.verb != "GET")
            {
                let reason = format!("`{name}` has no route with GET: its answers can't be kept");
                self.findings.problem(&origin(), reason, "leave it out");
            }
        }
    }
}
