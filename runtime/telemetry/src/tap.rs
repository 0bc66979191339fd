//! Calls told as they end, to those who ask for them again and again.
//!
//! Who looks on has a lease: it says which calls it wants, and fetches what has come since. Who doesn't come
//! for a while looks on no more, however it has ended. What nobody has fetched is bounded; beyond it calls
//! are dropped, and counted.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Outcome, Span};

/// Who doesn't come for so long looks on no more.
pub const LEASE: Duration = Duration::from_secs(3);
/// So many may look on at a unit. All who look on by one admin listener are one.
const LEASES: usize = 32;
/// So many calls wait for who looks on.
const CALLS: usize = 4_096;
/// And so many bytes of what they carry.
const BYTES: usize = 4 << 20;

/// A call that has ended.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Tapped {
    /// What it was.
    #[serde(flatten)]
    pub span: Span,
    /// Its arguments by name, without secrets; null where they weren't asked for, or aren't known.
    pub arguments: Value,
    /// Its answer, likewise.
    pub answer: Value,
    /// How many bytes both have.
    #[serde(skip)]
    pub bytes: usize,
}

/// Which calls are wanted: those for which all of it is so.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Query {
    /// To that service.
    pub service: Option<String>,
    /// Of that method.
    pub method: Option<String>,
    /// By that caller.
    pub caller: Option<String>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// That took longer, in microseconds.
    pub over_us: Option<u64>,
    /// Whether arguments and answers are wanted as well.
    pub bodies: bool,
}

/// How closely a service's calls are to be looked at, for all who look on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Nobody wants them.
    #[default]
    No,
    /// Somebody wants to know of them.
    Calls,
    /// And what they carry.
    Bodies,
}

/// There are as many who look on as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{LEASES} look on at this unit already: end one of them, or wait {} s", LEASE.as_secs())]
pub struct TooMany;

/// Those who look on.
#[derive(Debug, Default)]
pub struct Leases(HashMap<String, Lease>);

#[derive(Debug)]
struct Lease {
    queries: Vec<Query>,
    until: Instant,
    waiting: VecDeque<Arc<Tapped>>,
    bytes: usize,
    dropped: u64,
}

impl Query {
    /// Whether that call is wanted.
    pub fn matches(&self, span: &Span) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|it| it == own);
        is(&self.service, &span.service)
            && is(&self.method, &span.method)
            && is(&self.caller, &span.caller)
            && self.outcome.is_none_or(|outcome| outcome == span.outcome)
            && self.over_us.is_none_or(|over| span.took_us > over)
    }
}

impl Leases {
    /// Whoever is called `id` wants those calls for another while: what has come since it was here last, and
    /// how many calls were dropped.
    ///
    /// # Errors
    /// There are too many others.
    pub fn ask(
        &mut self,
        id: &str,
        queries: Vec<Query>,
        now: Instant,
    ) -> Result<(Vec<Arc<Tapped>>, u64), TooMany> {
        if self.0.len() >= LEASES && !self.0.contains_key(id) {
            return Err(TooMany);
        }
        let lease = self.0.entry(id.to_owned()).or_insert_with(|| Lease {
            queries: Vec::new(),
            until: now,
            waiting: VecDeque::new(),
            bytes: 0,
            dropped: 0,
        });
        lease.queries = queries;
        lease.until = now + LEASE;
        lease.bytes = 0;
        Ok((std::mem::take(&mut lease.waiting).into(), std::mem::take(&mut lease.dropped)))
    }

    /// Ends the leases of those who haven't come; whether there were any.
    pub fn sweep(&mut self, now: Instant) -> bool {
        let before = self.0.len();
        self.0.retain(|_, lease| now < lease.until);
        self.0.len() < before
    }

    /// Whether nobody looks on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How closely that service's calls are to be looked at; `edge` for requests.
    pub fn wanted(&self, service: &str) -> Wanted {
        let queries = self.0.values().flat_map(|lease| &lease.queries);
        let of = queries.filter(|query| query.service.as_ref().is_none_or(|own| own == service));
        let wanted = of.map(|query| if query.bodies { Wanted::Bodies } else { Wanted::Calls });
        wanted.max().unwrap_or_default()
    }

    /// Whether anybody wants that call.
    pub fn wants(&self, span: &Span) -> bool {
        self.0.values().any(|lease| lease.wants(span))
    }

