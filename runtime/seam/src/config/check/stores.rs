//! Services whose rows are to be in a database must be able to have them there.

use super::Check;
use crate::config::{
    Config, ServiceConfig,
    store::{EXAMPLE, StoreEngine},
    value::FromNode,
};

impl Check<'_> {
    /// The engine `postgres` has a url that can be used, and a service a name that a schema can have.
    pub(super) fn stores(&self, config: &Config) {
        let mut told = Vec::new();
        for service in &config.services {
            if service.store.engine != StoreEngine::Postgres {
                continue;
            }
            let url = |path: &[&str]| self.root.node(path).map(String::from_node);
            let written = url(&["services", &service.name, "store", "url"]);
            let written = written.or_else(|| url(&["store", "url"]));
            if service.store.url.is_empty()
                && written.is_some_and(|url| url.map_or(true, |url| !url.is_empty()))
            {
                // What is wrong with it was said when it was read.
                continue;
            }
            let (key, reason, fix) = match service.store.url.is_empty() {
                true => {
                    let reason = "`engine` is `postgres`, and no `url` says where that is";
                    ("engine", reason.to_owned(), format!("add e.g. `url = {EXAMPLE:?}`"))
                }
                false => match unusable(service) {
                    None => continue,
                    Some((cause, fix)) => ("url", cause, fix),
                },
            };
            let own = ["services", &service.name, "store", key];
            let path = if self.root.node(&own).is_some() { &own[..] } else { &["store", key] };
            // What is wrong for all services is said once.
            if !told.contains(&(path.join("."), reason.clone())) {
                self.findings.problem(&self.origin(path), reason.clone(), fix);
                told.push((path.join("."), reason));
            }
        }
    }
}

/// Why a service can't have its rows there, as far as that can be told without asking, and what to do.
#[cfg(feature = "postgres")]
fn unusable(service: &ServiceConfig) -> Option<(String, String)> {
    let cause = |url: &str| {
        let engine = seam_store::Postgres::new(url, &service.name);
        engine.err().map(|error| error.to_string())
    };
    let unnamed = cause(EXAMPLE).map(|cause| {
        let fix = format!(
            "add `engine = \"sled\"` to [services.{}.store], or name it otherwise by `service_as`",
            service.name
        );
        (cause, fix)
    });
    let unread = || Some((cause(service.store.url.reveal())?, format!("use e.g. {EXAMPLE:?}")));
    unnamed.or_else(unread)
}

/// That the engine is missing was said when the key was read.
#[cfg(not(feature = "postgres"))]
fn unusable(_: &ServiceConfig) -> Option<(String, String)> {
    None
}
