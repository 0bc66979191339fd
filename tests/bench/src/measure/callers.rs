//! The loop of one caller, the same for every contender, local or remote.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use quanta::Instant;
use tokio::task::yield_now;

use super::sample::{Sample, Timing};
use super::window::{Window, while_open};
use crate::messages::{Basket, Message, Priced, answer_tiny, basket, is_price_of};

/// What a contender must be able to do: answer the two messages.
pub(crate) trait Ask: Send + Sync + 'static {
    /// Why there is no answer, as the contender tells it: what translates it takes time.
    type Error: Into<anyhow::Error>;

    fn tiny(&self, n: u64) -> impl Future<Output = Result<u64, Self::Error>> + Send;
    fn price(&self, basket: Basket) -> impl Future<Output = Result<Priced, Self::Error>> + Send;

    /// `tiny` of `ms`, answered so many milliseconds later. Few contenders are asked for that.
    fn nap(&self, ms: u64) -> impl Future<Output = anyhow::Result<u64>> + Send {
        async move { bail!("this contender can't nap for {ms} ms") }
    }
}

/// After so many calls a caller lets the others of its thread go on, whether or not its contender
/// ever waits: the cost is lost in the noise.
const TURN: u64 = 1024;

/// Calls until the window closes, on whatever task it is spawned.
#[derive(Debug)]
pub(crate) struct Caller<A> {
    target: A,
    number: u64,
    load: Load,
    window: Arc<Window>,
}

impl<A: Ask> Caller<A> {
    pub(crate) async fn run(self) {
        match self.load.nap_ms.filter(|_| self.number == 0) {
            None => self.call().await,
            Some(ms) => self.nap(ms).await,
        }
    }

    /// One call in `timed` is timed: a clock read costs as much as the cheapest calls, and would
    /// hide them.
    async fn call(self) {
        let Self { target, number, load, window } = self;
        let (mut n, mut calls) = (number << 32, 0);
        let failure = loop {
            let open = window.is_open();
            if !open && window.is_closed() {
                break None;
            }
            let start = (open && n % load.timed == 0).then(Instant::now);
            match call(&target, load.message, n).await {
                Ok(true) => {}
                Ok(false) => break Some(format!("call {n} got another call's answer")),
                Err(why) => break Some(format!("{:#}", why.into())),
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

    /// Has a nap under way all the time, and counts none.
    async fn nap(self, ms: u64) {
        while !self.window.is_closed() {
            let start = Instant::now();
            match self.target.nap(ms).await {
                Ok(answer) if answer != answer_tiny(ms) => self.window.fail("a wrong nap"),
                Ok(_) if start.elapsed() < Duration::from_millis(ms) => {
                    self.window.fail("a nap was over too soon");
                }
                Ok(_) => {}
                Err(why) => self.window.fail(format!("{why:#}")),
            }
        }
    }
}

/// What callers do, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) message: Message,
    /// One call in so many is timed.
    pub(crate) timed: u64,
    /// The first of the callers makes no such calls, but naps of so many milliseconds.
    pub(crate) nap_ms: Option<u64>,
    pub(crate) timing: Timing,
}

/// Has one caller per target call, each on a task that `spawn` starts; `turned` is told when the
/// window opens and closes.
pub(crate) async fn call_from_tasks<A, E, X>(
    load: Load,
    targets: impl IntoIterator<Item = A>,
    mut spawn: impl FnMut(Caller<A>) -> E,
    turned: impl FnMut(bool) + Send + 'static,
) -> anyhow::Result<Sample>
where
    A: Ask,
    E: Future<Output = Result<(), X>>,
    anyhow::Error: From<X>,
{
    while_open(load.timing, turned, async |window| {
        let callers = targets.into_iter().zip(0..).map(|(target, number)| {
            spawn(Caller { target, number, load, window: Arc::clone(window) })
        });
        for ended in callers.collect::<Vec<_>>() {
            ended.await?;
        }
        Ok(())
    })
    .await
}

/// One call; whether its answer is right. The answer is looked at where it is: to move it first would
/// have the processor wait for what was just written.
async fn call<A: Ask>(target: &A, message: Message, n: u64) -> Result<bool, A::Error> {
    match message {
        Message::Tiny => target.tiny(n).await.map(|answer| answer == answer_tiny(n)),
        Message::Price => {
            let outcome = target.price(basket(n)).await;
            match &outcome {
                Ok(priced) => Ok(is_price_of(n, priced)),
                Err(_) => outcome.map(|_| false),
            }
        }
    }
}
