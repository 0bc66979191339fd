//! Methods that run by themselves: once across all instances, and once for all times that were missed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use seam_core::call::AnyClient;
use seam_core::context::Delivery;
use seam_core::outcome::CallError;
use seam_core::policy::Schedule;
use seam_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::rows;
use crate::subscription::{Effect, handed, passes};
use crate::time::{Millis, at, millis, unix_millis};

/// For so long a run is somebody's; then another instance takes it for gone, and runs it.
const LEASE: Duration = Duration::from_secs(60);
/// It is looked at least so often: the time of day may be set.
const LOOK: Duration = Duration::from_secs(60);
/// After so long what was not executed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A method that runs by itself.
#[derive(Clone)]
pub struct Scheduled {
    /// Its place in the contract.
    pub method: u16,
    /// Its name.
    pub name: String,
    /// When it runs.
    pub schedule: Schedule,
    /// The same for people: `every 1h`, or a cron.
    pub text: String,
}

/// What is known of a method's runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// The latest time for which it has run, or for which it needn't.
    pub last: Millis,
    /// Whose run is under way, until when.
    claimed: Option<(u64, Millis)>,
    /// How often it has run.
    pub runs: u64,
    /// Why the latest run failed, if it did.
    pub failure: Option<String>,
}

impl fmt::Debug for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheduled({} {:?})", self.name, self.schedule)
    }
}

impl fmt::Display for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Scheduled {
    /// What is known of its runs, in its service's store.
    ///
    /// # Errors
    /// If it can't be read.
    pub async fn runs(&self, store: &Store) -> Result<Option<Runs>, StoreError> {
        let row = store.space("schedules")?.get(self.name.as_bytes()).await?;
        row.map(|row| rows::read(&row)).transpose()
    }

    /// When it is due next after that time.
    pub fn next(&self, after: Millis) -> Option<Millis> {
        let next = self.schedule.next(UNIX_EPOCH + Duration::from_millis(after))?;
        Some(at(next))
    }

    /// Runs the method whenever it is due, for as long as it is polled.
    pub async fn run(self, store: Store, client: Arc<dyn AnyClient>) {
        let holder = fastrand::u64(..);
        loop {
            let pause = match self.step(&store, &client, holder).await {
                Ok(pause) => pause,
                Err(error) => {
                    let method = &self.name;
                    tracing::warn!(method, %error, "what runs by itself waits for its store");
                    AGAIN
                }
            };
            sleep(pause.min(LOOK)).await;
        }
    }

    /// Looks, and runs it if it is due; how long until it is to be looked at again.
    async fn step(
        &self,
        store: &Store,
        client: &Arc<dyn AnyClient>,
        holder: u64,
    ) -> Result<Duration, StoreError> {
        let now = unix_millis();
        let runs = match self.runs(store).await? {
            Some(runs) => runs,
            // It begins now, and has missed nothing.
            None => {
                let begun = Runs { last: now, ..Runs::default() };
                self.change(store, begun, |runs, new| runs.get_or_insert(new).clone()).await?
            }
        };
        let Some(next) = self.next(runs.last) else { return Ok(LOOK) };
        if next > now {
            return Ok(Duration::from_millis(next - now));
        }
        // However many times were missed, it is run once, for the latest of them.
        let due = self.latest(next, now);
        let lease = now.saturating_add(millis(LEASE));
        let claim = Runs { claimed: Some((holder, lease)), last: due, ..Runs::default() };
        let shared = store.is_shared();
        let claimed = self.change(store, claim, move |runs, claim| {
            let runs = runs.get_or_insert_with(Runs::default);
            // Where nobody else has the store, whoever claimed it is gone.
            let is_over = |(other, until)| !shared || other == holder || until <= now;
            if runs.claimed.is_none_or(is_over) && runs.last < claim.last {
                runs.claimed = claim.claimed;
            }
            runs.clone()
        });
        let claimed = claimed.await?;
        if claimed.claimed.is_none_or(|(other, _)| other != holder) || claimed.last >= due {
            return Ok(AGAIN);
        }
        let id = format!("{}:{due}", self.name);
        let effect = Arc::new(self.effect(store, due)?);
        let delivery = Delivery::new(id, 1, None, Arc::clone(&effect) as _);
        let came = client.call_json(self.method, b"{}", handed(&[], None, delivery)).await;
        let failure = match came {
            Ok(_) => None,
            Err(CallError::NotExecuted(why)) if passes(&why) => {
                tracing::debug!(method = self.name, %why, "what runs by itself is tried again");
                return Ok(AGAIN);
            }
            Err(error) => {
                tracing::warn!(method = self.name, %error, "what runs by itself has failed");
                Some(error.to_string())
            }
        };
        let done = Runs { last: due, claimed: None, runs: 0, failure };
        self.change(store, done, |runs, done| {
            let runs = runs.get_or_insert_with(Runs::default);
            // Its own transaction may have counted it.
            let count = runs.runs + u64::from(runs.last < done.last);
            *runs = Runs { runs: count, ..done };
            runs.clone()
        })
        .await?;
        Ok(Duration::ZERO)
    }

    /// That it has run for this time commits with the first transaction of the run.
    fn effect(&self, store: &Store, due: Millis) -> Result<Effect, StoreError> {
        let (space, key) = (store.space("schedules")?, self.name.clone().into_bytes());
        Ok(Effect::first(move |tx| {
            let row = tx.read_raw(&space, &key)?;
            let mut runs: Runs = row.map(|row| rows::read(&row)).transpose()?.unwrap_or_default();
            if runs.last >= due {
                return Ok(false);
            }
            runs = Runs { last: due, runs: runs.runs + 1, ..runs };
            tx.write_raw(&space, &key, Some(rows::write(&runs)?))?;
            Ok(true)
        }))
    }

    /// The latest time up to `now` at which it was due, from `first` on.
    fn latest(&self, first: Millis, now: Millis) -> Millis {
        match self.schedule {
            Schedule::Every(every) => {
                let every = millis(every).max(1);
                first.max(now - now % every)
            }
            Schedule::Cron(_) => {
                let mut due = first;
                // A cron is due once a minute at most; the last day of them is enough to look at.
                let mut from = due.max(now.saturating_sub(24 * 60 * 60 * 1_000));
                while let Some(next) = self.next(from).filter(|next| *next <= now) {
                    (due, from) = (next, next);
                }
                due
            }
        }
    }

    async fn change(
        &self,
        store: &Store,
        new: Runs,
        change: impl FnOnce(&mut Option<Runs>, Runs) -> Runs + Send + 'static,
    ) -> Result<Runs, StoreError> {
        let (space, key) = (store.space("schedules")?, self.name.clone().into_bytes());
        let changed = store.transaction(move |tx| {
            let row = tx.read_raw(&space, &key)?;
            let mut runs = row.map(|row| rows::read(&row)).transpose()?;
            let answer = change(&mut runs, new);
            let row = runs.map(|runs| rows::write(&runs)).transpose()?;
            tx.write_raw(&space, &key, row)?;
            Ok::<_, StoreError>(answer)
        });
        Ok(changed.await?)
    }
}
