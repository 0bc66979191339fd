//! What sends to a collector.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{
    attributes::Origin,
    drops::{Drops, What},
    endpoint::Endpoint,
    headers::Headers,
    logs, metrics,
    post::Post,
    queue::{Limits, Queue},
    sender::Sender,
    traces,
};
use crate::{Snapshot, Span};

/// Spans, in bytes of memory: some 7,500 wait at most.
const SPANS: Limits = Limits { all: 4 << 20, batch: 1 << 20, linger: LINGER };
/// Lines, in bytes.
const LINES: Limits = Limits { all: 2 << 20, batch: 1 << 20, linger: LINGER };
/// How long the first of a batch waits for others.
const LINGER: Duration = Duration::from_millis(500);
/// How much less time a thread gets than those of calls do: about a tenth of it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Metrics are read when they are sent: nothing waits.
const METRICS: Limits = Limits { all: 0, batch: 0, linger: Duration::ZERO };

/// Where to, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The collector.
    pub endpoint: Endpoint,
    /// What every request carries.
    pub headers: Headers,
    /// The app: `service.namespace`.
    pub app: String,
    /// The unit, with several instances `NAME.N`: `service.instance.id` of its lines.
    pub unit: String,
}

/// Sends to a collector what it is given, and metrics every ten seconds, on threads of its own. Nobody
/// waits for it: what there is no room for is dropped and counted.
///
/// Dropped, it sends nothing more; [`end`](Self::end) lets it send what waits.
#[derive(Debug)]
pub struct Exporter {
    spans: Arc<Queue<Span>>,
    lines: Arc<Queue<String>>,
    metrics: Arc<Queue<()>>,
    drops: Drops,
    /// Closed once the last thread has ended.
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Exporter {
    /// Begins to send; metrics are what `read` reads, on a thread of the exporter's.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(
        settings: Settings,
        drops: Drops,
        read: impl Fn() -> Snapshot + Send + 'static,
    ) -> io::Result<Self> {
        let (running, ended) = mpsc::channel();
        let exporter = Self {
            spans: Arc::new(Queue::new(SPANS, Span::size)),
            lines: Arc::new(Queue::new(LINES, |line| size_of::<String>() + line.len())),
            metrics: Arc::new(Queue::new(METRICS, |()| 1)),
            drops: drops.clone(),
            ended: Mutex::new(ended),
        };
        let Settings { endpoint, headers, app, unit } = settings;
        let origin = Origin { app, unit };
        let start = Start { endpoint, headers, drops, running };
        let own = origin.clone();
        start.thread(What::Spans, &exporter.spans, move |sender| {
            sender.run(|spans| traces::write(&own, spans));
        })?;
        let own = origin.clone();
        start.thread(What::LogLines, &exporter.lines, move |sender| {
            sender.run(|lines| (logs::write(&own, lines), 0));
        })?;
        start.thread(What::Metrics, &exporter.metrics, move |sender| {
            sender.run_every(read, |snapshot| metrics::write(&origin, snapshot));
        })?;
        Ok(exporter)
    }

    /// Sends spans, soon.
    pub fn spans(&self, spans: Vec<Span>) {
        self.drops.add(What::Spans, self.spans.add(spans));
    }

    /// Sends lines of the log, soon: each the JSON object of an entry.
    pub fn lines(&self, lines: Vec<String>) {
        self.drops.add(What::LogLines, self.lines.add(lines));
    }

    /// Sends what waits and the metrics as they are now, and waits for that for so long at most.
    pub fn end(self, patience: Duration) {
        self.stop(patience);
        // Nothing is ever sent: it is closed, or the time is over.
        let _ = self.ended.lock().recv_timeout(patience);
    }

    /// Takes nothing more, and sends what waits within that time, without anybody waiting for it.
    pub(super) fn leave(self, patience: Duration) {
        self.stop(patience);
    }

    fn stop(&self, patience: Duration) {
        let by = Instant::now() + patience;
        self.spans.end(by);
        self.lines.end(by);
        self.metrics.end(by);
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

/// What all threads begin with.
struct Start {
    endpoint: Endpoint,
    headers: Headers,
    drops: Drops,
    running: mpsc::Sender<()>,
}

impl Start {
    fn thread<T: Send + 'static>(
        &self,
        what: What,
        queue: &Arc<Queue<T>>,
        run: impl FnOnce(Sender<T>) + Send + 'static,
    ) -> io::Result<()> {
        let (endpoint, headers) = (self.endpoint.clone(), self.headers.clone());
        let (queue, drops, running) = (queue.clone(), self.drops.clone(), self.running.clone());
        let name = format!("otlp-{}", what.name());
        thread::Builder::new().name(name).spawn(move || {
            give_way();
            // What is read of the machine takes its time.
            let post = Post::new(&endpoint, what.path(), headers);
            run(Sender { what, queue, post, drops, failing: false });
            drop(running);
        })?;
        Ok(())
    }
}

/// Has this thread run when others leave time for it: where all are busy, it rather drops than slows
/// calls.
fn give_way() {
    // Elsewhere a process is nice as a whole, or not at all.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}
