//! The unit's part in the registry: it registers itself, and is told of instances that the config
//! doesn't list.

use std::io;
use std::sync::Arc;

use seam_core::home::Home;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use seam_registry::engine::{Embedded, Keeper, embedded};
use seam_registry::{Changes, Engine, Entry, Membership, here};
use seam_wire::{Address, Identity, Link};

use super::StartFailure;
use super::links::Links;
use super::peers::absolute;
use super::status::RegistryStatus;
use crate::config::{Config, RegistryEngine, UnitLayout};

/// The unit's part in the registry.
pub(super) struct Registration {
    /// With the engine `static` there is nothing to take part in.
    membership: Option<Membership>,
    /// The registry itself, if this unit keeps it.
    keeper: Option<Keeper>,
    /// The way to the unit that keeps it.
    _link: Option<Link>,
}

impl Registration {
    /// Begins to follow the registry: who comes and goes is told to `links`, and `also` there.
    pub(super) fn start(
        config: &Config,
        layout: &UnitLayout,
        links: &Arc<Links>,
        also: impl Fn(&Changes) + Send + Sync + 'static,
        home: &Home,
    ) -> Result<Self, StartFailure> {
        let (mut keeper, mut link) = (None, None);
        let engine: Arc<dyn Engine> = match config.registry.engine {
            RegistryEngine::Static => {
                return Ok(Self { membership: None, keeper, _link: link });
            }
            RegistryEngine::Embedded => match keeper_address(config, layout)? {
                None => {
                    let kept = Keeper::new(config.registry.settings, Clock::fast());
                    let kept = kept.ok_or_else(no_names)?;
                    keeper = Some(kept.clone());
                    Arc::new(Embedded::here(kept))
                }
                Some((unit, address)) => {
                    let service = Embedded::service().ok_or_else(no_names)?;
                    let to_keeper = links.dialling().link(&unit, 0, address);
                    let remote = Arc::new(to_keeper.service(service, embedded::contract()));
                    link = Some(to_keeper);
                    Arc::new(Embedded::there(service, remote, Clock::fast()))
                }
            },
            #[cfg(feature = "nats")]
            RegistryEngine::Nats => Arc::new(seam_registry::engine::Nats::new(
                config.registry.url.reveal(),
                &config.app.name,
                config.registry.settings,
            )),
            #[cfg(feature = "zookeeper")]
            RegistryEngine::ZooKeeper => Arc::new(seam_registry::engine::ZooKeeper::new(
                config.registry.url.reveal(),
                &config.app.name,
                config.registry.settings,
            )),
            #[allow(unreachable_patterns, reason = "all of them are there with all features")]
            // The config is refused before it comes to this.
            _ => return Err(io::Error::other("this app was built without that registry").into()),
        };
        let (links, settings) = (Arc::clone(links), config.registry.settings);
        let follow = move |changes| {
            also(&changes);
            links.follow(changes);
        };
        let membership = Membership::start(engine, settings, Clock::fast(), home.runtime(), follow);
        Ok(Self { membership: Some(membership), keeper, _link: link })
    }

    /// The way in for those who ask this unit for the registry, if it keeps it.
    pub(super) fn inlet(&self) -> Option<Arc<dyn Inlet>> {
        self.keeper.clone().map(|keeper| Arc::new(keeper) as _)
    }

    /// Registers this process, which listens at `listen`.
    pub(super) fn register(
        &self,
        config: &Config,
        layout: &UnitLayout,
        identity: &Identity,
        listen: &Address,
    ) {
        let Some(membership) = &self.membership else { return };
        let address = absolute(&reached(config, layout, listen));
        let on_this_machine = matches!(address, Address::Unix(_));
        let address = address.to_string();
        if let Err(error) = address.parse::<Address>() {
            let unit = &layout.unit;
            tracing::warn!(
                address, %error, "not registered: give `listen` of [units.{unit}] a shorter path"
            );
            return;
        }
        membership.register(Entry {
            app: identity.app.clone(),
            unit: identity.unit.clone(),
            instance: identity.instance,
            address,
            host: on_this_machine.then(here),
            launch: identity.launch,
            release: identity.release.clone(),
        });
    }

    /// Takes this process out: nobody is to look for it any more.
    pub(super) async fn leave(&self) {
        if let Some(membership) = &self.membership {
            membership.leave().await;
        }
    }

    /// Answers nobody any more who asks for the registry, and those at once who wait for news.
    pub(super) fn close(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.close();
        }
    }

    pub(super) fn status(&self) -> RegistryStatus {
        match &self.membership {
            Some(membership) => {
                RegistryStatus { engine: membership.engine().into(), fresh: membership.is_fresh() }
            }
            None => RegistryStatus::default(),
        }
    }
}

/// Where others reach this process.
fn reached(config: &Config, layout: &UnitLayout, listen: &Address) -> Address {
    let unit = config.units.iter().find(|unit| unit.name == layout.unit);
    let address = unit.and_then(|unit| unit.address.as_ref()?.of_instance(layout.instance));
    address.unwrap_or_else(|| listen.clone())
}

/// The unit that keeps the embedded registry, and where it is; `None` if it is this process.
fn keeper_address(
    config: &Config,
    layout: &UnitLayout,
) -> Result<Option<(String, Address)>, StartFailure> {
    let keeper = config.keeper(config.topology(Some(&layout.topology))?);
    let Some(keeper) = keeper.filter(|unit| unit.name != layout.unit || layout.instance > 0) else {
        return Ok(None);
    };
    // The check of the config has seen to it that it listens.
    let address = keeper.address.as_ref().or(keeper.listen.as_ref());
    Ok(address.map(|address| (keeper.name.clone(), address.clone())))
}

fn no_names() -> StartFailure {
    io::Error::other("the app has too many names for one more, of the registry").into()
}
