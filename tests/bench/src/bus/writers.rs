//! Writers that go on until the window closes.

use std::fmt::Display;
use std::sync::Arc;

use quanta::Instant;

use crate::measure::Window;

/// So many of them, each with one thing under way: `write` writes the one of that number, which no other
/// has.
pub(super) async fn write<F, E>(
    writers: u64,
    window: &Arc<Window>,
    write: impl Fn(u64) -> F + Clone + Send + 'static,
) -> anyhow::Result<()>
where
    F: Future<Output = Result<(), E>> + Send,
    E: Display + Send,
{
    let writer = |number: u64| {
        let (write, window) = (write.clone(), Arc::clone(window));
        tokio::spawn(async move {
            let (mut order, mut calls) = (number << 32, 0);
            while !window.is_closed() {
                let (open, start) = (window.is_open(), Instant::now());
                if let Err(why) = write(order).await {
                    window.fail(why);
                    break;
                }
                if open {
                    window.record(start.elapsed());
                    calls += 1;
                }
                order += 1;
            }
            window.count(calls);
        })
    };
    for ended in (0..writers).map(writer).collect::<Vec<_>>() {
        ended.await?;
    }
    Ok(())
}
