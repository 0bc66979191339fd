//! What is told every second to all who look on: the units are asked once for all of them.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use seam_admin::{Feed, Feeder, feed};
use serde_json::Value as Json;
use tokio::time::sleep;

/// How often it is told.
const PERIOD: Duration = Duration::from_secs(1);
/// How much may wait for who is slow, in bytes. It is the same for all, and there but once.
const ROOM: usize = 256 << 10;

/// Those who look on.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<Vec<Feeder>>);

impl Live {
    /// One more, who is told what `look` comes to, as are all others; `dropped` counts what they miss.
    pub(super) fn add(
        self: &Arc<Self>,
        dropped: &Arc<AtomicU64>,
        look: impl Fn() -> BoxFuture<'static, Option<Json>> + Send + 'static,
    ) -> Feed {
        let (feeder, feed) = feed(ROOM, dropped);
        let mut all = self.0.lock();
        // Whoever is alone has nobody who looks for them.
        if all.is_empty() {
            let live = Arc::clone(self);
            tokio::spawn(async move {
                while live.tell(look().await) {
                    sleep(PERIOD).await;
                }
            });
        }
        all.push(feeder);
        feed
    }

    /// Whether anybody looks on still.
    fn tell(&self, seen: Option<Json>) -> bool {
        let mut all = self.0.lock();
        match seen {
            Some(seen) => {
                let seen: Arc<str> = seen.to_string().into();
                all.retain(|feeder| feeder.tell(Arc::clone(&seen)));
            }
            None => all.retain(|feeder| !feeder.is_closed()),
        }
        !all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::StreamExt as _;
    use seam_admin::Told;
    use serde_json::json;

    use super::*;

    fn told(seen: u64) -> Told {
        Told::Json(seen.to_string().into())
    }

    #[tokio::test(start_paused = true)]
    async fn all_are_told_by_one_look_for_as_long_as_anybody_looks_on() {
        let (live, looks) = (Arc::new(Live::default()), Arc::new(AtomicU64::new(0)));
        let add = || {
            let looks = Arc::clone(&looks);
            live.add(&Arc::default(), move || {
                let seen = looks.fetch_add(1, Ordering::Relaxed);
                Box::pin(std::future::ready(Some(json!(seen))))
            })
        };
        let (mut one, mut two) = (add(), add());
        for seen in 0..3 {
            let told = Some(told(seen));
            assert_eq!((one.next().await, two.next().await), (told.clone(), told));
        }
        drop(one);
        assert_eq!(two.next().await, Some(told(3)));
        drop(two);
        sleep(PERIOD * 3).await;
        let looked = looks.load(Ordering::Relaxed);
        sleep(PERIOD * 3).await;
        assert_eq!(looks.load(Ordering::Relaxed), looked, "nobody looks on");
        assert_eq!(add().next().await, Some(told(looked)));
    }
}
