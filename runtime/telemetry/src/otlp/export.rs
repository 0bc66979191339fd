//! Exporting, which may change while it goes on.

use std::{io, sync::Arc, time::Duration};

use parking_lot::RwLock;

use super::{
    drops::Drops,
    exporter::{Exporter, Settings},
};
use crate::{Gauge, Snapshot, Span};

/// How long what waits for a collector that is left may take to be sent.
const LEAVE: Duration = Duration::from_secs(2);

/// An exporter, or none, as the config says: it may say so anew while spans and lines come in.
pub struct Export {
    current: RwLock<Option<(Settings, Exporter)>>,
    drops: Drops,
    read: Arc<dyn Fn() -> Snapshot + Send + Sync>,
}

impl Export {
    /// Exports nothing yet; metrics will be what `read` reads, on a thread of the exporter's.
    pub fn new(read: impl Fn() -> Snapshot + Send + Sync + 'static) -> Self {
        Self { current: RwLock::default(), drops: Drops::default(), read: Arc::new(read) }
    }

    /// Exports so from now on. What waits for a collector that is left is sent there, for two seconds at
    /// most; nobody waits for that.
    ///
    /// # Errors
    /// The system has no thread left; then nothing is exported.
    pub fn set(&self, settings: Option<Settings>) -> io::Result<()> {
        let mut current = self.current.write();
        if current.as_ref().map(|(own, _)| own) == settings.as_ref() {
            return Ok(());
        }
        if let Some((_, left)) = current.take() {
            left.leave(LEAVE);
        }
        if let Some(settings) = settings {
            let read = Arc::clone(&self.read);
            let started = Exporter::start(settings.clone(), self.drops.clone(), move || read())?;
            *current = Some((settings, started));
        }
        Ok(())
    }

    /// Whether there is a collector: if not, spans and lines needn't be made for it.
    pub fn is_on(&self) -> bool {
        self.current.read().is_some()
    }

    /// Sends spans, soon, if there is a collector.
    pub fn spans(&self, spans: Vec<Span>) {
        if let Some((_, exporter)) = &*self.current.read() {
            exporter.spans(spans);
        }
    }

    /// Sends lines of the log, soon, if there is a collector: each the JSON object of an entry.
    pub fn lines(&self, lines: Vec<String>) {
        if let Some((_, exporter)) = &*self.current.read() {
            exporter.lines(lines);
        }
    }

    /// What didn't get to collectors, as [`Snapshot::dropped`] has it.
    pub fn dropped(&self) -> Vec<Gauge> {
        self.drops.gauges()
    }

    /// Sends what waits and the metrics as they are now, and waits for that for so long at most; then
    /// nothing is exported any more.
    pub fn end(&self, patience: Duration) {
        let last = self.current.write().take();
        if let Some((_, exporter)) = last {
            exporter.end(patience);
        }
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings = self.current.read().as_ref().map(|(settings, _)| settings.clone());
        f.debug_struct("Export").field("settings", &settings).finish_non_exhaustive()
    }
}
