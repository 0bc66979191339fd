//! The other edges, and how they are asked.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::name::ServiceId;
use seam_core::remote::{Remote, ask_named};
use seam_core::time::{Clock, Moment};

use super::request::{Answer, Request};

/// After which no answer is waited for.
const DEADLINE: Duration = Duration::from_millis(500);
/// For how long nobody is asked who didn't answer.
const DOUBT: Duration = Duration::from_secs(1);

/// Says which other edges there are.
pub trait Others: Send + Sync + 'static {
    /// Whether there may be any.
    fn any(&self) -> bool;

    /// Those that can be asked now.
    fn reached(&self) -> Reached;
}

/// Other edges that can be asked.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    /// They, in the order that is the same at all edges.
    pub others: Vec<Other>,
    /// How many of them stand before this edge.
    pub before: usize,
}

/// Another edge.
#[derive(Clone)]
pub struct Other {
    /// What its process is called.
    pub name: Arc<str>,
    /// The way to its companion.
    pub remote: Arc<dyn Remote>,
}

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Other({})", self.name)
    }
}

/// Those that didn't answer of late: to ask them again would make every request wait.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    any: AtomicBool,
    until: Mutex<HashMap<Arc<str>, Moment>>,
}

impl Doubts {
    fn begin(&self, name: &Arc<str>, now: Moment) {
        self.until.lock().insert(Arc::clone(name), now.after(DOUBT));
        self.any.store(true, Ordering::Release);
    }

    /// The others of these.
    pub(super) fn without(&self, reached: Reached, now: Moment) -> Reached {
        if !self.any.load(Ordering::Acquire) {
            return reached;
        }
        let mut until = self.until.lock();
        until.retain(|_, until| *until > now);
        self.any.store(!until.is_empty(), Ordering::Release);
        let Reached { others, before } = reached;
        let is_trusted = |other: &Other| !until.contains_key(&other.name);
        let before = others[..before].iter().filter(|other| is_trusted(other)).count();
        Reached { others: others.into_iter().filter(is_trusted).collect(), before }
    }
}

/// One of them, asked.
pub(super) struct Asking<'a> {
    pub(super) service: ServiceId,
    pub(super) other: &'a Other,
    pub(super) clock: &'a Clock,
    pub(super) doubts: &'a Doubts,
}

impl Asking<'_> {
    /// What it answers; `None` if it doesn't, in time.
    pub(super) async fn ask(&self, request: &Request) -> Option<Answer> {
        let Other { name, remote } = self.other;
        let until = self.clock.now().after(DEADLINE);
        let asked = async {
            let asked = ask_named(self.service, remote, (self.clock, DEADLINE), request).await;
            let answer = asked.inspect_err(|reason| {
                tracing::debug!(edge = &**name, reason, "another edge doesn't answer");
            });
            answer.ok()
        };
        // By this clock too, whatever the way there makes of a deadline.
        let answer = tokio::select! {
            biased;
            answer = asked => answer,
            () = self.clock.wait_until(until) => None,
        };
        if answer.is_none() {
            self.doubts.begin(name, self.clock.now());
        }
        answer
    }
}
