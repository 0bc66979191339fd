//! The broker of a unit's bus, by the config: what carries its events, and has queues by which its
//! services are called.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam_bus::broker::Broker;
use seam_bus::command::Callee;
use seam_core::call::{AnyClient, Transcode};
use seam_core::remote::Remote;
use seam_core::time::Clock;
use seam_gateway::Modules;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::StartFailure;
use super::hosting::Hosting;
use crate::config::{BusEngine, Config};
#[cfg(feature = "rabbitmq")]
use crate::services::Activity;
use crate::services::Hosted;

/// What a unit has of the broker; nothing, if the units themselves carry events.
#[derive(Clone, Default)]
pub(super) struct Brokers {
    events: Option<Arc<dyn Broker>>,
    #[cfg(feature = "rabbitmq")]
    queues: Option<(seam_rabbitmq::Rabbit, seam_rabbitmq::Asking)>,
}

/// Who takes requests from a service's queue, while the service is at work here.
pub(super) struct ServedQueue {
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Brokers {
    /// The broker is dialled when it is first needed.
    pub(super) fn open(config: &Config, home: &Handle) -> Result<Self, StartFailure> {
        let _ = home;
        match config.bus.engine {
            BusEngine::Embedded => Ok(Self::default()),
            #[cfg(feature = "rabbitmq")]
            BusEngine::RabbitMq => {
                use seam_rabbitmq::{Asking, Events, Rabbit};
                let (url, app) = (config.bus.url.reveal(), &config.app.name);
                let rabbit = Rabbit::new(url, app, home.clone()).map_err(io::Error::other)?;
                let events: Arc<dyn Broker> = Arc::new(Events::new(rabbit.clone()));
                let asking = Asking::new(rabbit.clone());
                Ok(Self { events: Some(events), queues: Some((rabbit, asking)) })
            }
            #[cfg(feature = "nats")]
            BusEngine::Nats => {
                let (url, app, keep) = (&config.bus.url, &config.app.name, config.bus.log.keep);
                let events = seam_nats::Events::new(url.reveal(), app, keep, home.clone());
                Ok(Self { events: Some(Arc::new(events)), ..Self::default() })
            }
            #[allow(unreachable_patterns, reason = "all of them are there with all features")]
            // The config is refused before it comes to this.
            _ => Err(io::Error::other("this app was built without that broker").into()),
        }
    }

    /// What carries events.
    pub(super) fn events(&self) -> Option<Arc<dyn Broker>> {
        self.events.clone()
    }

    /// The way to a service by its queue.
    #[cfg(feature = "rabbitmq")]
    pub(super) fn way_to(&self, client: &dyn AnyClient, clock: &Clock) -> Option<Arc<dyn Remote>> {
        let (_, asking) = self.queues.clone()?;
        let (contract, transcode) = (client.descriptor(), client.transcode());
        let way = seam_rabbitmq::ByQueue::new(asking, contract, transcode, clock.clone());
        Some(Arc::new(way))
    }

    /// The way to a service by its queue.
    #[cfg(not(feature = "rabbitmq"))]
    pub(super) fn way_to(&self, _: &dyn AnyClient, _: &Clock) -> Option<Arc<dyn Remote>> {
        None
    }

    /// Has requests taken from a service's queue wherever that is at work, if there are queues.
    #[cfg(feature = "rabbitmq")]
    pub(super) fn serve(
        &self,
        hosted: &Hosted,
        transcode: Transcode,
        hosting: &Hosting,
        config: &Config,
        home: &Handle,
    ) -> Option<ServedQueue> {
        let (rabbit, _) = self.queues.clone()?;
        let (inlet, clock) = (Arc::clone(&hosted.inlet), hosting.clock.clone());
        let deadline = config.edge.deadline;
        let served = seam_rabbitmq::Served { inlet, transcode, clock, deadline };
        let mut activity = hosted.activity.clone();
        let (stop, mut stopped) = watch::channel(false);
        let task = home.spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    _ = stopped.wait_for(|stop| *stop) => return,
                    at_work = activity.wait_for(|now| *now == Activity::Active) => {
                        if at_work.is_err() {
                            return;
                        }
                    }
                }
                let (end, ended) = watch::channel(false);
                let serving = seam_rabbitmq::serve(rabbit.clone(), served.clone(), ended);
                let over = async {
                    tokio::select! {
                        _ = stopped.wait_for(|stop| *stop) => {}
                        _ = activity.wait_for(|now| *now != Activity::Active) => {}
                    }
                    end.send_replace(true);
                };
                tokio::join!(serving, over);
            }
        });
        Some(ServedQueue { stop, task: Mutex::new(Some(task)) })
    }

    /// Has requests taken from a service's queue wherever that is at work, if there are queues.
    #[cfg(not(feature = "rabbitmq"))]
    pub(super) fn serve(
        &self,
        _: &Hosted,
        _: Transcode,
        _: &Hosting,
        _: &Config,
        _: &Handle,
    ) -> Option<ServedQueue> {
        None
    }

    /// The way to modules that no contract of the app has.
    pub(super) fn modules(&self) -> Option<Arc<dyn Modules>> {
        #[cfg(feature = "rabbitmq")]
        if let Some((_, asking)) = &self.queues {
            return Some(Arc::new(super::modules::ByQueues(asking.clone())));
        }
        None
    }

    /// A method of such a module, as commands call it; `None` if there is no way to it.
    pub(super) fn module(
        &self,
        module: &str,
        version: &str,
        method: &str,
    ) -> Option<Box<dyn Callee>> {
        #[cfg(feature = "rabbitmq")]
        if let Some((_, asking)) = &self.queues {
            let (queue, method) = (seam_rabbitmq::queue(module, version), method.to_owned());
            return Some(Box::new(super::modules::Module {
                asking: asking.clone(),
                queue,
                method,
            }));
        }
        let _ = (module, version, method);
        None
    }

    /// Leaves it in good order.
    pub(super) async fn close(&self) {
        if let Some(events) = &self.events {
            events.close().await;
        }
    }
}

impl ServedQueue {
    /// Takes no more requests; done once those that are in are answered, or `grace` is over.
    pub(super) async fn stop(&self, grace: Duration) {
        self.stop.send_replace(true);
        let task = self.task.lock().take();
        if let Some(task) = task
            && timeout(grace, task).await.is_err()
        {
            tracing::warn!(?grace, "requests from a queue were still running at the end of it");
        }
    }
}
