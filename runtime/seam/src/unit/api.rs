//! The document of an app's API, as its edges serve it, without one that runs.

use seam_core::contract::ContractDescriptor;
use seam_gateway::{About, Api, Authenticators, EdgeError, openapi};
use serde_json::Value;

use super::additions::Additions;
use super::edge;
use crate::config::Config;
use crate::services::Registry;

/// What the API is called.
pub(super) fn about(registry: &Registry, config: &Config) -> About {
    About { title: config.app.name.clone(), version: registry.release.to_string() }
}

/// What `/openapi.json` is at each edge of the app.
///
/// # Errors
/// Routes that no edge could serve.
pub(crate) fn document(
    registry: &Registry,
    additions: &Additions,
    config: &Config,
) -> Result<Value, EdgeError> {
    let contracts = registry.contracts();
    let services: Vec<(&str, &ContractDescriptor)> =
        contracts.iter().map(|(service, contract)| (service.name(), *contract)).collect();
    let settings = edge::settings(&config.edge, None, &Authenticators::default());
    openapi(&Api {
        about: &about(registry, config),
        services: &services,
        versions: &settings.versions,
        errors: &settings.errors,
        // Every unit with an edge keeps calls.
        tickets: true,
        own_problems: additions.problems.is_some(),
        own_errors: additions.errors.is_some(),
        asks: settings.asks(),
    })
}
