//! The loop of one caller, the same for every contender, local or remote.

use std::sync::Arc;
use std::thread;

use anyhow::anyhow;
use quanta::Instant;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::sample::{Sample, Timing};
use super::window::Window;
use crate::messages::{Basket, Message, Priced, answer_tiny, basket, is_price_of};

/// What a contender must be able to do: answer the two messages.
pub(crate) trait Ask: Send + Sync + 'static {
    fn tiny(&self, n: u64) -> impl Future<Output = anyhow::Result<u64>> + Send;
    fn price(&self, basket: Basket) -> impl Future<Output = anyhow::Result<Priced>> + Send;
}

/// After so many calls a caller lets the others of its thread go on, whether or not its contender
/// ever waits: the cost is lost in the noise.
const TURN: u64 = 1024;

/// Calls until the window closes. One call in `timed` is timed: a clock read costs as much as the
/// cheapest calls, and would hide them.
pub(crate) async fn call_until_closed<A: Ask>(
    target: A,
    message: Message,
    caller: u64,
    timed: u64,
    window: Arc<Window>,
) {
    let (mut n, mut calls) = (caller << 32, 0);
    let failure = loop {
        let open = window.is_open();
        if !open && window.is_closed() {
            break None;
        }
        let start = (open && n % timed == 0).then(Instant::now);
        match call(&target, message, n).await {
            Ok(true) => {}
            Ok(false) => break Some(format!("call {n} got another call's answer")),
            Err(why) => break Some(format!("{why:#}")),
        }
        if let Some(start) = start {
            window.record(start.elapsed());
        }
        calls += u64::from(open);
        n += 1;
        if n % TURN == 0 {
            yield_now().await;
        }
    };
    window.count(calls);
    if let Some(why) = failure {
        window.fail(why);
    }
}

/// What callers do, and for how long.
pub(crate) struct Load {
    pub(crate) message: Message,
    pub(crate) callers: usize,
    /// One call in so many is timed.
    pub(crate) timed: u64,
    pub(crate) timing: Timing,
}

/// Has callers call, on tasks of `home`, while a thread keeps the window; `turned` is told when it
/// opens and closes.
pub(crate) async fn call_from_tasks<A: Ask + Clone>(
    target: A,
    load: &Load,
    home: &Handle,
    turned: impl FnMut(bool) + Send + 'static,
) -> anyhow::Result<Sample> {
    let window = Window::new();
    let clock = {
        let (window, timing) = (Arc::clone(&window), load.timing);
        thread::spawn(move || window.run(timing, turned))
    };
    let callers: Vec<_> = (0..load.callers as u64)
        .map(|n| {
            let (target, window) = (target.clone(), Arc::clone(&window));
            home.spawn(call_until_closed(target, load.message, n, load.timed, window))
        })
        .collect();
    for caller in callers {
        caller.await?;
    }
    let span = clock.join().map_err(|_| anyhow!("the thread that keeps the window panicked"))?;
    window.sample(span)
}

/// One call; whether its answer is right.
async fn call<A: Ask>(target: &A, message: Message, n: u64) -> anyhow::Result<bool> {
    Ok(match message {
        Message::Tiny => target.tiny(n).await? == answer_tiny(n),
        Message::Price => is_price_of(n, &target.price(basket(n)).await?),
    })
}
