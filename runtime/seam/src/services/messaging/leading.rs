//! Who of several instances works for a service's part in the bus, where they share its store.

use std::sync::Arc;
use std::time::Duration;

use seam_bus::lease::{claim, release};
use seam_bus::{EventLog, millis};
use seam_store::Store;
use tokio::time::{Instant, sleep, timeout};

use super::{Messaging, Running, trimming};

/// For so long who leads may be silent; then another instance does. Its deliveries that go on are found
/// to be handled twice, and refused, where they write.
const LEASE: Duration = Duration::from_secs(6);
/// So often it says that it does, and others ask whether they may.
const RENEW: Duration = Duration::from_secs(2);

impl Messaging {
    /// Leads whenever nobody else does, from now on.
    pub(super) fn lead(self: &Arc<Self>, store: Store, running: &mut Running) {
        let own = Arc::downgrade(self);
        let mut stop = running.stop.subscribe();
        running.tasks.push(self.plan.home.spawn(async move {
            let holder = fastrand::u64(..);
            let mut renewed = Instant::now();
            loop {
                let Some(messaging) = own.upgrade() else { return };
                match timeout(RENEW, claim(&store, holder, millis(LEASE))).await {
                    Ok(Ok(true)) => {
                        renewed = Instant::now();
                        messaging.take_over(&store).await;
                    }
                    Ok(Ok(false)) => messaging.let_go().await,
                    // Nobody else leads before the lease is over.
                    _ if renewed.elapsed() + RENEW < LEASE => {}
                    _ => messaging.let_go().await,
                }
                // What can't be had now is looked for again.
                let _ = timeout(RENEW, messaging.look_for_rebuilds(&store)).await;
                let stopped = tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => true,
                    () = sleep(RENEW) => false,
                };
                if stopped {
                    messaging.let_go().await;
                    // Another instance finds it over after a while, if this doesn't get there.
                    let _ = timeout(RENEW, release(&store, holder)).await;
                    return;
                }
            }
        }));
    }

    /// Begins what one instance does for all, unless this one does already, or its store is being
    /// emptied.
    pub(super) async fn take_over(&self, store: &Store) {
        let Ok(mut leads) = self.led.try_lock() else { return };
        if leads.is_some() {
            return;
        }
        let service = self.plan.service.name();
        let mut led = Running::new();
        let begun = async {
            self.finish_rebuild(store).await?;
            self.begin_work(store, &mut led).await?;
            if self.plan.publishes {
                self.forward(store, &mut led)?;
            }
            self.plan.sender.lead(true).await
        };
        if let Err(error) = begun.await {
            tracing::warn!(service, %error, "it can't lead for now");
            return self.end_led(led).await;
        }
        if let Some(log @ EventLog::Rows(_)) = self.plan.desk.feed.log() {
            let trimming = trimming(log, self.plan.options.clone());
            self.spawn(&mut led, trimming);
        }
        tracing::debug!(service, "this instance hands its events over");
        *leads = Some(led);
    }

    async fn let_go(&self) {
        if let Some(led) = self.led.lock().await.take() {
            self.end_led(led).await;
        }
    }

    pub(super) async fn end_led(&self, mut led: Running) {
        self.streams.lock().clear();
        led.end_tasks().await;
        // It only stops.
        let _ = self.plan.sender.lead(false).await;
    }
}
