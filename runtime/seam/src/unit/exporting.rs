//! What a unit tells a collector: its spans, what it has counted, and the lines of its process.

use std::io;
use std::sync::{Arc, OnceLock, Weak, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use seam_telemetry::otlp::{Export, Settings};
use seam_telemetry::{Gauge, Snapshot};

use super::parts::Parts;
use crate::config::{Config, UnitLayout};

/// How long a unit may take to say what it has counted.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long what waits may take to be sent once the unit has ended.
const LAST: Duration = Duration::from_secs(2);

/// How many lines of the log were dropped.
pub(crate) type DroppedLines = Box<dyn Fn() -> u64 + Send + Sync>;

/// What a unit tells a collector.
pub(super) struct Exporting {
    export: Arc<Export>,
    unit: Arc<OnceLock<Weak<Parts>>>,
    /// Of the process round the unit, if it counts them.
    lines: OnceLock<DroppedLines>,
}

impl Exporting {
    /// Tells nothing yet.
    pub(super) fn new() -> Self {
        let unit = Arc::new(OnceLock::<Weak<Parts>>::new());
        let (of, last) = (Arc::clone(&unit), Mutex::new(Snapshot::default()));
        let read = move || {
            let mut last = last.lock();
            if let Some(counted) = of.get().and_then(Weak::upgrade).and_then(read) {
                *last = counted;
            }
            last.clone()
        };
        Self { export: Arc::new(Export::new(read)), unit, lines: OnceLock::new() }
    }

    /// Whose counts are told.
    pub(super) fn of(&self, unit: &Arc<Parts>) {
        // It is one unit's.
        let _ = self.unit.set(Arc::downgrade(unit));
    }

    /// Tells the collector of that config from now on.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn set(&self, config: &Config, layout: &UnitLayout) -> io::Result<()> {
        self.export.set(config.otlp.endpoint.clone().map(|endpoint| Settings {
            endpoint,
            headers: config.otlp.headers.clone(),
            app: config.app.name.clone(),
            unit: layout.process(),
        }))
    }

    pub(super) const fn export(&self) -> &Arc<Export> {
        &self.export
    }

    /// Who knows how many lines were dropped.
    pub(super) fn count_lines(&self, dropped: DroppedLines) {
        let _ = self.lines.set(dropped);
    }

    /// What was dropped of lines, and on the way to the collector.
    pub(super) fn dropped(&self) -> impl Iterator<Item = Gauge> {
        let lines = self.lines.get().map_or(0, |lines| lines());
        let lines = Gauge { what: "log_lines".into(), value: lines };
        [lines].into_iter().chain(self.export.dropped())
    }

    /// Tells the last, and then nothing any more.
    pub(super) async fn end(&self) {
        if self.export.is_on() {
            let export = Arc::clone(&self.export);
            // It waits for the collector.
            let ending = tokio::task::spawn_blocking(move || export.end(LAST));
            if let Err(error) = ending.await {
                tracing::error!(%error, "what was to be exported last wasn't");
            }
        }
    }
}

/// What a unit has counted, from a thread that may wait; `None` if it doesn't say so any more.
fn read(unit: Arc<Parts>) -> Option<Snapshot> {
    let (tell, told) = mpsc::sync_channel(1);
    let home = unit.homes[0].runtime().clone();
    home.spawn(async move {
        // Nobody may wait for it any more.
        let _ = tell.try_send(unit.counted().await);
    });
    told.recv_timeout(PATIENCE).ok()
}
