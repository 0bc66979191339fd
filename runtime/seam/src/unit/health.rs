//! How the services of a unit are by their own word: asked all the time, so that callers and probes
//! know it without having to wait for it.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use seam_core::actor::Health;
use seam_core::name::ServiceId;
use seam_core::turn::Keeping;
use seam_wire::Offers;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::config::HealthConfig;

/// How often it is looked whether a service runs that hasn't said yet how it is.
const SOON: Duration = Duration::from_millis(20);

/// How a service is.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// What it said last; nothing before it has said anything.
    said: watch::Receiver<Option<Health>>,
    timeout: Duration,
}

/// Who asks a service how it is.
pub(super) struct Watcher {
    service: ServiceId,
    config: HealthConfig,
    said: watch::Sender<Option<Health>>,
    /// For how long it was asked in vain since it said something.
    unheard: Duration,
}

impl Watcher {
    pub(super) fn new(service: ServiceId, config: HealthConfig) -> (Self, Watched) {
        let (said, heard) = watch::channel(None);
        let watched = Watched { said: heard, timeout: config.timeout };
        (Self { service, config, said, unheard: Duration::ZERO }, watched)
    }

    /// Asks for as long as the service is there, and has other units told by `offers`, once there are some.
    pub(super) async fn watch(mut self, keeping: Weak<dyn Keeping>, offers: Arc<OnceLock<Offers>>) {
        loop {
            let Some(keeping) = keeping.upgrade() else { return };
            // Whoever doesn't run has nothing to say; that it doesn't is known.
            let runs = keeping.state().phase == "running";
            if runs {
                self.ask(&keeping).await;
                let well = matches!(*self.said.borrow(), Some(Health::Good));
                if let Some(offers) = offers.get() {
                    offers.set_well(self.service, well);
                }
            }
            drop(keeping);
            let waits = if self.said.borrow().is_some() { self.config.interval } else { SOON };
            sleep(waits).await;
        }
    }

    async fn ask(&mut self, keeping: &Arc<dyn Keeping>) {
        let began = Instant::now();
        let said = keeping.health(self.config.timeout).await;
        self.heard(said, began.elapsed());
    }

    /// It said that, after so long; or nothing, for it was at work or calls went first. That is as good
    /// an answer, unless it hangs whenever it is asked.
    fn heard(&mut self, said: Option<Health>, after: Duration) {
        let said = match said {
            Some(said) => {
                self.unheard = Duration::ZERO;
                said
            }
            None => {
                self.unheard += after;
                if self.unheard >= self.config.timeout {
                    let reason = format!("it doesn't say how it is within {:?}", self.unheard);
                    Health::Bad { reason }
                } else if self.said.borrow().is_none() {
                    Health::Good
                } else {
                    return;
                }
            }
        };
        let service = self.service;
        match (&*self.said.borrow(), &said) {
            (Some(before), now) if before == now => {}
            (_, Health::Bad { reason }) => tracing::warn!(%service, reason, "it isn't well"),
            (Some(Health::Bad { .. }), _) => tracing::info!(%service, "it is well again"),
            _ => {}
        }
        self.said.send_replace(Some(said));
    }
}

impl Watched {
    /// What it said last, if it has said anything.
    pub(super) fn last(&self) -> Option<Health> {
        self.said.borrow().clone()
    }

    /// What it said last; of one that has just begun to run, what it says first.
    pub(super) async fn said(&self) -> Health {
        let mut said = self.said.clone();
        let first = timeout(self.timeout, said.wait_for(Option::is_some)).await;
        let first = first.ok().and_then(|said| said.ok()?.clone());
        first.unwrap_or_else(|| Health::Bad { reason: "it hasn't said yet how it is".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watcher() -> (Watcher, Watched) {
        let (interval, timeout) = (Duration::from_secs(1), Duration::from_secs(2));
        let service = ServiceId::of("payment").unwrap();
        Watcher::new(service, HealthConfig { interval, timeout })
    }

    #[test]
    fn who_is_at_work_is_well_unless_it_never_answers() {
        let bad = || Health::Bad { reason: "no money".into() };
        let (mut watcher, watched) = watcher();
        assert_eq!(watched.last(), None);
        watcher.heard(None, Duration::ZERO);
        assert_eq!(watched.last(), Some(Health::Good));
        watcher.heard(Some(bad()), Duration::from_millis(1));
        watcher.heard(None, Duration::from_millis(900));
        assert_eq!(watched.last(), Some(bad()), "nothing new");
        watcher.heard(Some(Health::Good), Duration::from_millis(1));
        for _ in 0..2 {
            watcher.heard(None, Duration::from_millis(900));
            assert_eq!(watched.last(), Some(Health::Good));
        }
        watcher.heard(None, Duration::from_millis(900));
        let Some(Health::Bad { reason }) = watched.last() else { panic!("it hangs") };
        assert_eq!(reason, "it doesn't say how it is within 2.7s");
        watcher.heard(Some(Health::Good), Duration::ZERO);
        assert_eq!(watched.last(), Some(Health::Good));
    }
}
