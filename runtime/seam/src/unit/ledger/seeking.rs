//! How it is found out what became of calls: the units where they may have run are asked, soon and often at
//! first.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use seam_core::context::SpanId;
use seam_core::time::Clock;
use seam_telemetry::ledger::Found;
use tokio::time::{Instant, sleep};

use super::ask;
use super::keeping::Kept;
use crate::unit::links::Links;

/// How often it is looked whether something is to be asked.
const PERIOD: Duration = Duration::from_millis(250);
/// The longest time from one time that a call is asked about to the next.
const LONGEST: Duration = Duration::from_secs(30);
/// For how long a call is asked about: nobody keeps what became of it for longer.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The same once it is known that one attempt of it has failed.
const AFTER_FAILED: Duration = Duration::from_secs(60);
/// So many calls are asked about; for further ones there is no room.
const MOST: usize = 10_000;

/// The calls that are asked about.
#[derive(Default)]
pub(super) struct Seeks(HashMap<SpanId, Seek>);

struct Seek {
    since: Instant,
    next: Instant,
    until: Instant,
}

impl Seeks {
    /// Asks about a call from now on.
    pub(super) fn add(&mut self, span: SpanId) {
        if self.0.len() < MOST {
            let now = Instant::now();
            self.0.insert(span, Seek { since: now, next: now, until: now + PATIENCE });
        }
    }

    /// What became of some is known. Another attempt of one that has failed may come further.
    pub(super) fn found(&mut self, found: &[(SpanId, Found)]) {
        for (span, found) in found {
            match found {
                Found::Failed => {
                    if let Some(seek) = self.0.get_mut(span) {
                        seek.until = seek.until.min(seek.since + AFTER_FAILED);
                    }
                }
                Found::ServiceError | Found::Answered => _ = self.0.remove(span),
            }
        }
    }

    /// Whom to ask about now, and not again too soon: after a quarter of the time that has passed.
    fn due(&mut self, now: Instant) -> Vec<SpanId> {
        self.0.retain(|_, seek| now < seek.until);
        let due = self.0.iter_mut().filter(|(_, seek)| seek.next <= now).take(ask::MOST);
        let due = due.map(|(span, seek)| {
            let pause = (now.duration_since(seek.since) / 4).clamp(PERIOD, LONGEST);
            seek.next = now + pause;
            *span
        });
        due.collect()
    }
}

/// Who asks.
pub(super) struct Seeker {
    kept: Weak<Kept>,
    links: Weak<Links>,
    clock: Clock,
}

impl Seeker {
    pub(super) fn new(kept: &Arc<Kept>, links: &Arc<Links>, clock: Clock) -> Self {
        Self { kept: Arc::downgrade(kept), links: Arc::downgrade(links), clock }
    }

    /// Asks until the unit ends.
    pub(super) async fn seek(self) {
        loop {
            sleep(PERIOD).await;
            let (Some(kept), Some(links)) = (self.kept.upgrade(), self.links.upgrade()) else {
                return;
            };
            let due = kept.seeks.lock().due(Instant::now());
            if due.is_empty() {
                continue;
            }
            kept.found(&ask::found(&kept.recorder, &due));
            let Some(service) = ask::service() else { return };
            let units = links.pool(service).map(|pool| pool.each()).unwrap_or_default();
            let asked = units.iter().flatten().map(|remote| async {
                match ask::ask(service, remote, &self.clock, &due).await {
                    Ok(found) => kept.found(&found),
                    Err(reason) => tracing::trace!(reason, "a unit isn't asked about calls"),
                }
            });
            join_all(asked).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_asked_about_often_at_first_and_not_for_ever() {
        let mut seeks = Seeks::default();
        let (one, other) = (SpanId(1), SpanId(2));
        seeks.add(one);
        seeks.add(other);
        let began = Instant::now();
        assert_eq!(seeks.due(began).len(), 2);
        assert!(seeks.due(began).is_empty());
        seeks.found(&[(one, Found::Answered), (other, Found::Failed)]);
        let mut asked = 0;
        for tick in 1..10_000 {
            asked += seeks.due(began + PERIOD * tick).len();
        }
        // Until a minute has passed.
        assert!((20..60).contains(&asked), "{asked}");
        assert!(seeks.0.is_empty());
        (0..MOST as u64 + 5).for_each(|span| seeks.add(SpanId(span)));
        assert_eq!(seeks.0.len(), MOST);
        assert_eq!(seeks.due(Instant::now()).len(), ask::MOST);
        assert!(seeks.due(Instant::now() + PATIENCE).is_empty());
    }
}
