//! The window of time in which calls count.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use hdrhistogram::Histogram;

use super::sample::{Sample, Timing};
use super::usage::usage;

const WARMING: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;

/// Shared by the callers of one process and the thread that opens and closes the window.
#[derive(Debug)]
pub(crate) struct Window {
    phase: AtomicU8,
    /// Calls that callers have handed in at their end.
    calls: AtomicU64,
    /// Nanoseconds per call, of those that were timed.
    latency: Mutex<Histogram<u64>>,
    failure: Mutex<Option<String>>,
}

/// How long the window stood open, and what this process used meanwhile.
#[derive(Clone, Copy, Debug)]
struct Span {
    seconds: f64,
    cpu_us: f64,
}

impl Window {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            phase: AtomicU8::new(WARMING),
            calls: AtomicU64::new(0),
            // Three digits up to a minute.
            latency: Mutex::new(
                Histogram::new_with_bounds(1, 60_000_000_000, 3)
                    .unwrap_or_else(|_| unreachable!("the bounds are sound")),
            ),
            failure: Mutex::new(None),
        })
    }

    /// Opens the window after the warm-up and closes it again, on the calling thread.
    fn run(&self, timing: Timing, mut turned: impl FnMut(bool)) -> Span {
        sleep_until(Instant::now() + timing.warm_up());
        turned(true);
        let (from, before) = (Instant::now(), usage());
        self.move_on(WARMING, OPEN);
        sleep_until(from + timing.measured());
        self.move_on(OPEN, CLOSED);
        let (to, after) = (Instant::now(), usage());
        turned(false);
        Span {
            seconds: to.duration_since(from).as_secs_f64(),
            cpu_us: after.cpu_us - before.cpu_us,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == OPEN
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == CLOSED
    }

    /// Ends the measurement: one wrong or failed answer spoils it.
    pub(crate) fn fail(&self, why: impl ToString) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert_with(|| why.to_string());
        self.phase.store(CLOSED, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, calls: u64) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    pub(crate) fn record(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let mut latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        latency.saturating_record(nanos);
    }

    /// The figures, once every caller has ended.
    fn sample(&self, span: Span) -> anyhow::Result<Sample> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = failure.take() {
            return Err(anyhow!("a call went wrong: {why}"));
        }
        let calls = self.calls.load(Ordering::Relaxed);
        if calls == 0 {
            bail!("no call ended within the window: give it more --seconds");
        }
        let latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |q| (!latency.is_empty()).then(|| latency.value_at_quantile(q) as f64 / 1e3);
        Ok(Sample {
            calls,
            seconds: span.seconds,
            cpu_us: span.cpu_us,
            front_cpu_us: None,
            p50_us: at(0.5),
            p99_us: at(0.99),
            rss_kib: usage().rss_kib,
            bytes_each: None,
        })
    }

    fn move_on(&self, from: u8, to: u8) {
        // A failure has closed the window for good.
        let _ = self.phase.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Lets `callers` call while a thread of its own keeps the window; `turned` is told when it opens and
/// closes.
pub(crate) async fn while_open(
    timing: Timing,
    turned: impl FnMut(bool) + Send + 'static,
    callers: impl AsyncFnOnce(&Arc<Window>) -> anyhow::Result<()>,
) -> anyhow::Result<Sample> {
    let window = Window::new();
    let clock = {
        let window = Arc::clone(&window);
        thread::spawn(move || window.run(timing, turned))
    };
    callers(&window).await?;
    let span = clock.join().map_err(|_| anyhow!("the thread that keeps the window panicked"))?;
    window.sample(span)
}

/// Waits on a thread that has nothing else to do.
pub(crate) fn sleep_until(end: Instant) {
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
        thread::park_timeout(left);
    }
}
