//! Calls at a pace that doesn't depend on their answers.

use std::future::Future;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// What became of calls at a pace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paced {
    /// Of those that were answered: when they were sent, from the beginning, and how long they took.
    pub(crate) answered: Vec<(Duration, Duration)>,
    /// Of those that failed: when they were sent, and why.
    pub(crate) failed: Vec<(Duration, String)>,
}

impl Paced {
    /// How many were answered in a second.
    pub(crate) fn rate(&self, during: Duration) -> f64 {
        self.answered.len() as f64 / during.as_secs_f64()
    }

    /// The time under which 99 % of those answered stayed, in milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        let mut took: Vec<_> = self.answered.iter().map(|(_, took)| *took).collect();
        took.sort_unstable();
        let at = (took.len() * 99).div_ceil(100).saturating_sub(1);
        took.get(at).map_or(f64::INFINITY, |took| took.as_secs_f64() * 1e3)
    }
}

/// Makes `rate` calls a second for so long, in bunches of what falls into each millisecond, and waits
/// for their ends.
pub(crate) async fn pace<F>(rate: u32, during: Duration, call: impl Fn() -> F) -> Paced
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let kept = Arc::new(Mutex::new(Paced::default()));
    let began = Instant::now();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut made, mut calls) = (0, tokio::task::JoinSet::new());
    while began.elapsed() < during {
        ticks.tick().await;
        let due = (began.elapsed().as_secs_f64() * f64::from(rate)) as u64;
        for _ in made..due {
            let (call, paced, sent) = (call(), Arc::clone(&kept), Instant::now());
            calls.spawn(async move {
                let outcome = call.await;
                let mut paced = paced.lock();
                match outcome {
                    Ok(()) => paced.answered.push((sent - began, sent.elapsed())),
                    Err(why) => paced.failed.push((sent - began, why)),
                }
            });
        }
        made = due.max(made);
        while calls.try_join_next().is_some() {}
    }
    calls.join_all().await;
    mem::take(&mut *kept.lock())
}
