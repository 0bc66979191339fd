//! A service's part in the bus: what it publishes, and what it subscribes to.
//!
//! ```text
//! streams      the events that it is handed
//! leading      who of several instances does that
//! replay       those that it is handed once more
//! operations   what is told and asked of it from outside
//! ```

mod leading;
mod operations;
mod rebuild;
mod replay;
mod streams;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use seam_bus::broker::{Broker, Forward, Outage};
use seam_bus::intake::Settings;
use seam_bus::schedule::Scheduled;
use seam_bus::subscription::{Source, Stream};
use seam_bus::{AtWork, Commands, Desk, EventLog, Outbox, mover};
use seam_core::actor::StartError;
use seam_core::call::AnyClient;
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_log::{Log, LogError, LogOptions};
use seam_store::Store;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

pub(crate) use self::operations::{
    BusAnswer, BusAsk, BusRefusal, DeadLetter, ScheduleStatus, Subscription, Ticket,
};
pub(crate) use self::rebuild::Rebuilt;
pub(crate) use self::replay::From;
use self::streams::RunningStream;
use super::activity::Activity;
use super::commands::{Attached, CommandSender};
use super::tables::Database;

/// After so long what failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// And twice as long each further time, up to so long.
const AGAIN_MAX: Duration = Duration::from_secs(10);
/// So often a log gives back what isn't kept any more.
const TRIM: Duration = Duration::from_secs(60);

/// What it takes to bring a service's part in the bus to life.
pub(crate) struct MessagingPlan {
    pub(crate) service: ServiceId,
    /// Whether its contract publishes anything.
    pub(crate) publishes: bool,
    /// What it subscribes to, by publisher, and that one's log.
    pub(crate) streams: Vec<(Stream, Arc<dyn Source>)>,
    /// What carries events; without one they are read from the logs.
    pub(crate) broker: Option<Arc<dyn Broker>>,
    /// Where others ask it for its log and its commands.
    pub(crate) desk: Desk,
    /// What runs by itself.
    pub(crate) schedules: Vec<Scheduled>,
    /// Sends its commands.
    pub(crate) sender: Arc<CommandSender>,
    /// Where its log is, unless its instances share a store.
    pub(crate) folder: PathBuf,
    pub(crate) options: Live<LogOptions>,
    pub(crate) settings: Live<Settings>,
    pub(crate) database: Arc<Database>,
    /// By whom its methods are called.
    pub(crate) client: Arc<dyn AnyClient>,
    /// Where its tasks run.
    pub(crate) home: Handle,
}

/// A service's part in the bus, while the service is hosted.
pub(crate) struct Messaging {
    plan: MessagingPlan,
    running: tokio::sync::Mutex<Option<Running>>,
    /// What it does for all instances that share its store, while it leads them.
    led: tokio::sync::Mutex<Option<Running>>,
    streams: Mutex<Vec<RunningStream>>,
    /// How often the store that instances share was emptied, as far as this one has looked.
    rebuilt: watch::Sender<Option<u64>>,
}

/// While the service is at work here.
struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    log: Option<Log>,
}

impl Running {
    fn new() -> Self {
        Self { stop: watch::Sender::new(false), tasks: Vec::new(), log: None }
    }

    /// Has its tasks end, and waits for that.
    async fn end_tasks(&mut self) {
        self.stop.send_replace(true);
        join_all(self.tasks.drain(..)).await;
    }
}

impl Messaging {
    /// Follows the service from now on: it is at work on the bus where it is at work.
    pub(crate) fn start(plan: MessagingPlan) -> Arc<Self> {
        let (running, led) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        let (streams, rebuilt) = (Mutex::default(), watch::Sender::new(None));
        let messaging = Arc::new(Self { plan, running, led, streams, rebuilt });
        let own = Arc::downgrade(&messaging);
        messaging.plan.database.before_close(move || {
            let own = own.upgrade();
            Box::pin(async move {
                if let Some(own) = own {
                    own.stop().await;
                }
            })
        });
        let home = messaging.plan.home.clone();
        home.spawn(Arc::clone(&messaging).follow());
        messaging
    }

    /// Whether the service's store must be open while it is at work, whether or not it has tables.
    pub(crate) fn has_part(&self) -> bool {
        let MessagingPlan { publishes, streams, schedules, .. } = &self.plan;
        *publishes || !streams.is_empty() || !schedules.is_empty()
    }

    /// The part of it that goes with the open store.
    pub(crate) fn attached(&self) -> Result<Arc<Attached>, StartError> {
        self.plan.database.attached()
    }

    /// Goes by other settings from now on.
    pub(crate) fn tune(&self, log: LogOptions, on: Settings) {
        self.plan.options.set(log);
        self.plan.settings.set(on);
        if let Some(EventLog::Own(open)) = self.plan.desk.feed.log() {
            open.set(log);
        }
    }

    /// The service's commands, which are sent from now on.
    pub(crate) async fn commands(&self) -> Result<Commands, StartError> {
        let commands = self.plan.sender.begin().await?;
        self.plan.desk.set(Some(AtWork { commands: Some(commands.clone()) }));
        Ok(commands)
    }

