//! Calls as they end, told to all who look on by one listener: units are asked once for all of them.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use parking_lot::Mutex;
use seam_admin::{Feed, Feeder, Refusal, TapQuery, feed};
use seam_telemetry::tap::Query;
use serde_json::json;
use tokio::time::sleep;

use super::super::seen::{TAP_PERIOD, TappedCalls, tapped};
use crate::config::parse_duration;

/// How many bytes of calls may wait for who is slow: some 500 without bodies.
const ROOM: usize = 256 << 10;
/// So many may look on at once.
const MOST: usize = 256;

/// Those who look on.
#[derive(Debug, Default)]
pub(super) struct Taps(Mutex<Vec<(Query, Feeder)>>);

impl Taps {
    /// One more, who wants the calls of `asked`; `names` are the processes that are asked, and
    /// `dropped` counts what is missed.
    ///
    /// # Errors
    /// There are as many as may be.
    pub(super) fn add<N: Future<Output = Vec<String>> + Send>(
        self: &Arc<Self>,
        asked: TapQuery,
        data: PathBuf,
        dropped: &Arc<AtomicU64>,
        names: impl Fn() -> N + Send + 'static,
    ) -> Result<Feed, Refusal> {
        let query = read(asked)?;
        let (feeder, feed) = feed(ROOM, dropped);
        let mut all = self.0.lock();
        if all.len() >= MOST {
            return Err(Refusal::conflict(format!("{MOST} tap already: end one of them")));
        }
        // Whoever is alone has nobody who asks for them.
        if all.is_empty() {
            let taps = Arc::clone(self);
            tokio::spawn(async move {
                let id = format!("admin-{}-{}", std::process::id(), fastrand::u32(..));
                while let Some(queries) = taps.queries() {
                    let names = names().await;
                    taps.tell(&tapped(&data, &names, &id, queries).await);
                    sleep(TAP_PERIOD).await;
                }
            });
        }
        all.push((query, feeder));
        Ok(feed)
    }

    /// What is wanted, each once; `None` once nobody looks on.
    fn queries(&self) -> Option<Vec<Query>> {
        let mut all = self.0.lock();
        all.retain(|(_, feeder)| !feeder.is_closed());
        let mut queries: Vec<Query> = Vec::new();
        for (query, _) in all.iter() {
            if !queries.contains(query) {
                queries.push(query.clone());
            }
        }
        (!queries.is_empty()).then_some(queries)
    }

    fn tell(&self, found: &TappedCalls) {
        let all = self.0.lock();
        for (query, feeder) in all.iter() {
            if found.dropped > 0 {
                feeder.dropped(found.dropped);
            }
            for call in found.calls.iter().filter(|call| query.matches(&call.span)) {
                let mut call = call.clone();
                if !query.bodies {
                    (call.arguments, call.answer) = Default::default();
                }
                feeder.tell(json!(call).to_string());
            }
        }
    }
}

fn read(asked: TapQuery) -> Result<Query, Refusal> {
    let TapQuery { service, method, caller, outcome, over, bodies } = asked;
    let wrong = || Refusal::bad_request("`over` is a number and a unit: 100ms");
    let over = over.map(|over| parse_duration(&over).ok_or_else(wrong)).transpose()?;
    let over_us = over.map(|over: Duration| u64::try_from(over.as_micros()).unwrap_or(u64::MAX));
    Ok(Query { service, method, caller, outcome, over_us, bodies: bodies == Some(1) })
}
