//! Whether a process that is there still answers: one that hangs, or was stopped in its tracks, is as
//! good as dead to its callers, and holds what others could take over.

use std::{path::Path, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use super::{Request, ask, connect};

/// How often a process is asked that has never answered: it may be starting.
const FIRST: Duration = Duration::from_millis(50);
/// How often a process is asked.
pub(in crate::command) const PERIOD: Duration = Duration::from_millis(500);
/// After so long without an answer, a process isn't waited for any more. One that stands still for
/// 3 s is.
const SILENCE: Duration = Duration::from_secs(4);

/// For how long a process hasn't answered. Does no I/O.
///
/// It counts periods in which this process itself was awake: of the others it knows nothing.
#[derive(Debug, Default)]
struct Silence {
    /// Periods that have gone by since an answer, but for the one in which it came.
    periods: u32,
}

impl Silence {
    /// It has answered.
    const fn answered(&mut self) {
        self.periods = 0;
    }

    /// A period has gone by without an answer: for how long there was none.
    fn period(&mut self) -> Duration {
        self.periods += 1;
        PERIOD * (self.periods + 1)
    }
}

/// Whether the process of that name answers; takes as long as that does.
pub(in crate::command) async fn answers(data: &Path, process: &str) -> bool {
    match connect(data, process).await {
        Ok(Some(stream)) => ask(stream, &Request::Ping {}, Duration::MAX).await.is_ok(),
        _ => false,
    }
}

/// Until a process that has answered has been silent for 4 s.
pub(in crate::command) async fn silent(data: &Path, process: &str) {
    // For how long who has never answered may be starting, nobody knows.
    while !answers(data, process).await {
        tokio::time::sleep(FIRST).await;
    }
    let mut silence = Silence::default();
    let mut periods = interval(PERIOD);
    // Two at once would say nothing of the process: it wasn't asked in between.
    periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
    periods.tick().await;
    loop {
        let asked = answers(data, process);
        let mut asked = std::pin::pin!(asked);
        let mut answered = None;
        while answered.is_none() {
            tokio::select! {
                // An answer that is there counts, however late it is looked at.
                biased;
                answer = &mut asked => answered = Some(answer),
                _ = periods.tick() => {
                    if silence.period() >= SILENCE {
                        return;
                    }
                }
            }
        }
        if answered == Some(true) {
            silence.answered();
        }
        periods.tick().await;
        if answered != Some(true) && silence.period() >= SILENCE {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_has_never_answered_may_be_starting() {
        let data = tempfile::tempdir().unwrap();
        let silent = silent(data.path(), "pay");
        let long = tokio::time::timeout(Duration::from_secs(600), silent).await;
        assert!(long.is_err(), "nobody knows for how long");
    }

    #[test]
    fn silence_is_counted_from_the_last_answer() {
        let mut silence = Silence::default();
        silence.answered();
        let silent: Vec<_> = (0..7).map(|_| silence.period().as_millis()).collect();
        assert_eq!(silent, [1000, 1500, 2000, 2500, 3000, 3500, 4000]);
        silence.answered();
        assert_eq!(silence.period(), PERIOD * 2);
    }
}
