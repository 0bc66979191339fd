//! What is answered by many who are asked at the same time.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::timeout;

/// Those that are being asked.
pub(super) type Asked<T> = FuturesUnordered<BoxFuture<'static, T>>;

/// What is answered, as soon as anything is, or nothing after so long: who is silent keeps nobody waiting.
pub(super) async fn heard<T>(asked: &mut Asked<T>, period: Duration) -> Vec<T> {
    let first = async {
        match asked.next().await {
            Some(first) => first,
            // Nobody is asked.
            None => pending().await,
        }
    };
    let mut heard: Vec<T> = timeout(period, first).await.into_iter().collect();
    while !heard.is_empty()
        && let Some(Some(next)) = asked.next().now_or_never()
    {
        heard.push(next);
    }
    heard
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_keeps_nobody_waiting() {
        let (mut asked, began) = (Asked::new(), Instant::now());
        assert_eq!((heard::<u8>(&mut asked, SECOND).await, began.elapsed()), (vec![], SECOND));
        asked.push(pending().boxed());
        assert_eq!((heard(&mut asked, SECOND).await, began.elapsed()), (vec![], 2 * SECOND));
        asked.push(ready(1).boxed());
        asked.push(ready(2).boxed());
        let mut all = heard(&mut asked, SECOND).await;
        all.sort_unstable();
        assert_eq!((all, began.elapsed(), asked.len()), (vec![1, 2], 2 * SECOND, 1));
    }
}
