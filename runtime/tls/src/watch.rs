//! Files that are looked at while somebody uses what they hold.

use std::sync::Weak;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// So long before a certificate ends, people are told once a day.
const NOTICE: Duration = Duration::from_secs(14 * DAY);
const DAY: u64 = 24 * 60 * 60;

/// What has such files.
pub trait Look: Send + Sync + 'static {
    /// Looks at them once, now. It may wait for a disk.
    fn look(&self);
}

/// Looks at files every second, as long as somebody has what they are for.
pub async fn watch<T: Look>(looked_at: Weak<T>) {
    loop {
        let Some(looked_at) = looked_at.upgrade() else { return };
        // A disk may make whoever asks it wait.
        let looked = tokio::task::spawn_blocking(move || looked_at.look());
        if looked.await.is_err() {
            // The runtime is going down.
            return;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// What was found in files when they were looked at last.
#[derive(Debug)]
pub struct Seen<F> {
    files: Result<F, String>,
    /// The last day, counted from 1970, on which people were told that the certificate ends soon.
    told: Option<u64>,
}

/// What comes of a look at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// They are as they were.
    Same,
    /// What they hold now is in use.
    Taken,
    /// What they hold can't be used, for this reason: the former stays in use.
    Kept(String),
}

impl<F: PartialEq> Seen<F> {
    /// They were found like this, and that is in use.
    pub const fn new(files: F) -> Self {
        Self { files: Ok(files), told: None }
    }

    /// They were `found` like this; `take` takes what differs from before into use, if it can.
    pub fn look(
        &mut self,
        found: Result<F, String>,
        take: impl FnOnce(&F) -> Result<(), String>,
    ) -> Looked {
        if found == self.files {
            return Looked::Same;
        }
        let looked = match &found {
            Ok(files) => take(files).map_or_else(Looked::Kept, |()| Looked::Taken),
            Err(reason) => Looked::Kept(reason.clone()),
        };
        if looked == Looked::Taken {
            self.told = None;
        }
        self.files = found;
        looked
    }

    /// How many days are left, if people are to be told that a certificate ends: once a day from 14 days
    /// before.
    pub fn ends_soon(&mut self, ends: SystemTime, now: SystemTime) -> Option<u64> {
        let today = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.as_secs()) / DAY;
        let left = ends.duration_since(now).unwrap_or_default();
        let is_due = left < NOTICE && self.told != Some(today);
        is_due.then(|| {
            self.told = Some(today);
            left.as_secs() / DAY
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_taken_once_and_what_cannot_be_leaves_the_former() {
        let mut seen = Seen::new(1);
        let refuse = |_: &i32| Err("it can't be".to_owned());
        assert_eq!(seen.look(Ok(1), refuse), Looked::Same);
        assert_eq!(seen.look(Ok(2), |_| Ok(())), Looked::Taken);
        assert_eq!(seen.look(Ok(3), refuse), Looked::Kept("it can't be".into()));
        assert_eq!(seen.look(Ok(3), refuse), Looked::Same, "it was told");
        let gone = || Err("gone".to_owned());
        assert_eq!(seen.look(gone(), |_| Ok(())), Looked::Kept("gone".into()));
        assert_eq!(seen.look(gone(), |_| Ok(())), Looked::Same);
        assert_eq!(seen.look(Ok(2), |_| Ok(())), Looked::Taken);
    }

    #[test]
    fn an_end_is_told_once_a_day_and_anew_for_another_certificate() {
        let day = |days| SystemTime::UNIX_EPOCH + Duration::from_secs(days * DAY);
        let mut seen = Seen::new(1);
        assert_eq!(seen.ends_soon(day(100), day(86)), None);
        assert_eq!(seen.ends_soon(day(100), day(87)), Some(13));
        assert_eq!(seen.ends_soon(day(100), day(87)), None);
        assert_eq!(seen.ends_soon(day(100), day(101)), Some(0), "it has ended");
        assert_eq!(seen.look(Ok(2), |_| Ok(())), Looked::Taken);
        assert_eq!(seen.ends_soon(day(100), day(101)), Some(0));
    }
}
