//! Another config, taken while the unit runs.
//!
//! In two steps, so that all units of an app can take the first before any takes the second: first,
//! settings are put in force, links are made to where services will be, and services that move away
//! end here; then services that move here begin. In between nobody has them, and their callers wait.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::allowed;
use super::hosting::{Hosting, LETS_GO, follow};
use super::listening::{Listening, offer};
use super::parts::{InForce, Parts, Resident};
use super::plug;
use crate::config::{Config, UnitLayout};
use crate::services::Activity;

/// How long it is waited for that an actor starts which is built anew.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a unit made of another config.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// The [version](crate::config::Config::version) that it goes by now.
    pub version: String,
    /// The keys that it will go by once it is started again, such as `units.pay.listen`.
    pub restart: Vec<String>,
    /// What is in force and fails all the same, for people: an actor that doesn't start with its new
    /// settings, say. It is tried again.
    pub failed: Vec<String>,
}

impl Parts {
    /// The first step.
    pub(super) async fn take(&self, config: &Config) -> Taken {
        let _taking = self.taking.lock().await;
        let InForce { config: before, layout } = self.in_force.lock().clone();
        // A topology of other units is nothing for those that run: they stay as they are.
        let next = config
            .layout_of(Some(&layout.topology), Some(&layout.unit), layout.instance)
            .ok()
            .filter(|_| self.started.has_same_units(config, &layout.topology));
        let next = next.map_or(layout, Arc::new);
        // Calls of a service that moves come from where it was, and then from where it will be.
        let new = allowed::authorities(config, &next.topology, &self.hosting.desks);
        let either = allowed::either(new, &self.hosting.authorities.get());
        self.hosting.authorities.set(either);
        self.hosting.guests.set(plug::guests(&self.hosting.registry, config, &self.hosting.desks));
        self.hosting.hosted.set(next.services.clone());
        self.tune(config, &next);
        self.links.extend(&self.hosting, config, &next, true);
        let mut failed = Vec::new();
        failed.extend(self.listen(config, &next).await);
        let leaving = self.residents();
        let leaving = leaving.iter().filter(|own| !hosts(&next, own));
        let drain = config.app.drain;
        join_all(leaving.map(|own| self.leave(own, &next, drain))).await;
        let here = self.residents();
        for (id, _) in &self.hosting.opened {
            // Somebody may be called now whom nobody called before.
            if here.iter().all(|own| own.id != *id) {
                self.hosting.lead_away(*id, &next, &self.links);
            }
        }
        failed.extend(self.renew(&before, config).await);
        let restart = self.started.needs_restart(config, &next);
        let version = config.version().to_owned();
        *self.in_force.lock() = InForce { config: Arc::new(config.clone()), layout: next };
        tracing::info!(version, ?restart, "goes by another config");
        Taken { version, restart, failed }
    }

    /// The second step: why services that move here don't start, if so.
    pub(super) async fn settle(&self) -> Vec<String> {
        let _taking = self.taking.lock().await;
        let InForce { config, layout } = self.in_force.lock().clone();
        let here = self.residents();
        let comes = |name: &&String| here.iter().all(|own| own.id.name() != name.as_str());
        let arriving = layout.services.iter().filter(comes);
        let arrived = arriving.map(|name| self.arrive(name, &config, &layout));
        let failed = join_all(arrived).await.into_iter().flatten().collect();
        let Hosting { desks, authorities, .. } = &self.hosting;
        authorities.set(allowed::authorities(&config, &layout.topology, desks));
        failed
    }

    /// Settings that are read at every call.
    fn tune(&self, config: &Config, layout: &UnitLayout) {
        let Hosting { registry, graph, .. } = &self.hosting;
        for (id, open) in &self.hosting.opened {
            let hosted = &layout.services;
            open.tune(&Hosting::route_plan(registry, graph, config, hosted, *id));
        }
        self.hosting.results.set(config.bus.results);
        self.hosting.recorder.set_per_second(config.trace.per_second);
        self.recording.set_keep(config.trace.keep);
        if self.hosting.registry.simulation.is_none()
            && let Err(error) = self.exporting.set(config, layout)
        {
            tracing::error!(%error, "nothing is exported");
        }
        self.links.tune(config);
        self.plug.tune(config);
        for resident in self.hosted.lock().iter() {
            if let Some(service) = config.service(resident.id.name()) {
                resident.hosted.keeping.limits().set(Hosting::limits(service));
                resident.messaging.tune(config.bus.log, service.on);
            }
        }
        self.hosting.routes.errors().set(config.edge.errors.clone());
        if let Some(edge) = &*self.edge.lock() {
            edge.tune(&config.edge);
        }
    }

