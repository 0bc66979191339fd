//! What was set for a time, and is taken back.

use std::{path::Path, time::Duration};

use seam_admin::{Act, Judged, Role, Steering, Who};
use tokio::time::sleep;

use super::lock::Lock;
use crate::config::{Kept, LiveSetting, now};

/// How often it is looked.
const PERIOD: Duration = Duration::from_secs(1);
/// How long until it is tried again.
pub(in crate::command) const AGAIN: Duration = Duration::from_secs(1);

/// Waits until the time of something that is set is over.
pub(in crate::command) async fn overdue(set: impl Fn() -> Vec<LiveSetting>) {
    loop {
        let next = set().iter().filter_map(|own| own.until).min();
        let left = next.map(|until| Duration::from_millis(until.saturating_sub(now())));
        match left {
            Some(Duration::ZERO) => return,
            left => sleep(left.map_or(PERIOD, |left| left.min(PERIOD))).await,
        }
    }
}

/// Keeps no longer what has had its time: of all processes, one gets each of them.
pub(in crate::command) async fn take_back(data: &Path) -> Vec<LiveSetting> {
    match try_take_back(data).await {
        Ok(over) => {
            write_down(data, &over).await;
            over
        }
        Err(reason) => {
            // It isn't in force any more all the same.
            tracing::error!(reason, "what was set for a time can't be forgotten");
            sleep(AGAIN).await;
            Vec::new()
        }
    }
}

async fn try_take_back(data: &Path) -> Result<Vec<LiveSetting>, String> {
    let _lock = Lock::take(data).await.map_err(|failure| failure.text)?;
    let (kept, now) = (Kept::new(data), now());
    let all = kept.all().map_err(|problems| problems.to_string())?;
    let (over, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|own| own.is_over(now));
    if !over.is_empty() {
        kept.write(left).map_err(|error| error.to_string())?;
    }
    Ok(over)
}

/// In the audit, by who had set it.
async fn write_down(data: &Path, over: &[LiveSetting]) {
    let steering = Steering::new(data);
    for own in over {
        let (key, unit) = (own.key.clone(), own.unit.clone());
        let judge = |(): &()| Judged {
            result: "done: its time was over".into(),
            old: Some(own.value.as_str().into()),
            new: None,
        };
        let who = Who::new(own.by.clone(), Role::Operator);
        let deed = Act::Unset { key, unit }.deed();
        let written = steering.audited(&who, deed, std::future::ready(()), judge).await;
        if let Err(refusal) = written {
            tracing::error!(%refusal, "what was taken back isn't in the audit");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(key: &str, until: Option<u64>) -> LiveSetting {
        let (key, value, by) = (key.to_owned(), "1".to_owned(), "ada".to_owned());
        LiveSetting { key, value, unit: None, by, at: 0, until }
    }

    #[tokio::test]
    async fn of_several_who_take_back_one_does() {
        let data = tempfile::tempdir().unwrap();
        let kept = Kept::new(data.path());
        let later = ending("calls.rate", Some(u64::MAX));
        let all = vec![ending("edge.rate", Some(1)), later.clone(), ending("log.level", None)];
        kept.write(all.clone()).unwrap();
        let (one, other) = tokio::join!(take_back(data.path()), take_back(data.path()));
        assert_eq!([one, other].concat(), all[..1]);
        assert_eq!(kept.all().unwrap(), all[1..]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_waited_for_the_next_end() {
        overdue(|| vec![ending("log.level", None), ending("edge.rate", Some(now()))]).await;
        let never = overdue(|| vec![ending("log.level", None)]);
        assert!(tokio::time::timeout(Duration::from_secs(600), never).await.is_err());
    }
}