    /// Tells a call to all who want it; to how many it couldn't be told.
    pub fn tell(&mut self, call: &Arc<Tapped>) -> u64 {
        let mut dropped = 0;
        for lease in self.0.values_mut().filter(|lease| lease.wants(&call.span)) {
            let told = lease.tell(if lease.wants_bodies(&call.span) {
                Arc::clone(call)
            } else {
                Arc::new(Tapped { span: call.span.clone(), ..Tapped::default() })
            });
            dropped += u64::from(!told);
        }
        dropped
    }

    /// So many calls were dropped before anybody could be told.
    pub fn dropped(&mut self, count: u64) {
        self.0.values_mut().for_each(|lease| lease.dropped += count);
    }
}

impl Lease {
    fn wants(&self, span: &Span) -> bool {
        self.queries.iter().any(|query| query.matches(span))
    }

    fn wants_bodies(&self, span: &Span) -> bool {
        self.queries.iter().any(|query| query.bodies && query.matches(span))
    }

    /// Whether there is room for it.
    fn tell(&mut self, call: Arc<Tapped>) -> bool {
        let fits = self.waiting.len() < CALLS && self.bytes + call.bytes <= BYTES;
        if fits {
            self.bytes += call.bytes;
            self.waiting.push_back(call);
        } else {
            self.dropped += 1;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, took_us: u64) -> Arc<Tapped> {
        let span = Span { service: service.into(), took_us, ..Span::default() };
        Arc::new(Tapped { span, bytes: 1_024, ..Tapped::default() })
    }

    fn of(service: &str) -> Query {
        Query { service: Some(service.into()), ..Query::default() }
    }

    #[test]
    fn who_looks_on_is_told_what_it_wants_since_it_was_there_last() {
        let (mut leases, now) = (Leases::default(), Instant::now());
        let slow = Query { over_us: Some(100), ..of("order") };
        assert_eq!(leases.ask("a", vec![of("payment"), slow], now), Ok((Vec::new(), 0)));
        for (service, took) in [("payment", 1), ("order", 100), ("order", 101), ("mail", 900)] {
            leases.tell(&call(service, took));
        }
        leases.dropped(2);
        let (calls, dropped) = leases.ask("a", vec![of("payment")], now).unwrap();
        let told: Vec<_> =
            calls.iter().map(|call| (&*call.span.service, call.span.took_us)).collect();
        assert_eq!((told, dropped), (vec![("payment", 1), ("order", 101)], 2));
        assert_eq!(leases.ask("a", Vec::new(), now), Ok((Vec::new(), 0)));
    }

    #[test]
    fn who_doesnt_come_looks_on_no_more_and_what_it_wanted_is_wanted_by_nobody() {
        let (mut leases, now) = (Leases::default(), Instant::now());
        leases.ask("a", vec![Query { bodies: true, ..of("payment") }], now).unwrap();
        leases.ask("b", vec![of("payment"), of("order")], now + LEASE / 2).unwrap();
        let wanted = |leases: &Leases| ["payment", "order", "edge"].map(|own| leases.wanted(own));
        assert_eq!(wanted(&leases), [Wanted::Bodies, Wanted::Calls, Wanted::No]);
        assert!(!leases.sweep(now + LEASE / 2) && leases.sweep(now + LEASE));
        assert_eq!(wanted(&leases), [Wanted::Calls, Wanted::Calls, Wanted::No]);
        assert!(leases.sweep(now + LEASE * 2) && leases.is_empty());
        leases.ask("c", vec![Query::default()], now).unwrap();
        assert_eq!(wanted(&leases), [Wanted::Calls; 3]);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let (mut leases, now) = (Leases::default(), Instant::now());
        leases.ask("a", vec![of("payment")], now).unwrap();
        let dropped: u64 = (0..CALLS as u64 + 3).map(|_| leases.tell(&call("payment", 1))).sum();
        let (calls, told) = leases.ask("a", vec![of("payment")], now).unwrap();
        assert_eq!((calls.len(), dropped, told), (CALLS, 3, 3));
        (1..LEASES).for_each(|id| _ = leases.ask(&id.to_string(), Vec::new(), now).unwrap());
        assert_eq!(leases.ask("z", Vec::new(), now), Err(TooMany));
        assert!(leases.ask("a", Vec::new(), now).is_ok());
    }
}
