//! The plug-ins of the unit's edge, started before it serves.

use std::sync::Arc;

use seam_core::actor::Clients;
use seam_core::time::Clock;
use seam_gateway::SecurityPlugin;

use super::StartFailure;
use super::clients::Routes;
use crate::config::Config;
use crate::services::Registry;

/// Starts them one after the other. One that doesn't start leaves no door open: the unit doesn't either.
pub(super) async fn start(
    registry: &Registry,
    config: &Config,
    routes: &Arc<Routes>,
    clock: &Clock,
) -> Result<Vec<Arc<dyn SecurityPlugin>>, StartFailure> {
    let mut started = Vec::new();
    for plugin in registry.plugins() {
        let (id, clients) = (plugin.id(), Arc::<Routes>::clone(routes) as Arc<dyn Clients>);
        let own = config.edge.plugins.iter().find(|own| own.name == id.name());
        let settings = own.map(|own| own.settings.clone()).unwrap_or_default();
        let start = plugin.start(&settings, clients, clock.clone()).await;
        started.push(start.map_err(|reason| StartFailure::Plugin { plugin: id, reason })?);
    }
    Ok(started)
}