    /// Has actors built anew whose own settings have changed; says which of them don't start.
    async fn renew(&self, before: &Config, config: &Config) -> Vec<String> {
        let mut renewed = Vec::new();
        for resident in self.hosted.lock().iter() {
            let name = resident.id.name();
            let Some(service) = config.service(name) else { continue };
            if before.has_same_settings(config, name) {
                continue;
            }
            resident.settings.set(service.settings.clone());
            // Who stands by or waits reads them when it begins, and who is away when it comes back.
            let activity = resident.activity();
            if !activity.is_awaited() && activity != Activity::Away {
                renewed.push((name, resident.hosted.keeping.renew()));
            }
        }
        let renewed = renewed.into_iter().map(|(name, started)| async move {
            match tokio::time::timeout(PATIENCE, started).await {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => {
                    Some(format!("`{name}` can't start with its new settings: {reason}"))
                }
                Err(_) => Some(format!("`{name}` hasn't started with its new settings yet")),
            }
        });
        join_all(renewed).await.into_iter().flatten().collect()
    }

    /// Begins to listen, if others call this unit now and nobody did before.
    async fn listen(&self, config: &Config, layout: &UnitLayout) -> Option<String> {
        if layout.listen.is_none() || self.listener.lock().is_some() {
            return None;
        }
        let residents = self.hosted.lock().clone();
        let opened =
            Listening::open(&self.hosting, config, layout, &residents, &self.registration).await;
        match opened {
            Ok(listener) => {
                *self.listener.lock() = listener;
                None
            }
            Err(failure) => Some(failure.to_string()),
        }
    }

    /// A service ends here, for it lives elsewhere from now on.
    async fn leave(&self, resident: &Resident, next: &UnitLayout, drain: Duration) {
        let service = resident.id;
        tracing::info!(%service, "moves to another unit");
        self.hosting.lead_away(service, next, &self.links);
        let offers = self.listener.lock().as_ref().map(|listening| listening.offers());
        if let Some(offers) = &offers {
            offers.withdraw(service);
            offers.seen().await;
            offers.set(service, false);
        }
        resident.hosted.keeping.rest(drain).await;
        resident.database.leave().await;
    }

    /// A service begins here; says why not, if so.
    async fn arrive(&self, name: &str, config: &Config, layout: &UnitLayout) -> Option<String> {
        let known = self.hosted.lock().iter().find(|own| own.id.name() == name).cloned();
        let (resident, started) = match known {
            Some(resident) => {
                if let Some(service) = config.service(name) {
                    resident.settings.set(service.settings.clone());
                }
                resident.database.come_back();
                let started = resident.hosted.keeping.renew();
                // Now that calls are let in; whoever came before would be told that it isn't here.
                resident.database.begin();
                if let Some((id, open)) = self.hosting.opened(name) {
                    open.lead_here();
                    let (activity, pool) = (resident.hosted.activity.clone(), self.links.pool(id));
                    let home = resident.arbiter.as_ref().unwrap_or(&self.homes[0]);
                    home.runtime().spawn(follow(Arc::clone(open), id, activity, pool, LETS_GO));
                }
                (resident, started)
            }
            None => {
                let hosted = self.hosting.host(name, config, layout, &self.links, Some(LETS_GO));
                let (resident, watcher) = match hosted {
                    Ok(Some((resident, watcher))) => (Arc::new(resident), watcher),
                    Ok(None) => return None,
                    Err(failure) => return Some(format!("`{name}` can't start: {failure}")),
                };
                self.hosting.watch(&resident, watcher);
                self.hosted.lock().push(Arc::clone(&resident));
                let started = resident.hosted.keeping.started();
                if let Some(listening) = &*self.listener.lock() {
                    if !listening.let_in(&resident) {
                        return Some(format!(
                            "`{name}` can't be offered to other units before this one is started again"
                        ));
                    }
                    let several = layout.is_one_of_several();
                    let activity = resident.hosted.activity.clone();
                    let offering = offer(listening.offers(), resident.id, activity, several);
                    self.homes[0].runtime().spawn(offering);
                }
                (resident, started)
            }
        };
        let mut activity = resident.hosted.activity.clone();
        let awaited = async { activity.wait_for(|now| now.is_awaited()).await.map(|now| *now) };
        tokio::select! {
            biased;
            started = tokio::time::timeout(PATIENCE, started) => match started {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(format!("`{name}` can't start: {reason}")),
                Err(_) => Some(format!("`{name}` hasn't started yet")),
            },
            // Another instance of this unit has begun it, or its old place still has its database; or
            // that can't be reached.
            awaited = awaited => match awaited {
                Ok(Activity::Waiting) => resident.store(),
                _ => None,
            },
        }
    }
}

fn hosts(layout: &UnitLayout, resident: &Resident) -> bool {
    layout.services.iter().any(|name| name == resident.id.name())
}
