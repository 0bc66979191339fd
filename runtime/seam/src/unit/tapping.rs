//! Calls of a unit as they end, for those who look on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use seam_core::context::SpanId;
use seam_core::record::{Bodies, Record, Recorder, Watch};
use seam_telemetry::tap::{Leases, Query, Tapped, TooMany, Wanted};
use seam_telemetry::{SecretNames, Span};
use serde_json::Value as Json;

use super::parts::Parts;

/// Those who look on at a unit's calls.
pub(super) struct Tapping {
    recorder: Arc<Recorder>,
    leases: Mutex<Leases>,
    secrets: Arc<SecretNames>,
    /// Whose calls they are.
    unit: OnceLock<Weak<Parts>>,
    /// How many calls some who look on couldn't be told of.
    dropped: AtomicU64,
    /// What was dropped of calls before, as they were told so.
    told: AtomicU64,
}

impl Tapping {
    /// Nobody looks on yet.
    pub(super) fn new(recorder: &Arc<Recorder>, secrets: &Arc<SecretNames>) -> Self {
        Self {
            recorder: Arc::clone(recorder),
            leases: Mutex::default(),
            secrets: Arc::clone(secrets),
            unit: OnceLock::new(),
            dropped: AtomicU64::new(0),
            told: AtomicU64::new(0),
        }
    }

    /// Whose calls are looked at.
    pub(super) fn of(&self, unit: &Arc<Parts>) {
        // It is one unit's.
        let _ = self.unit.set(Arc::downgrade(unit));
    }

    /// Whoever is called `id` looks on for another while: the calls since it was here last, and how many
    /// were dropped.
    ///
    /// # Errors
    /// There are too many others.
    pub(super) fn ask(
        &self,
        id: &str,
        queries: Vec<Query>,
    ) -> Result<(Vec<Arc<Tapped>>, u64), TooMany> {
        let mut leases = self.leases.lock();
        if leases.is_empty() {
            // What was dropped before is nobody's loss.
            self.told.store(self.recorder.tap().dropped(), Ordering::Relaxed);
        }
        let found = leases.ask(id, queries, Instant::now());
        self.watch(&leases);
        found
    }

    /// Tells of what was recorded, and has those go who didn't come.
    pub(super) fn tell(&self, records: &[Record], span: impl Fn(&Record) -> Span) {
        let mut leases = self.leases.lock();
        let tap = self.recorder.tap();
        // Laid down before their records were written, so that those of all of these are here.
        let mut carried: HashMap<SpanId, Bodies> = tap.take().into_iter().collect();
        let lost = tap.dropped();
        leases.dropped(lost - self.told.swap(lost, Ordering::Relaxed).min(lost));
        for record in records {
            let span = span(record);
            if !leases.wants(&span) {
                continue;
            }
            let bodies = carried.remove(&record.spot.span).unwrap_or_default();
            let size = |body: &Option<Box<[u8]>>| body.as_ref().map_or(0, |body| body.len());
            let bytes = size(&bodies.arguments) + size(&bodies.answer);
            let [arguments, answer] =
                [bodies.arguments, bodies.answer].map(|body| self.shown(body));
            let call = Arc::new(Tapped { span, arguments, answer, bytes });
            self.dropped.fetch_add(leases.tell(&call), Ordering::Relaxed);
        }
        if leases.sweep(Instant::now()) {
            self.watch(&leases);
        }
    }

    /// How many calls some who look on couldn't be told of.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed) + self.recorder.tap().dropped()
    }

    fn shown(&self, body: Option<Box<[u8]>>) -> Json {
        let body = body.and_then(|body| serde_json::from_slice(&body).ok());
        self.secrets.hide(body.unwrap_or_default())
    }

    /// Has calls be looked at as closely as anybody wants.
    fn watch(&self, leases: &Leases) {
        let Some(unit) = self.unit.get().and_then(Weak::upgrade) else { return };
        self.recorder.tap().watch_requests(leases.wanted("edge") > Wanted::No);
        for (id, open) in &unit.hosting.opened {
            open.watch(watch(leases.wanted(id.bare())));
        }
        unit.plug.each_meters(|id, meters| meters.watch(watch(leases.wanted(id.bare()))));
    }
}

const fn watch(wanted: Wanted) -> Watch {
    match wanted {
        Wanted::No => Watch::Off,
        Wanted::Calls => Watch::Calls,
        Wanted::Bodies => Watch::Bodies,
    }
}
