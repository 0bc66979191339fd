//! Limits, counted over all edges.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use seam_core::time::Moment;
use tokio::sync::Notify;

use super::request::{Answer, Asked, Request, micros};
use super::{Among, Other};
use crate::together::{Ask, Standing, Take, Taken};

/// So many keys are told of at once: of more, the others hear when they ask.
const MOST: usize = 10_000;

/// What was taken here, and isn't told to the others yet.
#[derive(Debug, Default)]
pub(super) struct News {
    taken: Mutex<HashMap<Asked, (u32, Moment)>>,
    more: Notify,
}

impl Among {
    pub(super) fn take_among<'a>(&'a self, asks: &'a [Ask<'a>]) -> Take<'a> {
        if !self.others.any() {
            return Take::Now(self.here.take_here(asks));
        }
        let deciders = self.deciders();
        if deciders.is_empty() && self.is_known(asks) {
            return Take::Now(self.decide_taking(asks));
        }
        Take::Later(Box::pin(self.take_at(deciders, asks)))
    }

    async fn take_at(&self, deciders: Vec<Other>, asks: &[Ask<'_>]) -> Taken {
        let request = Request::Take { asks: asks.iter().map(Asked::from).collect() };
        for other in &deciders {
            match self.asking(other).ask(&request).await {
                Some(Answer::NotMe) => {}
                Some(answer) => match answer.taken().filter(|taken| taken.of < asks.len()) {
                    Some(taken) => return taken,
                    None => break,
                },
                // This one waits for nobody else; the next asks another.
                None => return self.here.take_here(asks),
            }
        }
        self.decide(asks).await
    }

    /// Decides, once it knows what the others do.
    pub(super) async fn decide(&self, asks: &[Ask<'_>]) -> Taken {
        if !self.is_known(asks) {
            self.recall(asks).await;
        }
        self.decide_taking(asks)
    }

    /// Whether nobody else knows more of these: an edge that has begun within a window doesn't know what
    /// was taken before.
    pub(super) fn is_known(&self, asks: &[Ask<'_>]) -> bool {
        let age = self.clock.now().since(self.began);
        asks.iter().all(|ask| age > ask.quota.window() || self.here.has_asked(ask))
    }

    pub(super) fn decide_taking(&self, asks: &[Ask<'_>]) -> Taken {
        let taken = self.here.take_here(asks);
        if let Standing::Admitted { .. } = taken.standing
            && self.others.any()
        {
            let now = self.clock.now();
            let mut news = self.news.taken.lock();
            if news.is_empty() {
                self.news.more.notify_one();
            }
            for ask in asks.iter().take(MOST.saturating_sub(news.len())) {
                let (number, at) = news.entry(Asked::from(ask)).or_insert((0, now));
                (*number, *at) = (*number + 1, now);
            }
        }
        taken
    }

    /// Learns what the others know: what they were told is the same, so that one of them is enough.
    async fn recall(&self, asks: &[Ask<'_>]) {
        let others = self.reached().others;
        let request = &Request::Recall { asks: asks.iter().map(Asked::from).collect() };
        let asked = others.iter().map(|other| async { self.asking(other).ask(request).await });
        let mut most: Vec<Vec<(u32, Duration)>> = vec![Vec::new(); asks.len()];
        for answer in join_all(asked).await.into_iter().flatten() {
            let Answer::Recalled { known } = answer else { continue };
            for (most, known) in most.iter_mut().zip(known) {
                let ages = known.into_iter().flatten();
                let known: Vec<_> =
                    ages.map(|(number, age)| (number, Duration::from_micros(age))).collect();
                if count(&known) > count(most) {
                    *most = known;
                }
            }
        }
        for (ask, known) in asks.iter().zip(most) {
            self.here.learn(ask, &known);
        }
    }

    /// Tells the others what was taken here, at once: what is taken while they are told is told next.
    pub(super) async fn tell_news(&self) {
        loop {
            self.news.more.notified().await;
            let taken = mem::take(&mut *self.news.taken.lock());
            let now = self.clock.now();
            let age = |at| micros(now.since(at));
            let taken = taken.into_iter().map(|(asked, (number, at))| (asked, number, age(at)));
            let request = &Request::Took { taken: taken.collect() };
            let others = self.reached().others;
            join_all(others.iter().map(|other| async { self.asking(other).ask(request).await }))
                .await;
        }
    }
}

fn count(known: &[(u32, Duration)]) -> u64 {
    known.iter().map(|(number, _)| u64::from(*number)).sum()
}
