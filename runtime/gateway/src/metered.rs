//! What is counted and recorded of requests: each once, whatever becomes of its client.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use seam_core::context::Spot;
use seam_core::metrics::Times;
use seam_core::record::{Ended, Record, RecordKind, Recorder, Text};
use seam_core::time::Moment;

use crate::http::Method;
use crate::request::Request;

/// What is counted of requests at an edge.
#[derive(Debug)]
pub(crate) struct Metered {
    threads: Mutex<Vec<Arc<Mutex<Counts>>>>,
    pub(crate) recorder: Arc<Recorder>,
}

/// A thread's own counts: nobody else locks them but who reads.
pub(crate) type Counts = HashMap<Key, Row>;

/// What requests are told apart by.
type Key = (&'static str, Arc<str>);

/// Requests of one verb for one route.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// How many were answered with each status.
    statuses: Vec<(u16, u64)>,
    times: Times,
}

/// What was counted of the requests of one verb for one route.
#[derive(Debug, Clone)]
pub struct CountedRequests {
    /// The verb; `_OTHER` if it is none that is known.
    pub verb: &'static str,
    /// The route as its contract writes it; empty of what no contract has.
    pub route: Arc<str>,
    /// How many were answered with each status; 0 stands for those whose clients left before.
    pub statuses: Vec<(u16, u64)>,
    /// How long they took, until their response was ready to be sent.
    pub times: Times,
}

impl Metered {
    pub(crate) fn new(recorder: Arc<Recorder>) -> Self {
        Self { threads: Mutex::default(), recorder }
    }

    /// Counts of one more thread.
    pub(crate) fn join(&self) -> Arc<Mutex<Counts>> {
        let counts = Arc::default();
        self.threads.lock().push(Arc::clone(&counts));
        counts
    }

    /// Everything that was counted, of all threads.
    pub(crate) fn read(&self) -> Vec<CountedRequests> {
        let mut all: HashMap<Key, Row> = HashMap::new();
        for thread in self.threads.lock().iter() {
            for ((verb, route), row) in thread.lock().iter() {
                let sum = all.entry((verb, Arc::clone(route))).or_default();
                row.statuses.iter().for_each(|(status, count)| sum.add(*status, *count));
                sum.times.add(&row.times);
            }
        }
        let rows = all.into_iter().map(|((verb, route), Row { statuses, times })| {
            CountedRequests { verb, route, statuses, times }
        });
        rows.collect()
    }
}

impl Row {
    fn add(&mut self, status: u16, number: u64) {
        match self.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += number,
            None => self.statuses.push((status, number)),
        }
    }
}

/// A request that is counted when it is over, or when its client goes away.
pub(crate) struct Counting<'a> {
    metered: &'a Metered,
    counts: &'a Mutex<Counts>,
    request: &'a Request,
    now: &'a dyn Fn() -> Moment,
    /// The route that it took, once that is known.
    route: &'a OnceCell<Arc<str>>,
    status: u16,
    ended: Ended,
    code: Text,
}

impl<'a> Counting<'a> {
    pub(crate) fn new(
        (metered, counts): (&'a Metered, &'a Mutex<Counts>),
        request: &'a Request,
        route: &'a OnceCell<Arc<str>>,
        now: &'a dyn Fn() -> Moment,
    ) -> Self {
        let code = Text::NONE;
        Self { metered, counts, request, now, route, status: 0, ended: Ended::Unknown, code }
    }

    /// It is answered so; `ended` says what its call came to.
    pub(crate) fn answered(mut self, status: u16, ended: Ended, code: &str) {
        (self.status, self.ended) = (status, ended);
        if !code.is_empty() {
            self.code = Text::of(code);
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let took = (self.now)().nanos_since(self.request.began);
        let verb = known(self.request.method());
        let route = self.route.get().cloned().unwrap_or_default();
        let name = Arc::clone(&route);
        {
            let mut counts = self.counts.lock();
            let row = counts.entry((verb, route)).or_default();
            row.add(self.status, 1);
            row.times.count(took);
        }
        let doubtful = match self.ended {
            Ended::Answered | Ended::ServiceError => false,
            // What is refused at the door is everyday.
            Ended::NotExecuted => self.status >= 500,
            Ended::Unknown => true,
        };
        let kept = self.request.trace.sampled || doubtful;
        let tapped = self.metered.recorder.tap().watches_requests();
        if kept || tapped {
            self.record(&name, took, verb, (kept, tapped));
        }
    }
}

impl Counting<'_> {
    #[cold]
    fn record(&self, route: &str, took: u64, verb: &str, (kept, tapped): (bool, bool)) {
        let name = if route.is_empty() { verb.to_owned() } else { format!("{verb} {route}") };
        let code = if self.status == 0 { Text::of("caller_gone") } else { self.code };
        self.metered.recorder.write(&Record {
            spot: Spot {
                trace: self.request.trace.trace,
                span: self.request.trace.span,
                parent: self.request.parent,
                sampled: self.request.trace.sampled,
            },
            link: None,
            kind: RecordKind::Request,
            known: None,
            method: Text::of(&name).into(),
            caller: None,
            began: self.request.began,
            took,
            wait: 0,
            slow: false,
            kept,
            tapped,
            ended: self.ended,
            code,
            path: Text::of(self.request.path()),
            status: self.status,
        });
    }
}

/// A verb, as it is counted.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}