    async fn follow(self: Arc<Self>) {
        let mut activity = self.plan.database.activity();
        loop {
            // The sender is the database's.
            if activity.wait_for(|activity| *activity == Activity::Active).await.is_err() {
                return;
            }
            let mut pause = AGAIN;
            while *activity.borrow() == Activity::Active {
                match self.begin().await {
                    Ok(()) => break,
                    Err(error) => {
                        let service = self.plan.service.name();
                        tracing::error!(service, %error, "its events wait: it is tried again");
                        sleep(pause).await;
                        pause = (pause * 2).min(AGAIN_MAX);
                    }
                }
            }
            if activity.wait_for(|activity| *activity != Activity::Active).await.is_err() {
                return;
            }
        }
    }

    async fn begin(self: &Arc<Self>) -> Result<(), StartError> {
        let mut running = self.running.lock().await;
        if self.plan.database.is_closed() || running.is_some() {
            return Ok(());
        }
        // Without tables and events there is nothing that could have been kept.
        let is_open = self.plan.database.condition().is_some();
        if !(is_open || self.has_part()) {
            self.plan.desk.set(Some(AtWork { commands: None }));
            return Ok(());
        }
        let mut begun = Running::new();
        match self.begin_all(&mut begun).await {
            Ok(()) => {
                *running = Some(begun);
                Ok(())
            }
            Err(error) => {
                self.end(begun).await;
                Err(error)
            }
        }
    }

    async fn begin_all(self: &Arc<Self>, running: &mut Running) -> Result<(), StartError> {
        let store = self.plan.database.open()?;
        let attached = self.attached()?;
        if store.is_shared() {
            // What is published stays where it is, and all instances may be asked for it.
            self.plan.desk.feed.set(Some(EventLog::Rows(attached.outbox.clone())));
            self.lead(store, running);
        } else {
            self.finish_rebuild(&store).await?;
            if self.plan.publishes {
                let opened = self.open_log().await;
                let opened = opened.map_err(|error| StartError::failed(error.to_string()))?;
                running.log = Some(opened.clone());
                let log = EventLog::Own(opened.clone());
                self.plan.desk.feed.set(Some(log.clone()));
                let moving = moving(self.plan.service, attached.outbox.clone(), opened);
                self.spawn(running, moving);
                self.spawn(running, trimming(log, self.plan.options.clone()));
                self.forward(&store, running)?;
            }
            self.begin_work(&store, running).await?;
        }
        self.commands().await?;
        Ok(())
    }

    /// Has its events handed to the broker, if there is one.
    fn forward(&self, store: &Store, running: &mut Running) -> Result<(), StartError> {
        if let Some(broker) = &self.plan.broker {
            let forward = Forward::new(self.plan.desk.feed.clone(), store, broker.name())?;
            let forwarding = forwarding(self.plan.service, forward, Arc::clone(broker));
            self.spawn(running, forwarding);
        }
        Ok(())
    }

    /// What one instance does for all: events are handed over, and what runs by itself runs.
    async fn begin_work(&self, store: &Store, running: &mut Running) -> Result<(), StartError> {
        self.begin_streams(store, running).await?;
        for scheduled in &self.plan.schedules {
            let to = Arc::clone(&self.plan.client);
            self.spawn(running, scheduled.clone().run(store.clone(), to));
        }
        Ok(())
    }

    /// Opens the log; who has the database is the only one who may.
    async fn open_log(&self) -> Result<Log, LogError> {
        let options = **self.plan.options.load();
        Log::open_async(self.plan.folder.clone(), options).await
    }

    fn spawn(&self, running: &mut Running, task: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = running.stop.subscribe();
        running.tasks.push(self.plan.home.spawn(async move {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = task => {}
            }
        }));
    }

    /// Ends what is at work; done once the log is closed.
    pub(crate) async fn stop(&self) {
        let mut running = self.running.lock().await;
        self.plan.desk.set(None);
        self.plan.sender.stop().await;
        if let Some(running) = running.take() {
            self.end(running).await;
        }
    }

    async fn end(&self, mut running: Running) {
        self.streams.lock().clear();
        // Who reads it is told to end before it is gone.
        running.stop.send_replace(true);
        self.plan.desk.feed.set(None);
        running.end_tasks().await;
        if let Some(log) = running.log
            && let Err(error) = log.close().await
        {
            tracing::error!(service = self.plan.service.name(), %error, "its log isn't closed cleanly");
        }
    }
}

/// Moves events to the log, and tries again where that fails.
async fn moving(service: ServiceId, outbox: Outbox, log: Log) {
    loop {
        let Err(error) = mover(&outbox, &log).await;
        tracing::warn!(service = service.name(), %error, "events stay in the outbox for now");
        sleep(AGAIN).await;
    }
}

/// Hands events to the broker, and tries again where that fails.
async fn forwarding(service: ServiceId, forward: Forward, broker: Arc<dyn Broker>) {
    let mut outage = Outage::default();
    loop {
        let began = Instant::now();
        let mut out = broker.outflow(service.name());
        let Err(error) = forward.run(&mut *out).await;
        if outage.is_news(began.elapsed()) {
            let (service, broker) = (service.name(), broker.name());
            tracing::warn!(service, broker, %error, "events stay in the log for now");
        }
        sleep(AGAIN).await;
    }
}

/// Has a log that rests give back what isn't kept any more.
async fn trimming(log: EventLog, options: Live<LogOptions>) {
    loop {
        sleep(TRIM).await;
        let options = **options.load();
        if let Err(error) = log.trim(options).await {
            tracing::warn!(%error, "the log can't give back what isn't kept any more");
        }
    }
}
