//! Which unit is told to stop, and when.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::child::Told;

/// The units, and since when they stop.
#[derive(Debug, Default)]
pub(super) struct Stopping {
    pub(super) units: Vec<Waiting>,
    /// Since when, and when whoever still lives is killed.
    pub(super) since: Option<(Instant, Instant)>,
    all_told: bool,
}

/// A unit that may have to wait for others before it is told to stop.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) tell: watch::Sender<Told>,
    /// Who must have ended before, by number.
    pub(super) after: Vec<usize>,
    pub(super) ended: bool,
    /// Whether it ended because there were too many of it, and not because all end.
    pub(super) retired: bool,
}

impl Stopping {
    /// Tells those that nobody calls. Does nothing the second time.
    pub(super) fn begin(&mut self, drain: Duration, grace: Duration) {
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some((now, now + drain + grace));
            self.tell();
        }
    }

    /// A unit has ended: perhaps others needn't wait any more.
    pub(super) fn ended(&mut self, unit: usize) {
        self.units[unit].ended = true;
        self.tell();
    }

    /// Until those that call have had their `drain`.
    pub(super) async fn patience(&self, drain: Duration) {
        match self.since {
            Some((since, _)) if !self.all_told => sleep_until(since + drain).await,
            _ => std::future::pending().await,
        }
    }

    /// Whoever isn't told yet waits for nobody any more.
    pub(super) fn tell_all(&mut self) {
        self.all_told = true;
        self.tell();
    }

    /// Whoever still lives is killed now.
    pub(super) fn kill(&mut self) {
        let now = Instant::now();
        self.since = Some((now, now));
        self.tell_all();
    }

    fn tell(&self) {
        let Some((_, kill)) = self.since else { return };
        for unit in &self.units {
            if self.all_told || unit.after.iter().all(|caller| self.units[*caller].ended) {
                unit.tell.send_if_modified(|told| told.stop.replace(kill) != Some(kill));
            }
        }
    }
}
