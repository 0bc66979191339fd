//! What an edge hears: all that is pushed in the app, from when its first client listens.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use seam_core::name::ServiceId;
use seam_core::remote::Remote;
use seam_core::time::Clock;
use seam_gateway::{Board, Pushes, Said};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::ask::ask;
use super::hub::{Heard, Hub};
use crate::unit::links::Links;

/// So long a unit is asked to wait until it has something to say.
const WAIT: Duration = Duration::from_secs(4);
/// So often it is looked for units that have come, and one that is away is asked again.
const PERIOD: Duration = Duration::from_millis(100);
/// So long the first client waits until all units have said how far they are.
const PATIENCE: Duration = Duration::from_secs(1);

/// The ears of one edge.
pub(in crate::unit) struct Hearing {
    board: Arc<Board>,
    hub: Hub,
    service: ServiceId,
    links: Weak<Links>,
    clock: Clock,
    home: Handle,
    /// Whether it has begun; `true` in there once it has heard all units once.
    begun: std::sync::OnceLock<watch::Receiver<bool>>,
}

impl Hearing {
    /// Hears this unit's hub, and those that `links` lead to; its tasks run on `home`.
    pub(in crate::unit) fn new(
        hub: Hub,
        service: ServiceId,
        links: &Arc<Links>,
        clock: Clock,
        home: Handle,
    ) -> Self {
        let (links, begun) = (Arc::downgrade(links), std::sync::OnceLock::new());
        Self { board: Arc::default(), hub, service, links, clock, home, begun }
    }

    fn begin(&self) -> watch::Receiver<bool> {
        let (told, ready) = watch::channel(false);
        let crowd = Crowd {
            board: Arc::clone(&self.board),
            service: self.service,
            links: self.links.clone(),
            clock: self.clock.clone(),
            met: Vec::new(),
        };
        self.home.spawn(crowd.hear(self.hub.clone(), told));
        ready
    }
}

impl Pushes for Hearing {
    fn board(&self) -> &Arc<Board> {
        &self.board
    }

    fn hear(&self) -> BoxFuture<'static, ()> {
        let mut ready = self.begun.get_or_init(|| self.begin()).clone();
        Box::pin(async move {
            // It ends with the unit.
            let _ = ready.wait_for(|ready| *ready).await;
        })
    }
}

/// All units that push, as far as they were met.
struct Crowd {
    board: Arc<Board>,
    service: ServiceId,
    links: Weak<Links>,
    clock: Clock,
    /// Whoever is asked already.
    met: Vec<Arc<dyn Remote>>,
}

impl Crowd {
    async fn hear(mut self, hub: Hub, ready: watch::Sender<bool>) {
        let mut ears = vec![self.ear(Voice::Own(hub))];
        ears.extend(self.newcomers().unwrap_or_default());
        let first = join_all(ears.iter_mut().map(|ear| ear.listen(Duration::ZERO)));
        // Who doesn't answer is heard later.
        let _ = timeout(PATIENCE, first).await;
        ready.send_replace(true);
        for ear in ears {
            tokio::spawn(ear.follow());
        }
        while let Some(newcomers) = self.newcomers() {
            for ear in newcomers {
                tokio::spawn(ear.follow());
            }
            sleep(PERIOD).await;
        }
    }

    fn ear(&self, voice: Voice) -> Ear {
        let Self { board, links, .. } = self;
        Ear { board: Arc::clone(board), links: links.clone(), voice, heard: None, old: 0 }
    }

    /// Units that can be asked now and weren't before; `None` once this one has ended.
    fn newcomers(&mut self) -> Option<Vec<Ear>> {
        let links = self.links.upgrade()?;
        let all = links.pool(self.service).map(|pool| pool.each()).unwrap_or_default();
        let is_new = |remote: &Arc<dyn Remote>| {
            !self.met.iter().any(|known| Arc::as_ptr(known).addr() == Arc::as_ptr(remote).addr())
        };
        let new: Vec<_> = all.into_iter().flatten().filter(is_new).collect();
        self.met.extend(new.iter().cloned());
        let ears = new.into_iter().map(|remote| {
            self.ear(Voice::Other { remote, service: self.service, clock: self.clock.clone() })
        });
        Some(ears.collect())
    }
}

/// Who is heard.
enum Voice {
    /// This unit.
    Own(Hub),
    /// An instance of another one.
    Other { remote: Arc<dyn Remote>, service: ServiceId, clock: Clock },
}

/// One of those who listen: to one process, or to whichever has its place.
struct Ear {
    board: Arc<Board>,
    /// Gone once the unit has ended.
    links: Weak<Links>,
    voice: Voice,
    heard: Option<Heard>,
    /// What it had pushed when it was heard first.
    old: u64,
}

impl Ear {
    async fn follow(mut self) {
        while self.links.strong_count() > 0 {
            match self.listen(WAIT).await {
                Ok(false) => {}
                // Who is about to end says so at once.
                Ok(true) => sleep(PERIOD).await,
                Err(reason) => {
                    tracing::trace!(reason, "a unit isn't heard");
                    sleep(PERIOD).await;
                }
            }
        }
    }

    /// Asks once, and puts up what is said. Whether its process is about to end.
    async fn listen(&mut self, wait: Duration) -> Result<bool, String> {
        let (said, leaves) = match &self.voice {
            Voice::Own(hub) => hub.tell(self.heard, wait).await,
            Voice::Other { remote, service, clock } => {
                ask(*service, remote, clock, (self.heard, wait)).await?
            }
        };
        if self.heard.is_none_or(|(process, _)| process != said.process) {
            self.old = said.head;
        }
        let last = said.events.last().map_or(said.head, |pushed| pushed.number);
        self.heard = Some((said.process, last));
        self.board.put_up(Said { old: self.old, ..said });
        Ok(leaves)
    }
}
