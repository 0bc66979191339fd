//! Sessions that have ended, at all edges.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;

use super::request::{Answer, Request, millis};
use super::{Among, Other};
use crate::together::Apart;

/// So many sessions are told of at once.
pub(super) const PAGE: usize = 10_000;

/// The others that were told of all that have ended, since they can be reached.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashSet<Arc<str>>>);

impl Among {
    pub(super) async fn end_among(&self, session: &str, lasting: Duration) -> Result<(), Apart> {
        self.here.end_here(session, lasting)?;
        let ended = vec![(session.to_owned(), millis(lasting))];
        let kept = self.keep(&ended);
        let request = &Request::Ended { sessions: ended.clone() };
        let others = self.reached().others;
        let told = others.iter().map(|other| async move {
            if self.asking(other).ask(request).await.is_none() {
                // It is told all once more as soon as it answers.
                self.told.0.lock().remove(&other.name);
            }
        });
        let (kept, _) = tokio::join!(kept, join_all(told));
        kept
    }

    /// Others say so.
    pub(super) async fn ended(&self, sessions: Vec<(String, u64)>) -> Result<(), Apart> {
        let mut news = Vec::new();
        for (session, lasting) in sessions {
            if self.here.end_here(&session, Duration::from_millis(lasting))? {
                news.push((session, lasting));
            }
        }
        self.keep(&news).await
    }

    /// Keeps them, beyond the end of the process.
    async fn keep(&self, sessions: &[(String, u64)]) -> Result<(), Apart> {
        let kept = self.kept.as_ref().filter(|_| !sessions.is_empty());
        let Some(kept) = kept.map(|kept| Arc::clone(&kept.endings)) else { return Ok(()) };
        let sessions: Vec<_> = sessions
            .iter()
            .map(|(session, lasting)| (session.clone(), Duration::from_millis(*lasting)))
            .collect();
        let kept = tokio::task::spawn_blocking(move || kept.add(&sessions)).await;
        let kept = kept.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        kept.map_err(|error| {
            tracing::error!(%error, "a session that has ended may be good again after a restart");
            Apart { why: format!("it can't be written down: {error}") }
        })
    }

    /// What another edge knows, from behind a session on; in the order of their ids.
    pub(super) fn endings(&self, behind: Option<&str>) -> Answer {
        let mut sessions: Vec<_> = self.here.endings();
        sessions.retain(|(session, _)| behind.is_none_or(|behind| session.as_str() > behind));
        sessions.sort_unstable();
        let more = sessions.len() > PAGE;
        sessions.truncate(PAGE);
        let sessions = sessions.into_iter().map(|(session, left)| (session, millis(left)));
        Answer::Endings { sessions: sessions.collect(), more }
    }

    /// Learns what another edge knows.
    pub(super) async fn fetch_endings(&self, other: &Other) {
        let mut behind = None;
        loop {
            let request = Request::Endings { behind };
            let answer = self.asking(other).ask(&request).await;
            let Some(Answer::Endings { sessions, more }) = answer else { return };
            behind = sessions.last().map(|(session, _)| session.clone());
            if self.ended(sessions).await.is_err() || !more {
                return;
            }
        }
    }

    /// Tells those all that could not be reached before.
    pub(super) async fn tell_endings(&self) {
        let others = self.reached().others;
        let new: Vec<&Other> = {
            let mut told = self.told.0.lock();
            told.retain(|name| others.iter().any(|other| other.name == *name));
            others.iter().filter(|other| told.insert(Arc::clone(&other.name))).collect()
        };
        if new.is_empty() {
            return;
        }
        let sessions = self.here.endings();
        let tell = new.into_iter().map(|other| async {
            for page in sessions.chunks(PAGE) {
                let page = page.iter().map(|(session, left)| (session.clone(), millis(*left)));
                let request = Request::Ended { sessions: page.collect() };
                if self.asking(other).ask(&request).await.is_none() {
                    self.told.0.lock().remove(&other.name);
                    return;
                }
            }
        });
        join_all(tell).await;
    }
}
