//! What was pushed in this unit of late, and who is told of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, OnceLock, Weak};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use seam_gateway::{KEPT, Pushed, Said};
use tokio::runtime::{Handle, Id};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// About so many bytes are told at once.
const BATCH: usize = 256 << 10;

/// Which runtime is of which unit: a turn runs within one of its unit's, whichever thread that is on.
static HUBS: LazyLock<RwLock<HashMap<Id, Weak<Inner>>>> = LazyLock::new(RwLock::default);

/// What was pushed in a unit. Clones are the same.
#[derive(Clone)]
pub(in crate::unit) struct Hub(Arc<Inner>);

struct Inner {
    /// The process, told from every other and from itself in another life, once somebody asks.
    process: OnceLock<u32>,
    began: Instant,
    kept: Mutex<VecDeque<Pushed>>,
    /// The latest number, for those who wait for it; and whether the unit is about to end.
    head: watch::Sender<Head>,
}

#[derive(Clone, Copy, Default)]
struct Head {
    number: u64,
    leaves: bool,
}

/// How far somebody has heard a process.
pub(super) type Heard = (u32, u64);

impl Hub {
    /// Nothing was pushed yet.
    pub(in crate::unit) fn new() -> Self {
        Self(Arc::new(Inner {
            process: OnceLock::new(),
            began: Instant::now(),
            kept: Mutex::default(),
            head: watch::Sender::default(),
        }))
    }

    fn process(&self) -> u32 {
        *self.0.process.get_or_init(|| fastrand::u32(..))
    }

    /// What is pushed within a runtime is pushed here.
    pub(in crate::unit) fn take_from(&self, runtime: &Handle) {
        HUBS.write().insert(runtime.id(), Arc::downgrade(&self.0));
    }

    /// The hub of the unit in which this runs.
    pub(super) fn here() -> Option<Self> {
        let runtime = Handle::try_current().ok()?.id();
        HUBS.read().get(&runtime)?.upgrade().map(Self)
    }

    pub(super) fn push(&self, subject: &str, event: &str, json: Vec<u8>) {
        let mut kept = self.0.kept.lock();
        let number = self.0.head.borrow().number + 1;
        if kept.len() == KEPT {
            kept.pop_front();
        }
        let (subject, event, data) = (subject.into(), event.into(), json.into());
        kept.push_back(Pushed { number, subject, event, data });
        self.0.head.send_modify(|head| head.number = number);
    }

    /// What is there behind what was heard, as soon as there is something, or after `wait`; and whether
    /// the unit is about to end, when nobody waits any longer.
    pub(super) async fn tell(&self, heard: Option<Heard>, wait: Duration) -> (Said, bool) {
        let mut head = self.0.head.subscribe();
        let heard = heard.filter(|(process, _)| *process == self.process());
        if let Some((_, heard)) = heard {
            // It ends with the hub.
            let news = head.wait_for(|head| head.number > heard || head.leaves);
            let _ = timeout(wait, news).await;
        }
        let kept = self.0.kept.lock();
        let Head { number, leaves } = *head.borrow();
        let mut left = BATCH;
        let new = kept.iter().filter(|pushed| heard.is_none_or(|(_, heard)| pushed.number > heard));
        let fits = |pushed: &&Pushed| {
            let fits = left > 0;
            left = left.saturating_sub(pushed.data.len() + pushed.subject.len());
            fits
        };
        let events = new.take_while(fits).cloned().collect();
        let (process, age) = (self.process(), self.0.began.elapsed());
        (Said { process, age, head: number, old: 0, events }, leaves)
    }

    /// The unit is about to end: nobody waits here any longer.
    pub(in crate::unit) fn leave(&self) {
        self.0.head.send_modify(|head| head.leaves = true);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        HUBS.write().retain(|_, hub| hub.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn numbers(said: &Said) -> Vec<u64> {
        said.events.iter().map(|pushed| pushed.number).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_is_told_what_is_new_once_there_is_something() {
        let (hub, wait) = (Hub::new(), Duration::from_secs(4));
        let (first, _) = hub.tell(None, wait).now_or_never().unwrap();
        assert_eq!((first.head, numbers(&first)), (0, vec![]));
        let heard = |number| Some((first.process, number));
        let began = Instant::now();
        let (none, leaves) = hub.tell(heard(0), wait).await;
        assert_eq!((numbers(&none), began.elapsed(), leaves), (vec![], wait, false));
        let (told, ()) =
            tokio::join!(hub.tell(heard(0), wait), async { hub.push("1", "a", b"{}".to_vec()) });
        assert_eq!((told.0.head, numbers(&told.0), began.elapsed()), (1, vec![1], wait));
        hub.push("2", "b", b"{}".to_vec());
        assert_eq!(numbers(&hub.tell(heard(1), wait).await.0), [2]);
        // Who has heard another process, or another life of it, has heard nothing.
        for heard in [None, Some((first.process ^ 1, 7))] {
            assert_eq!(numbers(&hub.tell(heard, wait).await.0), [1, 2]);
        }
        let ((_, leaves), ()) = tokio::join!(hub.tell(heard(2), wait), async { hub.leave() });
        assert!(leaves && began.elapsed() == wait, "nobody waits for the end");
    }

    #[tokio::test]
    async fn a_thousand_are_kept_and_told_bit_by_bit() {
        let hub = Hub::new();
        (0..1_200).for_each(|_| hub.push("1", "a", vec![b'x'; 1_023]));
        let mut heard = None;
        let mut all = Vec::new();
        loop {
            let (said, _) = hub.tell(heard, Duration::ZERO).await;
            let Some(last) = said.events.last() else { break };
            assert!(said.events.len() <= 256, "{}", said.events.len());
            heard = Some((said.process, last.number));
            all.extend(numbers(&said));
        }
        assert_eq!(all, (201..=1_200).collect::<Vec<_>>());
    }

    #[test]
    fn each_unit_of_a_process_has_its_own() {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (one, other, foreign) = (runtime(), runtime(), runtime());
        let hubs = [&one, &other].map(|runtime| {
            let hub = Hub::new();
            hub.take_from(runtime.handle());
            hub
        });
        for (runtime, hub) in [&one, &other].into_iter().zip(&hubs) {
            let _within = runtime.enter();
            assert!(Hub::here().is_some_and(|here| Arc::ptr_eq(&here.0, &hub.0)));
        }
        assert!(Hub::here().is_none());
        let _within = foreign.enter();
        assert!(Hub::here().is_none());
        drop(hubs);
        let _within = one.enter();
        assert!(Hub::here().is_none(), "it ends with its unit");
    }
}
