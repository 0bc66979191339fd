//! An edge among others, in processes of their own: how they come to one answer.
//!
//! All edges know the same order, and the first of them that can be asked decides: how much is left of
//! a limit, and who claimed a value first. It tells the others what it decided, so that any of them can
//! go on if it dies; what is claimed it tells before it says so. Who can ask nobody counts for itself.
//!
//! They ask each other as a service of the runtime's own, [`service`], which is in each process with an
//! edge, and no service of the app.

mod claiming;
mod companion;
mod counting;
mod ending;
mod others;
mod request;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use seam_core::name::ServiceId;
use seam_core::time::{Clock, Moment};

pub use self::companion::{Companion, contract, service};
use self::counting::News;
use self::ending::Told;
use self::others::{Asking, Doubts};
pub use self::others::{Other, Others, Reached};
use super::{Alone, Apart, Ask, Claim, Kept, Take, Together};

/// How often an edge looks which others can be reached.
const LOOK: Duration = Duration::from_millis(500);
/// How long an edge that begins waits for the others at most.
const JOIN: Duration = Duration::from_secs(1);

/// What an edge keeps beyond the end of its process.
#[derive(Debug, Clone)]
pub struct InFiles {
    endings: Arc<Kept>,
    claims: Arc<Kept>,
}

impl InFiles {
    /// The files of a process whose name that is, in a folder; they are made once there is something to
    /// keep. Blocks.
    ///
    /// # Errors
    /// If they can't be read or written.
    pub fn open(folder: &Path, process: &str) -> io::Result<Self> {
        let open = |what, durable| {
            let kept = Kept::open(&folder.join(format!("{process}.{what}")), durable);
            kept.map(Arc::new)
        };
        // A session that was ended mustn't be good again. A value is used up within minutes.
        Ok(Self { endings: open("ended", true)?, claims: open("claimed", false)? })
    }
}

/// What an edge and the others know in common.
pub struct Among {
    here: Alone,
    service: ServiceId,
    others: Arc<dyn Others>,
    doubts: Doubts,
    news: News,
    told: Told,
    kept: Option<InFiles>,
    clock: Clock,
    began: Moment,
    /// It has asked the others what they know: before that it decides nothing for them.
    joined: AtomicBool,
}

impl Among {
    /// Knows what was kept, and nothing of the others yet.
    ///
    /// # Errors
    /// If the process has met too many names.
    pub fn new(
        others: Arc<dyn Others>,
        kept: Option<InFiles>,
        clock: Clock,
    ) -> Result<Self, Apart> {
        let full = || Apart { why: "the app has too many names for one more, of its edges".into() };
        let among = Self {
            here: Alone::new(clock.clone()),
            service: service().ok_or_else(full)?,
            others,
            doubts: Doubts::default(),
            news: News::default(),
            told: Told::default(),
            kept,
            began: clock.now(),
            clock,
            joined: AtomicBool::new(false),
        };
        for (session, lasting) in among.kept.iter().flat_map(|kept| kept.endings.read()) {
            // There were no more of them than there may be.
            let _ = among.here.end_here(&session, lasting);
        }
        for (value, lasting) in among.kept.iter().flat_map(|kept| kept.claims.read()) {
            if let Ok(stands_for) = u128::from_str_radix(&value, 16) {
                among.here.was_claimed(stands_for, lasting);
            }
        }
        Ok(among)
    }

    /// Asks the others what they know, if they can be reached by and by; from then on this edge decides
    /// if it is the first of them.
    pub async fn join(&self) {
        let until = self.clock.now().after(JOIN);
        while self.others.any() && self.clock.now() < until {
            let reached = self.others.reached();
            if !reached.others.is_empty() {
                join_all(reached.others.iter().map(|other| self.fetch_endings(other))).await;
                break;
            }
            let soon = self.clock.now().after(Duration::from_millis(20));
            self.clock.wait_until(soon).await;
        }
        self.joined.store(true, Ordering::Release);
    }

    /// Tells the others what they should know, for as long as the edge is there.
    pub async fn run(&self) {
        let looking = async {
            loop {
                self.tell_endings().await;
                self.clock.wait_until(self.clock.now().after(LOOK)).await;
            }
        };
        tokio::join!(looking, self.tell_news());
    }

    fn asking<'a>(&'a self, other: &'a Other) -> Asking<'a> {
        Asking { service: self.service, other, clock: &self.clock, doubts: &self.doubts }
    }

    /// Those to ask who decides, one after the other, before it is this edge's to do so.
    fn deciders(&self) -> Vec<Other> {
        let Reached { mut others, before } = self.reached();
        if self.joined.load(Ordering::Acquire) {
            others.truncate(before);
        }
        others
    }

    /// Those that can be asked, and that answered when they were asked last.
    fn reached(&self) -> Reached {
        self.doubts.without(self.others.reached(), self.clock.now())
    }
}

impl Together for Among {
    fn take<'a>(&'a self, asks: &'a [Ask<'a>]) -> Take<'a> {
        self.take_among(asks)
    }

    fn claim<'a>(
        &'a self,
        value: &'a str,
        lasting: Duration,
    ) -> BoxFuture<'a, Result<Claim, Apart>> {
        Box::pin(self.claim_among(value, lasting))
    }

    fn end<'a>(&'a self, session: &'a str, lasting: Duration) -> BoxFuture<'a, Result<(), Apart>> {
        Box::pin(self.end_among(session, lasting))
    }

    fn is_ended(&self, session: &str) -> bool {
        self.here.is_ended(session)
    }
}

impl fmt::Debug for Among {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Among").field("service", &self.service).finish_non_exhaustive()
    }
}
